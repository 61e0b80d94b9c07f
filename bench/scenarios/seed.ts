// Question: 20 callers share a Python. What does a lock of one's own around every call cost, and
// what is it good for? Isolates: the lock: the same calls with and without it. `json.dumps` alone,
// where the GIL lets in one at a time anyway; `slow`: and 1 ms of waiting, as for a database, which
// the lock keeps all others from. `threads`: 20 worker_threads that wait for their results. Trust:
// the ratio of a pair in the same round.
import { type Engine, offered } from '../lib/engine.ts'
import { check, rateAsync } from '../lib/measure.ts'
import type { Scenario } from '../lib/scenario.ts'

const CALLERS = 20

type Call = (value: object) => Promise<unknown>

export const scenario: Scenario = {
  name: 'seed',
  question: '20 callers, with and without a lock of their own',
  metrics: {
    callers: { unit: '/s', better: 'more' },
    'callers, locked': { unit: '/s', better: 'more' },
    slow: { unit: '/s', better: 'more' },
    'slow, locked': { unit: '/s', better: 'more' },
    threads: { unit: '/s', better: 'more' },
    'threads, locked': { unit: '/s', better: 'more' },
  },
  rounds: 2,
  peerRounds: 1,
  async run({ open, ms }) {
    const engine = await open(CALLERS)
    const call = offered(engine, engine.call, 'asynchronous calls')
    const measure = async (dumps: Call) =>
      await rateAsync(ms, CALLERS, async (id) => check(await dumps({ id }), id))
    const results: Record<string, number> = {
      callers: await measure(call('dumps')),
      'callers, locked': await measure(locked(call('dumps'))),
      slow: await measure(call('dumps_slowly')),
      'slow, locked': await measure(locked(call('dumps_slowly'))),
    }
    await engine.close()
    return { ...results, ...(await ofThreads(engine, ms)) }
  },
}

async function ofThreads(engine: Engine, ms: number): Promise<Record<string, number>> {
  if (engine.threads === undefined) return {}
  return {
    threads: await engine.threads(CALLERS, ms, false),
    'threads, locked': await engine.threads(CALLERS, ms, true),
  }
}

/** One call at a time: the semaphore of the question. */
function locked(call: Call): Call {
  let last: Promise<unknown> = Promise.resolve()
  return (value) => {
    const answer = last.then(() => call(value))
    last = answer
    return answer
  }
}
