// Question: what does it cost to hand 8 MB of doubles to numpy? Isolates: how a Float64Array of 1e6
// gets there, and the sum over it, which the floor is alone. Trust: the median of the calls' own
// times, less the floor. The array is always the same one, as the floor's is, so that both are
// warm; between two calls the event loop comes round, so that those that are asynchronous begin
// with a worker that sleeps. `allocated`: the array is memory that both sides see. `between two
// Pythons` is what two plain Python processes need for the same, by memory that both map: the sum
// over what another core has just written takes twice as long, which no library can change. `in
// another Python` is the same without the copy: what a request and its reply between two processes
// add to the sum.
import type { Engine } from '../lib/engine.ts'
import { NotOffered } from '../lib/engine.ts'
import { medianMs } from '../lib/measure.ts'
import type { Scenario } from '../lib/scenario.ts'

type Total = (this: Engine, array: Float64Array) => number | Promise<number>

const LENGTH = 1_000_000

export const scenario: Scenario = {
  name: 'e-array-in',
  question: 'numpy sum of a Float64Array of 1e6',
  quick: true,
  metrics: {
    sync: { unit: 'ms', better: 'less', floor: 'total' },
    async: { unit: 'ms', better: 'less', floor: 'total' },
    allocated: { unit: 'ms', better: 'less', floor: 'total' },
    'allocated, sync': { unit: 'ms', better: 'less', floor: 'total' },
    'between two Pythons': { unit: 'ms', better: 'less', floor: 'handed_over', machine: true },
    'in another Python': { unit: 'ms', better: 'less', floor: 'asked', machine: true },
  },
  async run({ open, ms }) {
    const engine = await open(1)
    const array = fill(new Float64Array(LENGTH))
    const expected = array.reduce((sum, value) => sum + value, 0)
    const measure = async (total: Total, values = array) =>
      await medianMs(ms, () => {
        const sum = total.call(engine, values)
        return sum instanceof Promise
          ? sum.then((value) => same(value, expected))
          : same(Number(sum), expected)
      })
    const results: Record<string, number> = {}
    if (engine.totalSync !== undefined) results['sync'] = await measure(engine.totalSync)
    if (engine.total !== undefined) results['async'] = await measure(engine.total)
    if (engine.alloc !== undefined) {
      const allocated = fill(engine.alloc(LENGTH))
      if (engine.total !== undefined) results['allocated'] = await measure(engine.total, allocated)
      if (engine.totalSync !== undefined)
        results['allocated, sync'] = await measure(engine.totalSync, allocated)
    }
    if (Object.keys(results).length === 0) throw new NotOffered('no typed arrays')
    await engine.close()
    return results
  },
}

function fill(array: Float64Array): Float64Array {
  for (let i = 0; i < array.length; i++) array[i] = i
  return array
}

function same(sum: number, expected: number): void {
  if (sum !== expected) throw new Error(`a wrong sum: ${sum}, not ${expected}`)
}
