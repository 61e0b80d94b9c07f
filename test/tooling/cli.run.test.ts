// `pythreads run`: a call from the shell, and the same call from many threads. Stdout has results
// alone, so that another program can read them. A failure here prints the status, stdout and stderr
// of the program that was run.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { runCli } from '../support/child.ts'
import { placements } from '../support/pythons.ts'
import { shell } from '../support/shell.ts'

const commands = './test/python/commands.py'
const folder = mkdtempSync(join(tmpdir(), 'pythreads-run-'))
afterAll(() => rmSync(folder, { recursive: true }))

const call = (target: string, ...args: string[]) =>
  runCli(['run', `${commands}:${target}`, ...args])

describe('pythreads run', () => {
  it('passes arguments, and prints the result as JSON', async () => {
    const ended = await call(
      'same',
      '-5',
      '2.0',
      'abc',
      '123456789012345678901234567890',
      '--kwargs',
      '{"a": "$thread"}',
    )
    const stdout = '[-5, 2.0, "abc", 123456789012345678901234567890, {"a": "$thread"}]\n'
    expect(ended).toMatchObject({ code: 0, stdout, stderr: '' })
    expect(await call('same', '--', '--args', '-x')).toMatchObject({
      code: 0,
      stdout: '["--args", "-x"]\n',
    })
  })

  it.each([
    ['an argument', ['-', '2'], '{"id": 1}\n', '[{"id": 1}, 2]'],
    ['a text', ['-'], 'two\nlines\n', '["two\\nlines"]'],
    ['--args', ['--args', '-'], '[1, 2]\n', '[1, 2]'],
    ['--kwargs', ['--kwargs', '-'], '{"a": 1}', '[{"a": 1}]'],
  ])('reads %s from standard input by -', async (_, args, input, expected) => {
    const ended = await runCli(['run', `${commands}:same`, ...args], { input })
    expect(ended).toMatchObject({ code: 0, stdout: `${expected}\n`, stderr: '' })
  })

  it('says where a result is not JSON, and prints nothing else; --raw prints its text', async () => {
    const { code, stdout, stderr } = await call('no_json', 'object')
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain('[ERR_PYTHREADS_VALUE] result["a"][1]: object is not JSON')
    expect(await call('no_json', 'function', '--raw')).toMatchObject({
      code: 0,
      stdout: '<built-in function len>\n',
    })
    expect(
      (await shell(`pythreads run ${commands}:binary --raw | od -An -tx1`)).stdout.trim(),
    ).toBe('00 ff 0a')
  })

  it.each(placements)(
    'keeps stdout for the result: what Python, C code and children print goes to stderr, in $name',
    async ({ isolation, python }) => {
      const flags = ['--isolation', isolation, '--python', python]
      const ended = await call('prints_everywhere', ...flags)
      expect(ended).toMatchObject({ code: 0, stdout: '"result"\n' })
      const printed = ['from Python', 'from bytes', 'from C', 'from a child']
      expect(ended.stderr.trimEnd().split('\n').sort()).toEqual([...printed].sort())
      const inline = await call('prints_everywhere', ...flags, '--print', 'stdout')
      expect(inline).toMatchObject({ code: 0, stderr: '' })
      expect(inline.stdout.trimEnd().split('\n').sort()).toEqual([...printed, '"result"'].sort())
    },
  )

  it('writes to the same file as a shell that redirects it, in its turn', async () => {
    const out = join(folder, 'out')
    for (const isolation of ['process', 'thread']) {
      const run = `pythreads run ${commands}:prints_everywhere --isolation ${isolation} 2>/dev/null`
      await shell(`(echo before; ${run}; echo after) > "${out}"; ${run} >> "${out}"`)
      expect(readFileSync(out, 'utf8')).toBe('before\n"result"\nafter\n"result"\n')
    }
  })

  it('keeps what a module prints while it is imported out of stdout', async () => {
    const ended = await runCli([
      'run',
      'math:sqrt',
      '16',
      '--path',
      'test/python',
      '--preload',
      'noisy',
    ])
    expect(ended).toMatchObject({ code: 0, stdout: '4.0\n', stderr: 'ready\n' })
  })

  it.each(['process', 'thread'])('says that standard output is full (%s)', async (isolation) => {
    const { code, stderr } = await shell(
      `pythreads run math:sqrt 16 --isolation ${isolation} > /dev/full`,
    )
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/ERR_PYTHREADS_FILE\] standard output: .*ENOSPC/),
    })
  })

  it('refuses standard input that is not UTF-8', async () => {
    const { code, stdout, stderr } = await shell(
      `printf '"\\xff"' | pythreads run ${commands}:same -`,
    )
    expect({ code, stdout, stderr }).toEqual({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('[ERR_PYTHREADS_INPUT]'),
    })
  })

  it('prints what Python raises to stderr, with status 1', async () => {
    const { code, stdout, stderr } = await call('fails_for', '1')
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(
      /^pythreads: Traceback.*commands\.py.*ValueError: one is not allowed\n\[ERR_PYTHREADS_PYTHON\]/s,
    )
    expect(stderr).not.toContain('json_call')
  })

  it('ends a call that takes longer than --timeout', async () => {
    const { code, stderr } = await call('never_ends', '--timeout', '1s', '--isolation', 'process')
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining('[ERR_PYTHREADS_TIMEOUT]'),
    })
  })

  it.each([
    [['run', 'json:dumps', '{'], 'ERR_PYTHREADS_USAGE'],
    [['run', 'json:dumps', '--args', '{"a": 1}'], 'ERR_PYTHREADS_USAGE'],
    // there is nothing in standard input
    [['run', 'json:dumps', '--args', '-'], 'ERR_PYTHREADS_USAGE'],
    [['run', 'json:dumps', '--every', 'soon'], 'ERR_PYTHREADS_USAGE'],
    [['run', 'json:dumps', '--for', '1s'], 'ERR_PYTHREADS_USAGE'],
    [['run', 'json:dumps', '--threads', '100000'], 'ERR_PYTHREADS_USAGE'],
    [['run', 'json:dumps', '--every', '1s', '--for', '1s', '--count', '1'], 'ERR_PYTHREADS_USAGE'],
    [['run', 'dumps'], 'ERR_PYTHREADS_USAGE'],
    [['run'], 'ERR_PYTHREADS_USAGE'],
    [['fly'], 'ERR_PYTHREADS_USAGE'],
    [['run', 'C:\\x.py'], 'ERR_PYTHREADS_USAGE'],
    [['run', 'C:\\x.py:f'], 'ERR_PYTHREADS_MODULE_NOT_FOUND'],
    [['run', 'no_such_module:f'], 'ERR_PYTHREADS_MODULE_NOT_FOUND'],
    [['run', 'json:no_such_function'], 'ERR_PYTHREADS_ATTRIBUTE_NOT_FOUND'],
    [['run', 'json:__name__', '--threads', '2'], 'ERR_PYTHREADS_NOT_CALLABLE'],
  ])('refuses %j', async (args, text) => {
    const ended = await runCli(args)
    expect({
      code: ended.code,
      text: ended.stderr.includes(`[${text}]`),
      stdout: ended.stdout,
    }).toEqual({
      code: text === 'ERR_PYTHREADS_USAGE' ? 2 : 1,
      text: true,
      stdout: '',
    })
  })
})

describe('pythreads run --threads', () => {
  it.each(placements)(
    'calls from as many threads, each on its worker, in $name',
    async ({ isolation, python }) => {
      const flags = ['--threads', '5', '--count', '4', '--isolation', isolation, '--python', python]
      const ended = await call('same', '"$thread"', '"$call"', '"w$worker"', ...flags)
      const lines = Array.from(
        { length: 20 },
        (_, i) => `[${i % 5}, ${Math.floor(i / 5)}, "w${i % 5}"]`,
      )
      expect(ended.code).toBe(0)
      expect(ended.stdout.trimEnd().split('\n').sort()).toEqual(lines.sort())
      expect(ended.stderr).toMatch(/^20 calls, 0 errors in /)
      expect(ended.stderr).toContain(`5 workers, isolation ${isolation}`)
    },
  )

  it('calls once from each without --every', async () => {
    const ended = await call('same', '$thread', '--threads', '3', '--quiet')
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(ended.stdout.split('\n').sort()).toEqual(['', '[0]', '[1]', '[2]'])
  })

  it('calls once in the time of --every, for the time of --for', async () => {
    const ended = await call(
      'same',
      '"$call"',
      '--threads',
      '3',
      '--every',
      '100ms',
      '--for',
      '450ms',
    )
    expect(ended).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^15 calls, 0 errors/) as string,
    })
    expect(ended.stdout.split('\n').filter((line) => line === '[4]')).toHaveLength(3)
  })

  it('goes on after an error, and its status says so', async () => {
    const ended = await call('fails_for', '"$call"', '--threads', '2', '--count', '3')
    expect(ended.code).toBe(1)
    expect(ended.stdout.split('\n').sort()).toEqual(['', '0', '0', '2', '2'])
    expect(ended.stderr).toContain('thread 0: Traceback')
    expect(ended.stderr).toContain('6 calls, 2 errors')
  })
})

describe('sys.path', () => {
  it('begins with the current folder only where the target is found there', async () => {
    const { stdout } = await runCli(['run', 'commands:first_in_path'], { cwd: 'test/python' })
    expect(JSON.parse(stdout)).toEqual([join(process.cwd(), 'test', 'python')])
    const elsewhere = await runCli(['run', `${resolve(commands)}:first_in_path`], { cwd: folder })
    expect(JSON.parse(elsewhere.stdout)).not.toContain(folder)
  })

  it('begins with the folders of --path, in their order', async () => {
    const { stdout } = await runCli(['run', 'sys:path.copy', '--path', 'test', '--path', 'src'])
    expect((JSON.parse(stdout) as string[]).slice(0, 2)).toEqual([
      join(process.cwd(), 'test'),
      join(process.cwd(), 'src'),
    ])
    expect(JSON.parse(stdout)).not.toContain(process.cwd())
  })
})
