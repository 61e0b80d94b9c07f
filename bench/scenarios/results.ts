// Question: what do large lists and dicts cost as results? Isolates: converting values: 1e6 floats
// in a list; lists of 1,000 and 100,000 floats; dicts of 1,000, 100,000 and (in a full run) 1e6
// keys. Trust: the median. Python has each value ready, so it is conversion alone. The floor is
// numpy's tolist: as many objects made once.
import { type Engine, NotOffered } from '../lib/engine.ts'
import { medianMs } from '../lib/measure.ts'
import type { Scenario } from '../lib/scenario.ts'

const LARGEST_DICT = 'dict of 1,000,000'

const SIZES: Readonly<Record<string, readonly [work: 'floats' | 'strings', size: number]>> = {
  'list of 1,000,000': ['floats', 1_000_000],
  'list of 1,000': ['floats', 1_000],
  'list of 100,000': ['floats', 100_000],
  'dict of 1,000': ['strings', 1_000],
  'dict of 100,000': ['strings', 100_000],
  [LARGEST_DICT]: ['strings', 1_000_000],
}

export const scenario: Scenario = {
  name: 'results',
  question: 'lists of floats and dicts as results',
  quick: true,
  metrics: {
    'list of 1,000,000': { unit: 'ms', better: 'less', floor: 'tolist' },
    'list of 1,000': { unit: 'ms', better: 'less' },
    'list of 100,000': { unit: 'ms', better: 'less' },
    'dict of 1,000': { unit: 'ms', better: 'less' },
    'dict of 100,000': { unit: 'ms', better: 'less' },
    [LARGEST_DICT]: { unit: 'ms', better: 'less' },
  },
  rounds: 3,
  peerRounds: 2,
  async run({ open, ms, full }) {
    const engine = await open(1)
    const results: Record<string, number> = {}
    for (const [metric, [work, size]] of Object.entries(SIZES)) {
      if (metric === LARGEST_DICT && !full) continue
      const get = caller(engine, work)
      results[metric] = await medianMs(ms / 4, async () => look(work, await get(size), size))
    }
    await engine.close()
    return results
  },
}

/** Through a promise where there is one: the way that leaves the event loop alone. */
function caller(engine: Engine, work: string): (size: number) => unknown {
  const call = engine.call?.(work) ?? engine.sync?.(work)
  if (call === undefined) throw new NotOffered('no calls')
  return call
}

function look(work: string, value: unknown, size: number): void {
  const last =
    work === 'floats'
      ? (value as number[])[size - 1]
      : (value as Record<string, number>)[`key${size - 1}`]
  if (last !== (work === 'floats' ? size - 0.5 : size - 1)) throw new Error('a wrong value')
}
