// Question: how long do 10,000 coroutines take that each wait for 100 ms, started by 10,000 calls?
// Isolates: the cost of a coroutine through the bridge: 100 ms is the waiting, the rest is what they cost.
// Trust: the median; the floor is asyncio.gather over as many.
import { offered } from '../lib/engine.ts'
import type { Scenario } from '../lib/scenario.ts'

const COROUTINES = 10_000

export const scenario: Scenario = {
  name: 'asyncio',
  question: '10,000 coroutines that wait for 100 ms',
  metrics: { 'all of them': { unit: 'ms', better: 'less', floor: 'gather' } },
  timeoutMs: 20_000,
  async run({ open, ms }) {
    const engine = await open(1)
    const later = offered(engine, engine.coroutine, 'coroutines')('later')
    await later(0)
    const count = ms < 100 ? COROUTINES / 10 : COROUTINES
    const start = performance.now()
    const answers = await Promise.all(Array.from({ length: count }, (_, i) => later(i)))
    const taken = performance.now() - start
    if (answers.some((answer, i) => answer !== i)) throw new Error('a wrong answer')
    await engine.close()
    return { 'all of them': taken }
  },
}
