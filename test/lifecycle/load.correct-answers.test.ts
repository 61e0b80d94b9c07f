/**
 * The question that pythreads began with: 20 callers of `json.dumps` at once, at full speed and
 * without a lock. Every one of a million answers (fewer in the quick suite) is the one that belongs
 * to its call, and the pool has counted as many as were made.
 *
 * A host process for each isolation (test/fixtures/load*.ts). A `signal`: Python was entered
 * without its GIL, or from a thread that it did not know. `wrong`: replies went to other calls than
 * their own. "had not ended": a call was lost.
 */
import { describe, expect, it } from 'vitest'
import { startFixture } from '../support/child.ts'
import { endingOf } from '../support/ending.ts'
import { placements } from '../support/pythons.ts'
import { scaled } from '../support/scale.ts'

const CALLERS = 20
const CALLS = scaled(2_000, 50_000)
const SYNC_CALLS = scaled(20_000, 200_000)
/** 15 to 20 s on two cores of their own. */
const PATIENCE_MS = 900_000

async function report(fixture: string, args: object) {
  const { code, signal, stdout, stderr } = await endingOf(
    startFixture(fixture, [JSON.stringify(args)]),
    PATIENCE_MS,
  )
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
  return JSON.parse(stdout)
}

describe.each(placements)('$name', ({ isolation, python }) => {
  it(`returns the right result to 20 callers of ${CALLERS * CALLS} calls`, {
    timeout: PATIENCE_MS + 5_000,
  }, async () => {
    const made = CALLERS * CALLS
    expect(await report('load', { isolation, python, calls: CALLS })).toEqual({
      ...{ right: made, wrong: [] },
      ...{
        counted: made,
        byWorkers: made,
        serving: 20,
        queued: 0,
        running: 0,
        errors: 0,
        replaced: 0,
      },
    })
  })
})

describe.each(placements.filter((place) => place.isolation === 'thread'))(
  '$name',
  ({ isolation, python }) => {
    it(`returns the right result of ${SYNC_CALLS} sync calls`, {
      timeout: PATIENCE_MS + 5_000,
    }, async () => {
      expect(await report('load-sync', { isolation, python, calls: SYNC_CALLS })).toEqual({
        right: SYNC_CALLS,
        wrong: [],
      })
    })
  },
)
