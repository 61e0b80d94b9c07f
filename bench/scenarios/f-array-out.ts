// Question: what does it cost to get 8 MB of doubles from numpy? Isolates: how an array that Python
// has already becomes a Float64Array. Trust: the median of the calls' own times. Every result is
// dropped at once; Python's array is always the same one. The floor is one memcpy into memory that
// is warm; a view needs none. `new copy` is what JavaScript needs to copy such an array into memory
// that it does not have yet, whose pages the system has to clear first: less than that is memory
// used again. `between two Pythons` is what plain Python needs to have another process copy the
// array to where both see it, into as many places in turn as V8 lets such arrays pile up: they fit
// into no cache.
import type { Engine } from '../lib/engine.ts'
import { NotOffered } from '../lib/engine.ts'
import { medianMs } from '../lib/measure.ts'
import type { Scenario } from '../lib/scenario.ts'

type Doubles = (this: Engine, length: number) => Float64Array | Promise<Float64Array>

const LENGTH = 1_000_000

export const scenario: Scenario = {
  name: 'f-array-out',
  question: 'a numpy array of 1e6 doubles as a result',
  quick: true,
  metrics: {
    sync: { unit: 'ms', better: 'less', floor: 'memcpy' },
    async: { unit: 'ms', better: 'less', floor: 'memcpy' },
    'between two Pythons': { unit: 'ms', better: 'less', floor: 'handed_back', machine: true },
    'new copy': { unit: 'ms', better: 'less', machine: true },
  },
  async run({ open, ms }) {
    const engine = await open(1)
    const measure = async (doubles: Doubles) =>
      await medianMs(ms, () => {
        const array = doubles.call(engine, LENGTH)
        return array instanceof Promise ? array.then(look) : look(array)
      })
    const results: Record<string, number> = {}
    if (engine.doublesSync !== undefined) results['sync'] = await measure(engine.doublesSync)
    if (engine.doubles !== undefined) results['async'] = await measure(engine.doubles)
    if (Object.keys(results).length === 0) throw new NotOffered('no typed arrays')
    await engine.close()
    const array = new Float64Array(LENGTH).map((_, i) => i)
    return { ...results, 'new copy': await medianMs(ms / 4, () => look(array.slice())) }
  },
}

function look(array: Float64Array): void {
  const [middle, last] = [array[LENGTH / 2], array[LENGTH - 1]]
  if (Math.floor(middle ?? 0) !== LENGTH / 2 || Math.floor(last ?? 0) !== LENGTH - 1)
    throw new Error('a wrong array')
}
