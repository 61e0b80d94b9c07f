/**
 * What becomes of a host when one system call fails that it makes for a worker: each call of the
 * launch and of later use, by its name and number, with errors that it can fail with
 * (test/harness/faults). Every step is right or an error with a code, none takes for ever, nothing
 * is left behind, and the same pool does all of it rightly once the fault has passed.
 *
 * What the system lacks for longer is in launch.scarcity.test.ts.
 */
import { describe, expect, it } from 'vitest'
import type { FaultReport, FaultRun } from '../harness/faults/host.ts'
import { errorsOf } from '../harness/faults/injector.ts'
import { runNode } from '../support/child.ts'
import { placements } from '../support/pythons.ts'
import { scaled, spread } from '../support/scale.ts'

const HOST = new URL('../harness/faults/host.ts', import.meta.url).pathname
const PATIENCE_MS = 3_600_000
/** Every number of every call with every error takes an hour. */
const isExhaustive = process.env['PYTHREADS_FAULTS'] === 'all'

async function hostWith(run: FaultRun): Promise<FaultReport> {
  const { code, stdout, stderr } = await runNode([
    '--expose-gc',
    '--import',
    'tsx',
    HOST,
    JSON.stringify(run),
  ])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout) as FaultReport
}

// Without PYTHREADS_FAULTS=all each call fails once or twice.
describe.each(scaled(placements.slice(0, 3), placements))(
  'in $name',
  ({ isolation, python, turn }) => {
    it('each system call of a launch and of later use may fail', {
      timeout: PATIENCE_MS,
    }, async () => {
      const { faults, unreached, rounds, outcomes } = await hostWith({
        isolation,
        python,
        all: isExhaustive,
      })
      expect(faults).toEqual([])
      expect(unreached).toEqual([])
      expect(rounds).toBeGreaterThan(12)
      expect(Object.keys(outcomes)).toContain('start: ERR_PYTHREADS_WORKER_START')
    })

    /** Calls that a process makes once, with the errors of each. */
    const once = [
      'c.memfd_create',
      'c.ftruncate',
      'c.fcntl',
      'c.mmap',
      ...(isolation === 'process' ? [] : ['c.dlopen', 'c.socketpair', 'c.send']),
    ]
    const points = once.flatMap((call) =>
      scaled(errorsOf(call).slice(0, 1), errorsOf(call)).map((error) => ({ call, nth: 1, error })),
    )

    it.each(spread(points, turn, 3))(
      'the first $call of a process may fail with $error',
      { timeout: PATIENCE_MS },
      async (first) => {
        const { faults, unreached } = await hostWith({ isolation, python, all: false, first })
        expect(faults).toEqual([])
        expect(unreached).toEqual([])
      },
    )
  },
)
