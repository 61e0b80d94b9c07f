// `pythreads run` and `doctor`: what a person sees, and the exit status that scripts go by.
import { describe, expect, it } from 'vitest'
import { placement } from './suites/placement.ts'
import { runCli, startCli } from './support/child.ts'
import { placements, pythons } from './support/pythons.ts'

const free = pythons.find(({ freeThreaded }) => freeThreaded)

const summaryOf = (stdout: string) => JSON.parse(stdout) as Record<string, unknown>

describe('pythreads run', () => {
  it.each(placements)('calls from one caller per worker, in $name', async ({ isolation, python }) => {
    const args = ['run', 'json:dumps', '--threads', '5', '--count', '4', '--isolation', isolation, '--python', python]
    const { code, stdout } = await runCli([...args, '--args', '[{"id": "$worker", "call": $call, "text": "w$worker"}]'])
    expect(code).toBe(0)
    const lines = stdout.split('\n').filter((line) => line.startsWith('worker '))
    const expected = Array.from({ length: 20 }, (_, i) => [i % 5, Math.floor(i / 5)] as const)
    expect(lines.sort()).toEqual(
      expected.map(([worker, call]) => `worker ${worker}: {"id": ${worker}, "call": ${call}, "text": "w${worker}"}`).sort(),
    )
    expect(stdout).toMatch(/20 calls, 0 errors, [\d,]+ calls\/s/)
    expect(stdout).toContain('5 workers: fewest calls 4, most 4')
    expect(stdout).toContain(`isolation ${isolation}`)
  })

  it('paces itself with --every, and prints one object with --json', async () => {
    const { code, stdout } = await runCli([
      'run',
      'operator:add',
      '--workers',
      '3',
      '--every',
      '100ms',
      '--for',
      '450ms',
      '--args',
      '[1, 2]',
      '--json',
      '--isolation',
      'process',
    ])
    expect(code).toBe(0)
    const summary = summaryOf(stdout)
    expect(summary).toMatchObject({ calls: 15, errors: 0, workers: 3, fewestCalls: 5, mostCalls: 5, isolation: 'process' })
    expect(summary['reasons']).toEqual(['process: asked for by name'])
    expect(summary['p50Ms']).toBeLessThanOrEqual(summary['p99Ms'] as number)
  })

  it('passes keyword arguments', async () => {
    const { stdout } = await runCli([
      'run',
      'json:dumps',
      '-w',
      '1',
      '--count',
      '1',
      '--args',
      '[[1]]',
      '--kwargs',
      '{"indent": 1}',
    ])
    expect(stdout).toContain('worker 0: [\n 1\n]')
  })

  it('counts errors, shows the first tracebacks, and its status says so', async () => {
    const { code, stdout, stderr } = await runCli(['run', 'json:loads', '-w', '2', '--count', '3', '--args', '["{"]'])
    expect(code).toBe(1)
    expect(stdout).toContain('6 calls, 6 errors')
    expect(stderr).toContain('json.decoder.JSONDecodeError')
  })

  it.each([
    ['with calls that end', 'time:sleep', '[0.05]'],
    ['with calls that do not', 'time:sleep', '[60]'],
  ])('stops gently on Ctrl-C %s and still prints the summary', async (_, target, args) => {
    const child = startCli(
      ['run', target, '--workers', '2', '--for', '60s', '--args', args, '--isolation', 'process', '--preload', 'noisy'],
      {
        env: { PYTHONPATH: 'test/python' },
      },
    )
    await child.printed('ready')
    await new Promise((resolve) => setTimeout(resolve, 300))
    child.kill('SIGINT')
    const { code, stdout } = await child.ended
    expect(code).toBe(0)
    expect(stdout).toMatch(/calls, 0 errors/)
  })

  it.each([
    [['run', 'json:dumps', '--args', '{'], 2, 'ERR_PYTHREADS_USAGE'],
    [['run', 'json:dumps', '--args', '{"a": 1}'], 2, 'ERR_PYTHREADS_USAGE'],
    [['run', 'json:dumps', '--kwargs', '[1]'], 2, 'ERR_PYTHREADS_USAGE'],
    [['run', 'json:dumps', '--every', 'soon'], 2, 'ERR_PYTHREADS_USAGE'],
    [['run', 'json:dumps', '--workers', '0'], 2, 'ERR_PYTHREADS_USAGE'],
    [['run', 'json:dumps', '--for', '1s', '--count', '1'], 2, 'ERR_PYTHREADS_USAGE'],
    [['run', 'json:dumps', '--workers', '100000'], 1, 'ERR_PYTHREADS_OPTION'],
    [['run', 'dumps'], 1, 'ERR_PYTHREADS_ARGUMENT'],
    [['run'], 2, 'ERR_PYTHREADS_USAGE'],
    [['fly'], 2, 'ERR_PYTHREADS_USAGE'],
    [['run', 'no_such_module:f'], 1, 'ERR_PYTHREADS_MODULE_NOT_FOUND'],
  ])('refuses %j', async (args, code, text) => {
    const ended = await runCli(args as string[])
    expect({ code: ended.code, text: ended.stderr.includes(text), stdout: ended.stdout }).toEqual({
      code,
      text: true,
      stdout: '',
    })
  })
})

describe('pythreads doctor', () => {
  it('shows the Pythons and what auto chooses', async () => {
    const { code, stdout } = await runCli(['doctor'])
    expect(code).toBe(0)
    for (const { python } of placements.slice(0, 1)) expect(stdout).toContain(python)
    expect(stdout).toMatch(/isolation 'auto' chooses (thread|subinterpreter|process)/)
  })

  it.runIf(free !== undefined)('tries modules without a GIL and says which one decides', async () => {
    const args = ['doctor', '--python', free?.executable ?? '', '--import', 'json,there_is_no_such_module', '--json']
    const { stdout } = await runCli(args)
    const { auto, autoWithModules } = JSON.parse(stdout) as Record<string, { isolation: string; reasons: string[] }>
    expect(auto?.isolation).toBe('thread')
    expect(autoWithModules?.isolation).toBe('process')
    expect(autoWithModules?.reasons[0]).toMatch(/^not thread: there_is_no_such_module: /)
  })

  it('chooses a process where there is a GIL, and says why', async () => {
    const { python } = placement('subinterpreter')
    const { code, stdout } = await runCli(['doctor', '--python', python, '--import', 'json,readline', '--json'])
    expect(code).toBe(0)
    const { auto, autoWithModules } = JSON.parse(stdout) as Record<string, { isolation: string; reasons: string[] }>
    expect(auto?.isolation).toBe('process')
    expect(autoWithModules).toEqual(auto)
    expect(auto?.reasons.join('\n')).toMatch(/^not thread: .*\nnot subinterpreter: only by name: .*\nprocess: /)
  })

  it('says what is wrong with a Python that was named', async () => {
    const { code, stdout } = await runCli(['doctor', '--python', '/no/such/python'])
    expect(code).toBe(1)
    expect(stdout).toContain('ERR_PYTHREADS_PYTHON_NOT_FOUND')
  })
})
