// Question: how many calls a second can this thread make when it waits for each result? Isolates:
// the way in and out, with a small dict in and a short string out. No event loop, no other thread
// of JavaScript. Trust: the median over rounds; the ratio to the best in-process peer of the same
// run.
import { offered } from '../lib/engine.ts'
import { check, rate } from '../lib/measure.ts'
import type { Scenario } from '../lib/scenario.ts'

export const scenario: Scenario = {
  name: 'a-sync',
  question: 'sync calls of json.dumps',
  quick: true,
  metrics: { 'calls/s': { unit: '/s', better: 'more', floor: 'dumps' } },
  async run({ open, ms }) {
    const engine = await open(1)
    const dumps = offered(engine, engine.sync, 'calls that wait')('dumps')
    const perSecond = rate(ms, (id) => check(dumps({ id }), id))
    await engine.close()
    return { 'calls/s': perSecond }
  },
}
