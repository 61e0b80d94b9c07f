// Question: how many items a second does a generator of Python give to a loop?
// Isolates: a step: `for await` over a generator of 1,000 numbers, one after the other.
// Trust: the median; the floor is a loop of plain Python over the same generator.
import { offered } from '../lib/engine.ts'
import { rateAsync } from '../lib/measure.ts'
import type { Scenario } from '../lib/scenario.ts'

const ITEMS = 1_000
const SUM = (ITEMS * (ITEMS - 1)) / 2

export const scenario: Scenario = {
  name: 'generator',
  question: 'items of a generator of Python',
  metrics: { 'items/s': { unit: '/s', better: 'more', floor: 'generator' } },
  rounds: 3,
  async run({ open, ms }) {
    const engine = await open(1)
    const iterate = offered(engine, engine.iterate, 'loops over generators')
    const loops = await rateAsync(ms, 1, async () => {
      let sum = 0
      for await (const item of await iterate('numbers', ITEMS)) sum += Number(item)
      if (sum !== SUM) throw new Error(`a wrong sum: ${sum}`)
    })
    await engine.close()
    return { 'items/s': loops * ITEMS }
  },
}
