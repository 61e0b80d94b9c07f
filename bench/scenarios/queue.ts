// Question: do a million calls that wait cost more each than a thousand? Isolates: the queue: calls
// are made without waiting, 2 workers drain them. `bytes`: JavaScript's heap and buffers when all
// of them have been made, with the promise and the argument that each caller holds, over their
// number; `RSS`: as the system sees it, with what native code holds. Trust: the ratio of the two
// times; bytes hardly vary. Collecting garbage to count bytes is not in the times.
import { offered } from '../lib/engine.ts'
import { check, middle, warmUp } from '../lib/measure.ts'
import { type Cell, type Scenario, sized } from '../lib/scenario.ts'

const FEW = 1_000
const MANY = 1_000_000
const SAMPLES = 15

export const scenario: Scenario = {
  name: 'queue',
  question: 'a million calls that wait',
  metrics: {
    'a call of 1,000': { unit: 'µs', better: 'less' },
    'a call of 1,000,000': { unit: 'µs', better: 'less' },
    'slower by': { unit: 'x', better: 'less' },
    bytes: { unit: 'B', better: 'less' },
    RSS: { unit: 'B', better: 'less' },
  },
  rounds: 2,
  peerRounds: 1,
  timeoutMs: 300_000,
  async run(cell: Cell) {
    const engine = await cell.open(2)
    const dumps = offered(engine, engine.call, 'asynchronous calls')('dumps')
    const many = sized(cell, MANY)
    await warmUp(async () => 1 / (await drain(dumps, FEW)).us)
    const samples: number[] = []
    for (let i = 0; i < SAMPLES; i++) samples.push((await drain(dumps, FEW)).us)
    const few = middle(samples)
    const all = await drain(dumps, many, true)
    await engine.close()
    return {
      'a call of 1,000': few,
      'a call of 1,000,000': all.us,
      'slower by': all.us / few,
      bytes: all.heap,
      RSS: all.resident,
    }
  },
}

/** µs and bytes a call. */
async function drain(dumps: (value: object) => Promise<unknown>, count: number, weighed = false) {
  const before = weighed ? collected() : undefined
  const start = performance.now()
  const calls: Promise<unknown>[] = []
  for (let id = 0; id < count; id++) calls.push(dumps({ id }))
  const made = performance.now()
  const during = weighed ? collected() : undefined
  const weighing = performance.now() - made
  const answers = await Promise.all(calls)
  const us = ((performance.now() - start - weighing) * 1000) / count
  for (const [id, answer] of answers.entries()) check(answer, id)
  const grown = (name: 'heap' | 'resident') =>
    ((during?.[name] ?? 0) - (before?.[name] ?? 0)) / count
  return { us, heap: grown('heap'), resident: grown('resident') }
}

function collected(): { heap: number; resident: number } {
  globalThis.gc?.()
  const { heapUsed, external, rss } = process.memoryUsage()
  return { heap: heapUsed + external, resident: rss }
}
