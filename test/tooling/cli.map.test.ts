// `pythreads map`: a person's file goes through a function; nothing is lost, nothing is silently
// wrong. A failure here prints the status and the standard error of the program that was run.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { runCli } from '../support/child.ts'
import { pythons } from '../support/pythons.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'pythreads-map-'))
const out = join(folder, 'out')
const records = './test/python/records.py'
const numbered = (count: number) =>
  Array.from({ length: count }, (_, id) => `{"id": ${id}}\n`).join('')

afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, text: string | Buffer): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

async function map(target: string, input: string | Buffer, ...flags: string[]) {
  const ended = await runCli([
    'map',
    `${records}:${target}`,
    '--input',
    file('in', input),
    '--output',
    out,
    ...flags,
  ])
  return { ...ended, output: readFileSync(out, 'utf8') }
}

describe('pythreads map', () => {
  it.each(pythons.map((python) => [python.release, python.executable]))(
    'writes what a plain Python loop writes, with %s',
    async (_, python) => {
      const events = Array.from({ length: 5_000 }, (_, id) =>
        JSON.stringify({ id, temperature: id % 50, text: `é😀 ${id} \u2028` }),
      )
      const input = file('events.jsonl', `${events.join('\n')}\n`)
      const loop = `import json, sys; sys.path.insert(0, "test/python"); import records
for line in open(sys.argv[1], encoding="utf-8"): print(json.dumps(records.score(json.loads(line))))`
      const expected = execFileSync(python, ['-c', loop, input], {
        cwd: root,
        encoding: 'utf8',
        maxBuffer: 2 ** 27,
      })
      for (const flags of [[], ['--workers', '1'], ['--workers', '5']]) {
        const ended = await runCli([
          'map',
          `${records}:score`,
          '-i',
          input,
          '-o',
          out,
          '--python',
          python,
          ...flags,
        ])
        expect(ended).toMatchObject({ code: 0 })
        expect(readFileSync(out, 'utf8')).toBe(expected)
      }
    },
  )

  it('reads standard input, writes standard output, and takes a last line without its end', async () => {
    const ended = await runCli(['map', `${records}:same`], { input: '{"id": 1}\n[2.0, "x"]' })
    expect(ended).toMatchObject({ code: 0, stdout: '{"id": 1}\n[2.0, "x"]\n' })
    expect(ended.stderr).toContain('2 records, 0 failed')
  })

  it('takes an empty input', async () => {
    expect(await map('same', '')).toMatchObject({ code: 0, output: '' })
  })

  it('writes the same rows in any order with --unordered', async () => {
    const { code, output } = await map('same', numbered(50_000), '--unordered', '--workers', '4')
    expect(code).toBe(0)
    const ids = output
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { id: number }).id)
    expect(ids.sort((a, b) => a - b)).toEqual(Array.from({ length: 50_000 }, (_, id) => id))
  })

  it('passes over blank lines of JSON lines, and counts them as lines', async () => {
    expect(await map('same', '{"id": 1}\n\n  \r\n{"id": 2}\n\n')).toMatchObject({
      code: 0,
      output: '{"id": 1}\n{"id": 2}\n',
    })
    const { code, stderr } = await map('fails_on_3', '{"id": 1}\n\n{"id": 3}\n')
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining('line 3: Traceback'),
    })
  })

  it.each([
    ['jsonl', 'same', '\ufeff{"id": 1}\n', '{"id": 1}\n'],
    ['jsonl', 'same', '\ufeff\n{"id": 1}\n', '{"id": 1}\n'],
    ['lines', 'upper', '\ufeffabc\n\ufeffd\n', 'ABC\n\ufeffD\n'],
    ['csv', 'total', '\ufeffname,a,b\nx,1,2\n', 'name,total\r\nx,3\r\n'],
  ])(
    'takes a byte order mark off the beginning of %s input, and no other (%s)',
    async (format, target, input, output) => {
      expect(await map(target, input, '--format', format)).toMatchObject({ code: 0, output })
    },
  )

  it('takes nothing within a CSV field for a record, where the field is too long for the csv module', async () => {
    const field = `"${'x,1,2\n'.repeat(30_000)}"`
    const { code, stderr, output } = await map(
      'total',
      `name,a,b\nx,1,2\n${field},3,4\ny,5,6\n`,
      '-f',
      'csv',
      '--on-error',
      'skip',
    )
    expect({ code, output }).toEqual({ code: 1, output: 'name,total\r\nx,3\r\ny,11\r\n' })
    expect(stderr).toContain('line 3: [ERR_PYTHREADS_INPUT]')
    expect(stderr).toContain('3 records, 1 failed')
  })

  it.each([
    ['jsonl', '{"id": 1, "a": [2]}\n{"id": 2, "a": {}}\n'],
    ['csv', 'id,a\r\n1,2\r\n2,3\r\n'],
  ])('writes dicts that cannot be changed as it writes dicts: %s', async (format, text) => {
    expect(await map('read_only', text, '--format', format)).toMatchObject({
      code: 0,
      output: text,
    })
  })

  it('maps lines', async () => {
    expect(await map('upper', 'abc\r\ndéf\n\nlast', '--format', 'lines')).toMatchObject({
      code: 0,
      output: 'ABC\nDÉF\n\nLAST\n',
    })
  })

  it('maps CSV: quotes, line breaks in fields, a header from the first row', async () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => `"n ""${i}""\nsecond, line",${i},1\n`)
    const { code, output } = await map(
      'total',
      `name,a,b\n${rows.join('')}`,
      '--format',
      'csv',
      '--workers',
      '3',
    )
    expect(code).toBe(0)
    expect(output).toBe(
      `name,total\r\n${rows.map((_, i) => `"n ""${i}""\nsecond, line",${i + 1}\r\n`).join('')}`,
    )
  })

  it('stops at a failing record, says which, and keeps the rows before it', async () => {
    const { code, stderr, output } = await map('fails_on_3', numbered(10_000))
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /line 4: Traceback.*ValueError: three is not allowed.*ERR_PYTHREADS_PYTHON/s,
    )
    expect(output).toBe(numbered(3))
  })

  it('skips a failing record, and reports it', async () => {
    const { code, stderr, output } = await map('fails_on_3', numbered(6), '--on-error', 'skip')
    expect(code).toBe(1)
    expect(stderr).toContain('line 4: Traceback')
    expect(stderr).toContain('1 of 6 records failed')
    expect(output).toBe(numbered(6).replace('{"id": 3}\n', ''))
  })

  it('records failures in a file beside the output', async () => {
    const { code, stderr, output } = await map(
      'fails_on_3',
      numbered(6),
      '--on-error',
      'record',
      '--quiet',
    )
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining(`${out}.errors.jsonl`),
    })
    expect(output.split('\n')).toHaveLength(6)
    const failure: unknown = JSON.parse(readFileSync(`${out}.errors.jsonl`, 'utf8'))
    expect(failure).toMatchObject({
      line: 4,
      code: 'ERR_PYTHREADS_PYTHON',
      type: 'ValueError',
      message: 'three is not allowed',
    })
  })

  it('finds the record that kills its worker; the others are not lost', async () => {
    const { code, stderr, output } = await map(
      'dies_on_3',
      numbered(1_000),
      '--isolation',
      'process',
      '--on-error',
      'skip',
    )
    expect(code).toBe(1)
    expect(stderr).toMatch(/line 4: \[ERR_PYTHREADS_WORKER_DIED\].*status 9/)
    expect(output).toBe(numbered(1_000).replace('{"id": 3}\n', ''))
  })

  it.each([
    ['jsonl', 'same', '{"id": 1}\n{"id"\n{"id": 2}\n', 2],
    ['jsonl', 'same', Buffer.from('{"id": 1}\n"\xff"\n', 'latin1'), 2],
    ['lines', 'upper', Buffer.from('abc\nd\xff\n', 'latin1'), 2],
    ['csv', 'total', 'name,a,b\nx,1,2\ny,1\n', 3],
    ['csv', 'total', 'name,a,b\n"x\n",1,2\n"y"z,1,2\n', 4],
    ['csv', 'total', Buffer.from('name,a,b\nx,1,2\n\xff,1,2\n', 'latin1'), 3],
  ] as const)(
    'refuses %s input that is not what it says (%s, %j)',
    async (format, target, input, line) => {
      const { code, stderr } = await map(target, input as string | Buffer, '--format', format)
      expect(code).toBe(1)
      expect(stderr).toMatch(new RegExp(`line ${line}: \\[ERR_PYTHREADS_INPUT\\]`))
    },
  )

  it.each([
    ['jsonl', 'unwritable', '1\n', 'OutputError'],
    ['lines', 'broken_line', 'a\n', 'OutputError'],
    ['json', 'unwritable', '[1]', 'OutputError'],
    ['tsv', 'unwritable', 'a\n1\n', 'OutputError'],
    ['csv', 'same', 'a,a,b\n1,2,3\n', undefined],
  ] as const)(
    'says when a result cannot be written as %s (%s)',
    async (format, target, input, type) => {
      const { code, stderr } = await map(target, input, '--format', format)
      expect(code).toBe(type === undefined ? 0 : 1)
      if (type !== undefined) expect(stderr).toContain(type)
    },
  )

  it.each([
    [['map', 'json'], 2, 'ERR_PYTHREADS_USAGE'],
    [['map', 'no_such_module:f', '-i', 'package.json'], 1, 'ERR_PYTHREADS_MODULE_NOT_FOUND'],
    [
      ['map', 'json:no_such_function', '-i', 'package.json'],
      1,
      'ERR_PYTHREADS_ATTRIBUTE_NOT_FOUND',
    ],
    [['map', 'json:__name__', '-i', 'package.json'], 1, 'ERR_PYTHREADS_NOT_CALLABLE'],
    [['map', './no/such/file.py:f', '-i', 'package.json'], 1, 'ERR_PYTHREADS_MODULE_NOT_FOUND'],
    [['map', 'json:dumps', '-i', 'no-such-file'], 1, 'ERR_PYTHREADS_FILE'],
    [['map', 'json:dumps', '-i', 'package.json', '-o', './package.json'], 2, 'ERR_PYTHREADS_USAGE'],
    [['map', 'json:dumps', '--on-error', 'record'], 2, 'ERR_PYTHREADS_USAGE'],
    [['map', 'json:dumps', '--format', 'xml'], 2, 'ERR_PYTHREADS_USAGE'],
    [['map', 'json:dumps', '--output-format', 'xml'], 2, 'ERR_PYTHREADS_USAGE'],
    [['map', 'json:dumps', '--limit', '0'], 2, 'ERR_PYTHREADS_USAGE'],
    [['map', 'json:dumps', '--chunk', '2', '--timeout', '1s'], 2, 'ERR_PYTHREADS_USAGE'],
    [['map', 'json:dumps', '--path', 'no-such-folder'], 2, 'ERR_PYTHREADS_USAGE'],
    [['map', 'json:dumps', '--colour'], 2, 'ERR_PYTHREADS_USAGE'],
    [['map', 'json:dumps', '--python', '/no/such/python'], 1, 'ERR_PYTHREADS_PYTHON_NOT_FOUND'],
  ])('refuses %j', async (args, code, text) => {
    const ended = await runCli(args as string[])
    expect(ended.code).toBe(code)
    expect(ended.stderr).toContain(text)
    expect(ended.stdout).toBe('')
  })

  it('leaves no output file behind when the command line is wrong', async () => {
    const never = join(folder, 'never')
    await runCli(['map', 'no_such_module:f', '-i', 'package.json', '-o', never])
    expect(existsSync(never)).toBe(false)
  })

  it('ends quietly when the reader of its output goes away', async () => {
    const input = file('many.jsonl', numbered(200_000))
    const child = spawn(
      'sh',
      ['-c', `node dist/cli/main.js map ${records}:same -i "${input}" | head -n 2; true`],
      { cwd: root },
    )
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    let errors = ''
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString()
    })
    await new Promise((resolve) => child.once('close', resolve))
    expect({ text, errors }).toEqual({ text: numbered(2), errors: '' })
  })
})
