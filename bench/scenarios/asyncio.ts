// Question: how long do 10,000 coroutines take that each wait for 100 ms, started by 10,000 calls?
// Isolates: the cost of a coroutine through the bridge: 100 ms is the waiting, the rest is what
// they cost. Trust: the median; the floor is asyncio.gather over as many.
import { NotOffered, offered } from '../lib/engine.ts'
import type { Scenario } from '../lib/scenario.ts'

const COROUTINES = 10_000
/** As many that wait together take 100 ms; one after the other, a second. */
const FEW = 10
const TOGETHER_MS = 600

export const scenario: Scenario = {
  name: 'asyncio',
  question: '10,000 coroutines that wait for 100 ms',
  metrics: { 'all of them': { unit: 'ms', better: 'less', floor: 'gather' } },
  rounds: 3,
  timeoutMs: 20_000,
  async run({ open, ms }) {
    const engine = await open(1)
    const later = offered(engine, engine.coroutine, 'coroutines')('later')
    await later(0)
    if ((await together(later, FEW)) > TOGETHER_MS)
      throw new NotOffered('coroutines wait one after the other')
    const taken = await together(later, ms < 100 ? COROUTINES / 10 : COROUTINES)
    await engine.close()
    return { 'all of them': taken }
  },
}

/** The time of this number of calls, in milliseconds. */
async function together(later: (x: number) => Promise<unknown>, count: number): Promise<number> {
  const begin = performance.now()
  const answers = await Promise.all(Array.from({ length: count }, (_, i) => later(i)))
  const taken = performance.now() - begin
  if (answers.some((answer, i) => answer !== i)) throw new Error('a wrong answer')
  return taken
}
