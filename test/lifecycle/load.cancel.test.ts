/**
 * Calls that are cancelled at random moments, among others that are not, many at once on few
 * workers: every call that is not cancelled gets its own answer and never sees an interrupt, every
 * one that is rejects as such, or has its answer already.
 *
 * A host process for each placement (test/fixtures/load-cancel.ts). `wrong`: an answer that belongs
 * to another call, or an error that nobody asked for. `innocent`: calls that Python interrupted
 * though nobody cancelled them. `atRest`, `callbacks`: what stayed held in the end. "had not
 * ended": a call was lost.
 *
 * PYTHREADS_CANCELS=1000000 sets the number of calls, PYTHREADS_CANCEL_SEED what is random.
 */
import { describe, expect, it } from 'vitest'
import { startFixture } from '../support/child.ts'
import { endingOf } from '../support/ending.ts'
import { placements } from '../support/pythons.ts'
import { scaled } from '../support/scale.ts'

const CALLS = Number(process.env['PYTHREADS_CANCELS'] ?? scaled(2_500, 10_000))
const SEED = Number(process.env['PYTHREADS_CANCEL_SEED'] ?? 1)
const PATIENCE_MS = 240_000 + CALLS * 30

describe.each(placements)('$name', ({ isolation, python }) => {
  it(`returns the right result of each of ${CALLS} calls that is not cancelled`, {
    timeout: PATIENCE_MS + 5_000,
  }, async () => {
    const host = startFixture('load-cancel', [
      JSON.stringify({ isolation, python, calls: CALLS, seed: SEED }),
    ])
    const { code, signal, stdout, stderr } = await endingOf(host, PATIENCE_MS)
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
    const { right, aborted, timedOut, resolvedAllTheSame, interrupted, ...rest } =
      JSON.parse(stdout)
    expect(rest).toEqual({
      ...{ wrong: [], made: CALLS, atRest: true, answered: true, innocent: [] },
      ...{ queued: 0, running: 0, replaced: 0, wedged: 0, callbacks: 0 },
    })
    expect(right + aborted + timedOut + resolvedAllTheSame).toBe(CALLS)
    if (process.env['PYTHREADS_CANCELS'] !== undefined)
      console.log({ right, aborted, timedOut, resolvedAllTheSame, interrupted })
    for (const count of [right, aborted, timedOut, interrupted]) expect(count).toBeGreaterThan(0)
  })
})
