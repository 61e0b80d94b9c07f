// Question: what does an idle worker cost? Isolates: memory of this process and its children (Pss:
// what they share counted once) beyond that of a Node that has not loaded the library, with 1, 20
// and 200 workers that have each had calls. `one more`: between 1 and 20, without what the first
// one brings along. Trust: any round: it hardly varies.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Engine, NotOffered } from '../lib/engine.ts'
import { treeMegabytes } from '../lib/memory.ts'
import type { Scenario } from '../lib/scenario.ts'

const SETTLE_MS = 300

export const scenario: Scenario = {
  name: 'memory',
  question: 'MB a worker, idle',
  metrics: {
    '1 worker': { unit: 'MB', better: 'less' },
    '20 workers, each': { unit: 'MB', better: 'less' },
    '200 workers, each': { unit: 'MB', better: 'less' },
    'one more': { unit: 'MB', better: 'less' },
  },
  rounds: 2,
  peerRounds: 1,
  timeoutMs: 180_000,
  async run({ open, maxWorkers, full }) {
    const before = await settled()
    if (Number.isNaN(before)) throw new NotOffered('no /proc: memory is measured on Linux')
    const engines: Engine[] = []
    const grow = async (workers: number) => {
      engines.push(await used(await open(workers), workers))
      return (await settled()) - before
    }
    const one = await grow(1)
    const results: Record<string, number> = { '1 worker': one }
    if (maxWorkers >= 20) {
      const twenty = await grow(19)
      results['20 workers, each'] = twenty / 20
      results['one more'] = (twenty - one) / 19
    }
    if (maxWorkers >= 200 && full) results['200 workers, each'] = (await grow(180)) / 200
    await Promise.all(engines.map((engine) => engine.close()))
    return results
  },
}

async function used(engine: Engine, workers: number): Promise<Engine> {
  const dumps = engine.call?.('dumps') ?? engine.sync?.('dumps')
  if (dumps === undefined) throw new NotOffered('no calls')
  await Promise.all(Array.from({ length: workers * 4 }, (_, id) => dumps({ id })))
  return engine
}

async function settled(): Promise<number> {
  await sleep(SETTLE_MS)
  globalThis.gc?.()
  await sleep(SETTLE_MS)
  return treeMegabytes()
}
