// Question: how many times a second can Python call a JavaScript function? Isolates: there and back
// from Python's side: one call of Python that calls back 1,000 times, one after the other. `sync`:
// the thread that called Python runs the callback; `async`: the event loop does. Trust: the median;
// the floor is Python that calls a Python function.
import { NotOffered } from '../lib/engine.ts'
import { rateAsync } from '../lib/measure.ts'
import type { Scenario } from '../lib/scenario.ts'

type Callback = (callback: (x: number) => number, times: number) => unknown

const TIMES = 1_000

export const scenario: Scenario = {
  name: 'callback',
  question: 'calls of a JavaScript function from Python',
  metrics: {
    sync: { unit: '/s', better: 'more', floor: 'callback' },
    async: { unit: '/s', better: 'more', floor: 'callback' },
  },
  rounds: 3,
  async run({ open, ms }) {
    const engine = await open(1)
    const add = (x: number) => Number(x) + 1
    const measure = async (times: Callback) =>
      TIMES *
      (await rateAsync(ms / 2, 1, async () => {
        if (Number(await times(add, TIMES)) !== TIMES) throw new Error('a wrong answer')
      }))
    const results: Record<string, number> = {}
    if (engine.callbackSync !== undefined) results['sync'] = await measure(engine.callbackSync)
    if (engine.callback !== undefined) results['async'] = await measure(engine.callback)
    if (Object.keys(results).length === 0) throw new NotOffered('no callbacks that answer')
    await engine.close()
    return results
  },
}
