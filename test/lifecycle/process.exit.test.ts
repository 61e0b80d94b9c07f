/**
 * However the host ends, it ends at once and with the status that it would have without Python; no
 * Python process stays behind, and what Python printed is not lost. SIGINT is the host's: Python
 * neither takes it nor is disturbed by it.
 *
 * Each test is a host process of its own (test/fixtures/exit*.ts), and what is measured begins when
 * it is told to end. "had not ended": the host hung, or a child that holds its output did. A wrong
 * `code` or `signal`: leaving crashed (SIGSEGV, SIGABRT), or Python had its own way with a signal.
 * `alive`: Python processes that outlived the host by 1 s.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { type Child, startFixture } from '../support/child.ts'
import { endingOf } from '../support/ending.ts'
import { eachHost, placements } from '../support/pythons.ts'
import { sampled, spread } from '../support/scale.ts'

/**
 * Far less than a call or `closeGraceMs` takes, and far more than an end does on a busy machine.
 */
const WITHIN_MS = 60_000
const PATIENCE_MS = 120_000

const ENDS = {
  'process.exit': { code: 7, signal: null },
  'natural end': { code: 0, signal: null },
  'uncaught error': { code: 1, signal: null },
  SIGTERM: { code: null, signal: 'SIGTERM' },
  SIGINT: { code: null, signal: 'SIGINT' },
  SIGKILL: { code: null, signal: 'SIGKILL' },
} as const
type End = keyof typeof ENDS

const doings = ['busy', 'asleep', 'blocked on a pipe', 'blocked on a lock']
const cells = (ends: End[], what: string[]) =>
  ends.flatMap((end) => what.map((doing) => ({ end, doing })))
const matrix = [
  ...cells(['process.exit', 'natural end', 'uncaught error', 'SIGTERM', 'SIGINT'], doings),
  ...cells(['process.exit', 'SIGTERM'], ['in C code']),
]
/** Only a child process can outlive a host that nobody could tell to clean up. */
const killed = cells(['SIGKILL'], [...doings, 'in C code'])

describe.each(placements)('the host ends, $name', ({ name, isolation, python, turn }) => {
  const all = sampled(isolation === 'process' ? [...matrix, ...killed] : matrix, turn)

  eachHost({ name }).each(all)('$end while Python is $doing', async ({ end, doing }) => {
    const host = startFixture('exit', [JSON.stringify({ isolation, python, doing, end })])
    await host.printed(end === 'natural end' ? 'ends at' : `Python is ${doing}`)
    if (end !== 'natural end') {
      await sleep(50) // Python printed just before it began
      host.kill(end.startsWith('SIG') ? (end as NodeJS.Signals) : 'SIGUSR2')
    }
    const told = Date.now()
    const { code, signal, alive, at, stdout, workers } = await endingOf(host, WITHIN_MS)
    expect({ code, signal, alive }).toEqual({ ...ENDS[end], alive: [] })
    expect(at - Number(/ends at (\d+)/.exec(stdout)?.[1] ?? told)).toBeLessThan(WITHIN_MS)
    expect(workers).toHaveLength(isolation === 'process' ? 3 : 0)
  })
})

const afterwards = (['a cancellation', 'getting stuck'] as const).flatMap((after) =>
  [
    ...cells(['process.exit', 'natural end', 'uncaught error', 'SIGTERM', 'SIGINT'], ['stubborn']),
    ...cells(
      ['process.exit', 'natural end'],
      ['busy', 'asleep', 'blocked on a lock', 'loop stubborn', 'in C code'],
    ),
    ...cells(['SIGTERM'], ['in C code']),
  ].map((cell) => ({ ...cell, after })),
)

describe.each(placements)(
  'the host ends after a cancellation, $name',
  ({ name, isolation, python, turn }) => {
    /**
     * A call that ends when it is interrupted does not get stuck; in a process only what Python
     * code cannot see does not end.
     */
    const getsStuck = (doing: string) => {
      if (doing === 'busy') return false
      return isolation !== 'process' || !['asleep', 'blocked on a lock'].includes(doing)
    }
    // A pool in one interpreter has no idle worker to go on with while C code keeps the GIL.
    const isTold = (doing: string) => doing !== 'in C code' || isolation !== 'thread'
    const possible = afterwards.filter(
      ({ after, doing }) => after === 'a cancellation' || (getsStuck(doing) && isTold(doing)),
    )
    const all = sampled(possible, turn)

    eachHost({ name }).each(all)(
      '$end after $after while Python is $doing',
      async ({ end, doing, after }) => {
        const host = startFixture('exit', [
          JSON.stringify({ isolation, python, doing, end, after }),
        ])
        await host.printed(end === 'natural end' ? 'ends at' : `Python is ${doing}`)
        if (end !== 'natural end')
          host.kill(end.startsWith('SIG') ? (end as NodeJS.Signals) : 'SIGUSR2')
        const told = Date.now()
        const { code, signal, alive, at, stdout, workers } = await endingOf(host, WITHIN_MS)
        expect({ code, signal, alive }).toEqual({ ...ENDS[end], alive: [] })
        expect(at - Number(/ends at (\d+)/.exec(stdout)?.[1] ?? told)).toBeLessThan(WITHIN_MS)
        expect(workers).toHaveLength(isolation === 'process' ? 3 : 0)
      },
    )
  },
)

describe.each(placements)('what Python printed, $name', ({ isolation, python }) => {
  it('is there after process.exit, in order', async () => {
    const { code, stdout } = await endingOf(
      startPrinting({ isolation, python, during: false }),
      PATIENCE_MS,
    )
    expect({ code, stdout }).toEqual({
      code: 7,
      stdout: 'host 1\npython 2\nhost 3\npython 4\npython 5',
    })
  })
})

// Elsewhere a call that still runs keeps back what has no end of line: nobody can ask its
// interpreter to flush.
describe.each(placements.filter((place) => place.isolation === 'thread'))(
  'what Python is printing, $name',
  (place) => {
    it('is there after process.exit', async () => {
      const host = startPrinting({ ...place, during: true })
      await host.printed('python 5')
      await sleep(50)
      host.kill('SIGUSR2')
      const { code, stdout } = await endingOf(host, WITHIN_MS)
      expect({ code, stdout }).toEqual({
        code: 7,
        stdout: 'host 1\npython 2\nhost 3\npython 4\npython 5\npython 6',
      })
    })
  },
)

/**
 * Without PYTHONUNBUFFERED, which the shell may have set, Python keeps back what has no end of
 * line.
 */
function startPrinting(options: { isolation: string; python: string; during: boolean }): Child {
  return startFixture('exit-output', [JSON.stringify(options)], { PYTHONUNBUFFERED: '' })
}

describe.each(placements)(
  'SIGINT while Python sleeps, $name',
  ({ name, isolation, python, turn }) => {
    const start = async (handler: string) => {
      const host = startFixture('exit-sigint', [JSON.stringify({ isolation, python, handler })])
      await host.printed('Python sleeps')
      await sleep(100) // into the call
      return host
    }

    eachHost({ name }).each(spread(['before', 'after'], turn))(
      'calls the handler of a host that set it %s the start',
      async (handler) => {
        const host = await start(handler)
        host.kill('SIGINT')
        const { code, signal, stdout } = await endingOf(host, PATIENCE_MS)
        expect({ code, signal }).toEqual({ code: 0, signal: null })
        expect(stdout).toContain('interrupts: 1, answers: 42.')
      },
    )

    eachHost({ name }).each(spread(['none', 'removed'], turn))(
      'ends a host without a handler: %s',
      async (handler) => {
        const host = await start(handler)
        host.kill('SIGINT')
        const { code, signal, alive } = await endingOf(host, WITHIN_MS)
        expect({ code, signal, alive }).toEqual({ code: null, signal: 'SIGINT', alive: [] })
      },
    )
  },
)
