// Question: how long does a call take, and how long do the slow ones among many? Isolates: each
// call by itself, from just before it is made until its result is there: by one caller and 1 worker
// as in b, and by 20 callers and 2 workers as in c, where it is mostly the wait for the others.
// Trust: p50 and p90; p99.9 of a full run. A share has ten calls beyond it, or is left out. `max`
// is one call: whatever the machine did to it. `clock` is what reading the clock costs, once; every
// call has two of them, one of which is in its time. It is not subtracted.
import { type Engine, offered } from '../lib/engine.ts'
import { check, clockMs, durations } from '../lib/measure.ts'
import type { Metric, Scenario } from '../lib/scenario.ts'

const SHARES: Readonly<Record<string, number>> = { p50: 0.5, p90: 0.9, p99: 0.99, 'p99.9': 0.999 }
const CALLERS: Readonly<Record<string, number>> = { 'one caller': 1, '20 callers': 20 }
/** So many calls have to be slower for a share to mean something. */
const BEYOND = 10
const ENOUGH = BEYOND / (1 - 0.999)

export const scenario: Scenario = {
  name: 'latency',
  question: 'how long a call of json.dumps takes',
  metrics: {
    ...Object.fromEntries(
      Object.keys(CALLERS).flatMap((who) =>
        [...Object.keys(SHARES), 'max'].map((share): [string, Metric] => [
          `${who}, ${share}`,
          { unit: 'ms', better: 'less' },
        ]),
      ),
    ),
    clock: { unit: 'ms', better: 'less', machine: true },
  },
  rounds: 3,
  async run({ open, ms, maxWorkers }) {
    const results: Record<string, number> = {}
    let engine: Engine | undefined
    for (const [who, callers] of Object.entries(CALLERS)) {
      if (engine === undefined || maxWorkers > 1) {
        await engine?.close()
        engine = await open(callers === 1 ? 1 : 2)
      }
      const dumps = offered(engine, engine.call, 'asynchronous calls')('dumps')
      const taken = await durations({ ms, callers, enough: ENOUGH }, async (id) =>
        check(await dumps({ id }), id),
      )
      for (const [share, value] of shares(taken)) results[`${who}, ${share}`] = value
    }
    await engine?.close()
    return { ...results, clock: clockMs() }
  },
}

function shares(taken: Float64Array): readonly (readonly [string, number])[] {
  const sorted = taken.toSorted()
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN
  const meant = Object.entries(SHARES).filter(
    ([, share]) => Math.round(sorted.length * (1 - share)) >= BEYOND,
  )
  return [...meant.map(([name, share]) => [name, at(share)] as const), ['max', at(1)]]
}
