/**
 * Large arrays through worker processes, there and back: every byte is right, whoever dies
 * meanwhile, and nothing is left of them: no loan, no memory, no file.
 *
 * A host process (test/fixtures/arrays-transfers.ts) looks at its memory ten times while no call
 * runs. PYTHREADS_TRANSFERS sets the number of calls with 64 MB (16 in the quick suite); 1000 is
 * for changes of what is lent. `wrong`: other bytes, or another error than that of a worker that
 * died. `returned`: loans that nobody gave back. `mappings`: memory of workers that stayed mapped
 * after the pool was closed.
 */
import { describe, expect, it } from 'vitest'
import { startFixture } from '../support/child.ts'
import { endingOf } from '../support/ending.ts'
import { placements } from '../support/pythons.ts'
import { scaled } from '../support/scale.ts'

const TRANSFERS = Number(process.env['PYTHREADS_TRANSFERS'] ?? scaled(20, 60))
const LARGEST_MB = scaled(16, 64)
const PATIENCE_MS = 300_000 + TRANSFERS * 5_000
const MODULE = new URL('../python/arrays.py', import.meta.url).pathname
/** From the fifth look on, when as much free memory is kept as ever will be. */
const FIRST = 4
/** One array more or less. */
const NOISE_MB = 80

async function transfer(args: object) {
  const { code, signal, stdout, stderr } = await endingOf(
    startFixture('arrays-transfers', [JSON.stringify(args)]),
    PATIENCE_MS,
  )
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
  const { counts, sizes, seconds, left, ...report } = JSON.parse(stdout)
  if (process.env['PYTHREADS_TRANSFERS'] !== undefined)
    console.log({ counts, sizes, seconds, left })
  // The file that this process lends from stays mapped, in one piece.
  expect(report).toEqual({
    wrong: [],
    returned: true,
    idle: true,
    answers: [0, 1, 2, 3],
    files: [],
    mappings: 1,
  })
  expect(left).toMatchObject({ lent: 0, borrowed: 0, usedMb: 0, running: 0, queued: 0 })
  const late = (sizes as number[]).slice(FIRST)
  // The least of each half: at some looks arrays have not been collected yet, what leaks is there
  // at all that come after.
  const growth =
    Math.min(...late.slice(late.length / 2)) - Math.min(...late.slice(0, late.length / 2))
  expect(growth, `MB at each look: ${sizes.join(', ')}`).toBeLessThan(NOISE_MB)
  return counts
}

describe.each(placements.filter((place) => place.isolation === 'process'))(
  '$name',
  ({ python }) => {
    it(`passes ${TRANSFERS} arrays of ${LARGEST_MB} MB there and back`, {
      timeout: PATIENCE_MS + 5_000,
    }, async () => {
      const counts = await transfer({
        python,
        module: MODULE,
        calls: TRANSFERS,
        minMb: LARGEST_MB,
        maxMb: LARGEST_MB,
        killEvery: null,
      })
      expect(counts).toMatchObject({ resolved: TRANSFERS, died: 0 })
    })

    it(`passes arrays of 1 to ${LARGEST_MB} MB while workers are killed`, {
      timeout: PATIENCE_MS + 5_000,
    }, async () => {
      const calls = TRANSFERS * 2
      const { resolved, died, kills } = await transfer({
        python,
        module: MODULE,
        calls,
        minMb: 1,
        maxMb: LARGEST_MB,
        killEvery: 4,
      })
      expect(resolved + died).toBe(calls)
      expect(kills).toBeGreaterThan(5)
      expect(died).toBeGreaterThan(0)
      expect(resolved).toBeGreaterThan(died)
      // A worker has one call at a time: that is all it takes along.
      expect(died).toBeLessThanOrEqual(kills)
    })
  },
)
