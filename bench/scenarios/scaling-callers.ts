// Question: how does the number of calls a second grow with the number of callers that wait for
// theirs? Isolates: what there is to do at once: 2 workers where the library has workers, as in c;
// one caller waits for the way there and back, a thousand for the others. Trust: the shape: it
// should grow until both cores are busy, and stay there. Each number is a quarter as long a
// measurement as in b and c.
import { offered } from '../lib/engine.ts'
import { check, rateAsync } from '../lib/measure.ts'
import type { Metric, Scenario } from '../lib/scenario.ts'

const CALLERS = [1, 4, 20, 100, 1000]

export const scenario: Scenario = {
  name: 'scaling-callers',
  question: 'awaited calls of json.dumps, 1 to 1000 callers',
  metrics: Object.fromEntries(
    CALLERS.map((callers): [string, Metric] => [name(callers), { unit: '/s', better: 'more' }]),
  ),
  rounds: 3,
  async run({ open, ms }) {
    const engine = await open(2)
    const dumps = offered(engine, engine.call, 'asynchronous calls')('dumps')
    const results: Record<string, number> = {}
    for (const callers of CALLERS)
      results[name(callers)] = await rateAsync(ms / 4, callers, async (id) =>
        check(await dumps({ id }), id),
      )
    await engine.close()
    return results
  },
}

function name(callers: number): string {
  return callers === 1 ? '1 caller' : `${callers} callers`
}
