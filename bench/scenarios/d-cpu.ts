// Question: does Python compute on every core, and does the event loop live meanwhile? Isolates:
// parallelism. `busy(160000)` takes about 5 ms in pure Python; 20 callers, 2 workers. What one and
// what two plain processes of the same Python do is measured in the same cell, just before and just
// after, since the machine's ceiling moves by itself. Short calls come first, as long: V8 compiles
// what runs often, and a few hundred calls of 5 ms are not often. A service that has run for a
// minute is compiled. Trust: `of the ceiling`, in each round, not the speed-up; for the lag the
// worst round.
import { offered } from '../lib/engine.ts'
import { rateAsync, withLag } from '../lib/measure.ts'
import { CPU_SIZE, plainProcesses } from '../lib/plain-python.ts'
import type { Scenario } from '../lib/scenario.ts'

const CALLERS = 20

export const scenario: Scenario = {
  name: 'd-cpu',
  question: 'pure Python on 2 workers, 20 callers',
  quick: true,
  metrics: {
    'speed-up': { unit: 'x', better: 'more' },
    ceiling: { unit: 'x', better: 'more', machine: true },
    'of the ceiling': { unit: 'x', better: 'more' },
    'loop lag': { unit: 'ms', better: 'less' },
  },
  async run({ open, python, ms }) {
    const engine = await open(2)
    const busy = offered(engine, engine.call, 'asynchronous calls')('busy')
    const dumps = offered(engine, engine.call, 'asynchronous calls')('dumps')
    await rateAsync(ms, CALLERS, async (id) => await dumps({ id }))
    const expected = Number(await busy(CPU_SIZE))
    const one = await plainProcesses(python, 1, ms)
    const before = await plainProcesses(python, 2, ms)
    const { result, lagMs } = await withLag(() =>
      rateAsync(ms, CALLERS, async () => {
        if (Number(await busy(CPU_SIZE)) !== expected) throw new Error('a wrong sum')
      }),
    )
    const two = (before + (await plainProcesses(python, 2, ms))) / 2
    await engine.close()
    return {
      'speed-up': result / one,
      ceiling: two / one,
      'of the ceiling': result / two,
      'loop lag': lagMs,
    }
  },
}
