/**
 * A host ends, in any way, while threads of Python read and write arrays that the host lent them:
 * with the status that it would have without Python. Node frees every array when it ends by itself,
 * which is why `src/memory/exit.ts` does not let it come to that.
 *
 * Each run is a process of its own (test/fixtures/arrays-exit.ts). A `signal`: Python read memory
 * that was freed.
 */
import { describe, expect, it } from 'vitest'
import { runFixture, startFixture } from '../support/child.ts'
import { placements } from '../support/pythons.ts'
import { scaled } from '../support/scale.ts'

const RUNS = scaled(2, 20)
const TIMEOUT_MS = scaled(60_000, 300_000)
const AT_A_TIME = 3
const MODULE = new URL('../python/arrays.py', import.meta.url).pathname

const ENDS = {
  'natural end': { code: 0, signal: null },
  'process.exit': { code: 7, signal: null },
  'uncaught error': { code: 1, signal: null },
  SIGTERM: { code: null, signal: 'SIGTERM' },
} as const

describe.each(placements.filter((place) => place.isolation === 'thread'))(
  'the host ends, $name',
  ({ python }) => {
    it.each(Object.keys(ENDS) as (keyof typeof ENDS)[])(
      '%s while Python reads its memory',
      { timeout: TIMEOUT_MS },
      async (end) => {
        const endings: unknown[] = []
        let begun = 0
        const run = async () => {
          while (begun++ < RUNS) {
            const host = startFixture('arrays-exit', [
              JSON.stringify({ python, module: MODULE, end }),
            ])
            await host.printed('Python reads')
            if (end !== 'natural end') host.kill(end === 'SIGTERM' ? 'SIGTERM' : 'SIGUSR2')
            const { code, signal, stdout } = await host.ended
            endings.push({ code, signal, listened: stdout.includes('said goodbye') })
          }
        }
        await Promise.all(Array.from({ length: AT_A_TIME }, run))
        expect(endings).toEqual(Array(RUNS).fill({ ...ENDS[end], listened: end !== 'SIGTERM' }))
      },
    )
  },
)

const alive = [true, false].flatMap((threaded) =>
  [true, false].map((close) => ({ threaded, close })),
)

describe.each(placements)('arrays of each kind are alive, $name', ({ isolation, python }) => {
  it.concurrent.each(alive)(
    'when a thread ends by itself: { threaded: $threaded, close: $close }',
    async (how) => {
      const ended = await runFixture('arrays-alive', [
        JSON.stringify({ isolation, python, module: MODULE, ...how }),
      ])
      const stdout = `${how.threaded ? 'the thread ended: 0\n' : ''}all is held\n`
      expect(ended).toEqual({ code: 0, signal: null, stdout, stderr: '' })
    },
  )
})
