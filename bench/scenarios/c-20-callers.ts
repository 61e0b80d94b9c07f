// Question: how many calls a second can 20 callers make together, with 2 workers where the library
// has workers? Isolates: throughput: what a call costs when there is always another one. Trust: the
// median; the ratio to the best peer of the same kind.
import { offered } from '../lib/engine.ts'
import { check, rateAsync } from '../lib/measure.ts'
import type { Scenario } from '../lib/scenario.ts'

const CALLERS = 20

export const scenario: Scenario = {
  name: 'c-20-callers',
  question: 'awaited calls of json.dumps, 20 callers, 2 workers',
  quick: true,
  metrics: { 'calls/s': { unit: '/s', better: 'more', floor: 'dumps' } },
  async run({ open, ms }) {
    const engine = await open(2)
    const dumps = offered(engine, engine.call, 'asynchronous calls')('dumps')
    const perSecond = await rateAsync(ms, CALLERS, async (id) => check(await dumps({ id }), id))
    await engine.close()
    return { 'calls/s': perSecond }
  },
}
