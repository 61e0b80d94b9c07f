/**
 * Workers that are killed under load: every call is answered rightly or told that its worker died,
 * none runs twice, none is forgotten; afterwards the pool is as good as new, and nothing is left
 * when it is closed.
 *
 * A host process (test/fixtures/chaos.ts) for PYTHREADS_CHAOS_S seconds; 3, or 10 in the full
 * suite. "had not ended": a call or the end of the pool was lost. `twice`: a call was sent again
 * that had begun. `left`: what the process still held after `close`.
 */
import { describe, expect, it } from 'vitest'
import { startFixture } from '../support/child.ts'
import { endingOf } from '../support/ending.ts'
import { Places } from '../support/places.ts'
import { placements } from '../support/pythons.ts'
import { scaled } from '../support/scale.ts'

const SECONDS = Number(process.env['PYTHREADS_CHAOS_S'] ?? scaled(3, 10))
const PATIENCE_MS = SECONDS * 1000 + 240_000
const MODULE = new URL('../python/dying.py', import.meta.url).pathname

describe.each(placements.filter((place) => place.isolation === 'process'))(
  '$name',
  ({ python }) => {
    it(`loses no call while a worker is killed every 200 ms`, {
      timeout: PATIENCE_MS + 5_000,
    }, async () => {
      using places = new Places()
      const args = { python, module: MODULE, seconds: SECONDS, path: places.path('calls') }
      const { code, signal, stdout, stderr } = await endingOf(
        startFixture('chaos', [JSON.stringify(args)]),
        PATIENCE_MS,
      )
      expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
      const { counts, ...report } = JSON.parse(stdout)
      if (process.env['PYTHREADS_CHAOS_S'] !== undefined) console.log(counts)
      expect(report).toEqual({
        ...{ wrong: [], twice: 0, answeredWithoutRunning: 0, replaced: true },
        healthy: {
          ...{
            answers: [0, 1, 2, 3],
            states: Array(4).fill('idle'),
            queued: 0,
            running: 0,
            errors: 0,
            objects: 0,
            callbacks: 0,
          },
        },
        left: { children: [], descriptors: [], files: [], resources: [] },
      })
      const { made, resolved, rejected, ran, kills } = counts
      expect(resolved + rejected).toBe(made)
      expect(ran).toBeGreaterThanOrEqual(resolved)
      expect(ran).toBeLessThanOrEqual(made)
      expect(kills).toBeGreaterThan(SECONDS)
      expect(rejected).toBeGreaterThan(0)
      // how many there are is up to the machine: new workers take their time to start
      expect(resolved).toBeGreaterThan(rejected)
    })
  },
)
