// Question: how many small items a second go through a Python function, in order, on 2 workers?
// Isolates: what an item costs beside the function: a million items, `x + 1` for each. Where a
// library has no map, the best that its user can do: chunks of 1,000, four of them under way.
// Trust: the median. The floor is a plain Python loop; the ceiling is that times what two processes
// can do (d-cpu).
import { type Engine, NotOffered } from '../lib/engine.ts'
import { warmUp } from '../lib/measure.ts'
import { type Scenario, sized } from '../lib/scenario.ts'

const ITEMS = 1_000_000
const FEW = 20_000
const CHUNK = 1_000
const UNDER_WAY = 4

export const scenario: Scenario = {
  name: 'map',
  question: 'a Python function for each of a million items',
  metrics: { 'items/s': { unit: '/s', better: 'more', floor: 'small' } },
  rounds: 3,
  timeoutMs: 180_000,
  async run(cell) {
    const engine = await cell.open(2)
    const items = sized(cell, ITEMS)
    await warmUp(() => consume(engine, Math.min(items, FEW)))
    const perSecond = await consume(engine, items)
    await engine.close()
    return { 'items/s': perSecond }
  },
}

/** Items a second. */
async function consume(engine: Engine, count: number): Promise<number> {
  const start = performance.now()
  let next = 0
  const results = engine.map?.('small', numbers(count)) ?? inChunks(engine, count)
  for await (const result of results)
    if (result !== ++next) throw new Error(`item ${next - 1} became ${String(result)}`)
  if (next !== count) throw new Error(`${next} results of ${count} items`)
  return count / ((performance.now() - start) / 1000)
}

function* numbers(count: number): Generator<number> {
  for (let i = 0; i < count; i++) yield i
}

async function* inChunks(engine: Engine, count: number): AsyncGenerator<unknown> {
  const smalls = engine.call?.('smalls')
  if (smalls === undefined) throw new NotOffered('no asynchronous calls')
  const underWay: Promise<unknown>[] = []
  for (let begin = 0; begin < count || underWay.length > 0; ) {
    while (begin < count && underWay.length < UNDER_WAY) {
      const first = begin
      underWay.push(
        smalls(Array.from({ length: Math.min(CHUNK, count - first) }, (_, i) => first + i)),
      )
      begin += CHUNK
    }
    yield* (await underWay.shift()) as readonly unknown[]
  }
}
