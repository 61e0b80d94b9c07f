// Question: how does pure Python grow with the number of workers? Isolates: parallelism, as d-cpu:
// `busy(160000)` takes about 5 ms; four callers a worker, so that none runs dry. `ceiling`: what as
// many plain processes of the same Python do, in the same cell, just before and just after. Trust:
// each number against its ceiling in the same round. More workers than cores should cost nothing.
import { offered } from '../lib/engine.ts'
import { rateAsync } from '../lib/measure.ts'
import { CPU_SIZE, plainProcesses } from '../lib/plain-python.ts'
import type { Scenario } from '../lib/scenario.ts'

const CALLERS_EACH = 4

export const scenario: Scenario = {
  name: 'scaling-workers',
  question: 'pure Python on 1, 2 and 4 workers',
  metrics: {
    '1 worker': { unit: '/s', better: 'more' },
    'ceiling 1': { unit: '/s', better: 'more', machine: true },
    '2 workers': { unit: '/s', better: 'more' },
    'ceiling 2': { unit: '/s', better: 'more', machine: true },
    '4 workers': { unit: '/s', better: 'more' },
    'ceiling 4': { unit: '/s', better: 'more', machine: true },
  },
  rounds: 3,
  async run({ open, python, ms, maxWorkers }) {
    const results: Record<string, number> = {}
    for (const workers of [1, 2, 4].filter((count) => count <= maxWorkers)) {
      const engine = await open(workers)
      const busy = offered(engine, engine.call, 'asynchronous calls')('busy')
      const expected = Number(await busy(CPU_SIZE))
      const before = await plainProcesses(python, workers, ms / 2)
      results[workers === 1 ? '1 worker' : `${workers} workers`] = await rateAsync(
        ms / 2,
        workers * CALLERS_EACH,
        async () => {
          if (Number(await busy(CPU_SIZE)) !== expected) throw new Error('a wrong sum')
        },
      )
      results[`ceiling ${workers}`] = (before + (await plainProcesses(python, workers, ms / 2))) / 2
      await engine.close()
    }
    return results
  },
}
