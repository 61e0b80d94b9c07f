// Question: how many awaited calls a second can one caller make, each after the result of the last?
// Isolates: latency, there and back, of an event loop that has nothing else to do. Trust: the
// median; it jumps between two values where the scheduler moves a thread, so look at min and max as
// well.
import { offered } from '../lib/engine.ts'
import { check, rateAsync } from '../lib/measure.ts'
import type { Scenario } from '../lib/scenario.ts'

export const scenario: Scenario = {
  name: 'b-one-at-a-time',
  question: 'awaited calls of json.dumps, one caller',
  quick: true,
  metrics: { 'calls/s': { unit: '/s', better: 'more', floor: 'dumps' } },
  async run({ open, ms }) {
    const engine = await open(1)
    const dumps = offered(engine, engine.call, 'asynchronous calls')('dumps')
    const perSecond = await rateAsync(ms, 1, async (id) => check(await dumps({ id }), id))
    await engine.close()
    return { 'calls/s': perSecond }
  },
}
