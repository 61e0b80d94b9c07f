// Question: what does an exception cost on its way from Python to a `catch`? Isolates: raising,
// carrying over (type, message, traceback where the library has one) and throwing again. Trust: the
// median; compare it with a-sync and b-one-at-a-time of the same library.
import { NotOffered } from '../lib/engine.ts'
import { rate, rateAsync } from '../lib/measure.ts'
import type { Scenario } from '../lib/scenario.ts'

export const scenario: Scenario = {
  name: 'exception',
  question: 'a ValueError caught in JavaScript',
  metrics: {
    sync: { unit: '/s', better: 'more', floor: 'fail' },
    async: { unit: '/s', better: 'more', floor: 'fail' },
  },
  rounds: 3,
  async run({ open, ms }) {
    const engine = await open(1)
    const results: Record<string, number> = {}
    const sync = engine.sync?.('fail')
    if (sync !== undefined) results['sync'] = rate(ms / 2, () => look(caught(sync)))
    const call = engine.call?.('fail')
    if (call !== undefined) {
      results['async'] = await rateAsync(ms / 2, 1, async () =>
        look(
          await call().then(
            () => null,
            (error: unknown) => error,
          ),
        ),
      )
    }
    if (Object.keys(results).length === 0) throw new NotOffered('no calls')
    await engine.close()
    return results
  },
}

function caught(call: () => unknown): unknown {
  try {
    call()
    return null
  } catch (error) {
    return error
  }
}

function look(error: unknown): void {
  const text = error instanceof Error ? `${error.message} ${error.stack}` : String(error)
  if (!text.includes('no such id')) throw new Error(`not what Python raised: ${String(error)}`)
}
