// `pythreads bench`: how fast a function can be called.
import { describe, expect, it } from 'vitest'
import { runCli } from '../support/child.ts'

const commands = './test/python/commands.py'

describe('pythreads bench', () => {
  it('calls from a caller for each worker, and prints one object with --json', async () => {
    const flags = ['--workers', '3', '--count', '5', '--json', '--isolation', 'process']
    const { code, stdout } = await runCli([
      'bench',
      'operator:add',
      '--args',
      '[1, "$thread"]',
      ...flags,
    ])
    const facts = JSON.parse(stdout) as Record<string, unknown>
    expect({ code, facts }).toMatchObject({
      code: 0,
      facts: {
        target: 'operator:add',
        calls: 15,
        errors: 0,
        workers: 3,
        fewestCalls: 5,
        mostCalls: 5,
        isolation: 'process',
      },
    })
    expect(facts['reasons']).toEqual(['process: asked for by name'])
    expect(facts['p50Ms']).toBeLessThanOrEqual(facts['p99Ms'] as number)
  })

  it('says in words how fast it went, and keeps what Python prints out of it', async () => {
    const { code, stdout, stderr } = await runCli([
      'bench',
      'builtins:print',
      'printed',
      '-w',
      '2',
      '--count',
      '2',
    ])
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'printed\n'.repeat(4) })
    expect(stdout).toMatch(
      /^4 calls, 0 errors, [\d,]+ calls\/s in .*\nlatency: p50 .*\n2 workers: fewest calls 2, most 2\nPython /,
    )
  })

  it('counts errors, shows the first tracebacks, and its status says so', async () => {
    const { code, stdout, stderr } = await runCli([
      'bench',
      `${commands}:fails_for`,
      '1',
      '-w',
      '2',
      '--count',
      '5',
    ])
    expect(code).toBe(1)
    expect(stdout).toContain('10 calls, 10 errors')
    expect(stderr.split('Traceback')).toHaveLength(4)
  })

  it('goes as fast as it can for the time of --for', async () => {
    const { code, stdout } = await runCli([
      'bench',
      'math:sqrt',
      '4',
      '-w',
      '1',
      '--for',
      '200ms',
      '--json',
    ])
    expect(code).toBe(0)
    expect((JSON.parse(stdout) as { calls: number }).calls).toBeGreaterThan(1)
  })
})
