// Question: how long until the first result? Isolates: a fresh process each: importing the library,
// starting Python, one call. `of start`: without the import, which in some peers starts Python.
// What pythreads remembers of a Python is there but for the first round, as in any start but the
// first one on a machine. Trust: the median of rounds, each of which is one sample; min shows what
// it is with all files in the page cache.
import { type Engine, NotOffered } from '../lib/engine.ts'
import { check } from '../lib/measure.ts'
import type { Scenario } from '../lib/scenario.ts'

export const scenario: Scenario = {
  name: 'start',
  question: 'first result after the start, 1 worker',
  quick: true,
  metrics: {
    'of import': { unit: 'ms', better: 'less', floor: 'start' },
    'of start': { unit: 'ms', better: 'less', floor: 'start' },
  },
  async run({ load, open }) {
    const begin = performance.now()
    await load()
    const loaded = performance.now()
    const engine = await open(1)
    check(await first(engine), 1)
    const end = performance.now()
    await engine.close()
    return { 'of import': end - begin, 'of start': end - loaded }
  },
}

function first(engine: Engine): unknown {
  const dumps = engine.call?.('dumps') ?? engine.sync?.('dumps')
  if (dumps === undefined) throw new NotOffered('no calls')
  return dumps({ id: 1 })
}
