/**
 * Workers whose loop ends before they begin a call: again and again for one call, which they cannot
 * read, or for whatever comes. No call waits for ever, none is lost for what another one did, and
 * the pool is right again when the cause is gone.
 */
import { rmSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { type Python, WorkerDiedError } from '../../../src/index.ts'
import { refusal } from '../../support/outcome.ts'
import { file, type Placement, start } from '../../support/placement.ts'
import { Places } from '../../support/places.ts'
import { healthy, SOON_MS, states } from '../../support/workers.ts'

const CALLS = file('calls.py').pathname
const SHORT_LIVED = file('short_lived.py').pathname
const IDENTITY = `${CALLS}:identity`
/** A frame that Python makes room for, and that is too small to be lent. */
const LARGE = 'x'.repeat(100_000)

export function shortLifeSuite(place: Placement): void {
  const places = new Places()
  let made = 0
  afterAll(() => places[Symbol.dispose]())

  describe('a call that ends its worker when it is read', () => {
    async function fearful(
      use: (py: Python, exits: unknown[]) => Promise<void>,
      workers = 2,
    ): Promise<void> {
      const py = await start(place, {
        workers,
        initialize: `${SHORT_LIVED}:fears_large_frames`,
        output: 'ignore',
      })
      const exits: unknown[] = []
      py.on('workerExit', (exit) => exits.push(exit))
      try {
        await use(py, exits)
      } finally {
        await py.run(`${SHORT_LIVED}:fears_nothing`).catch(() => {})
        py.destroy()
      }
    }

    it.each([0, 5])(
      'is rejected after three workers, with retry %i, and the others go on',
      async (retry) => {
        await fearful(async (py, exits) => {
          const others = Array.from({ length: 100 }, (_, i) =>
            py.run(IDENTITY, [i], i % 4 === 0 ? { worker: i % 2 } : {}),
          )
          const error = await refusal(() => py.run(IDENTITY, [LARGE], { retry }))
          expect(error).toBeInstanceOf(WorkerDiedError)
          expect(error.message).toContain('before it began the call')
          expect((error as WorkerDiedError).lastWords).toContain('a large frame')
          expect(await Promise.all(others)).toEqual(Array.from({ length: 100 }, (_, i) => i))
          expect(exits).toHaveLength(3)
          await healthy(py, 2)
          expect(py.stats()).toMatchObject({ replaced: 3, callbacks: 0, objects: 0 })
        })
      },
    )

    it('is rejected after three workers when it is named for one, or a chunk of a map, or has a function', async () => {
      await fearful(async (py, exits) => {
        const calls = [
          () => py.run(IDENTITY, [LARGE], { worker: 1 }),
          () => py.map(IDENTITY, [LARGE], { chunk: 1 }).next(),
          () => py.run(IDENTITY, [LARGE, () => 1]),
        ]
        for (const [i, call] of calls.entries()) {
          expect((await refusal(call)).code).toBe('ERR_PYTHREADS_WORKER_DIED')
          expect(exits).toHaveLength(3 * (i + 1))
          await healthy(py, 2)
        }
        expect(py.stats().callbacks).toBe(0)
      })
    })

    it('of a session ends the session, and one worker', async () => {
      await fearful(async (py, exits) => {
        const session = await py.session()
        const calls = [LARGE, 'small'].map((text) => refusal(() => session.run(IDENTITY, [text])))
        for (const error of await Promise.all(calls))
          expect(error.code).toBe('ERR_PYTHREADS_WORKER_DIED')
        await session.close()
        await healthy(py, 2)
        expect(exits).toHaveLength(1)
      })
    })

    it('of exec is rejected, and not made again in the workers that come', async () => {
      await fearful(async (py, exits) => {
        await py.exec('kept = 1')
        const error = await refusal(() => py.exec(`x = ${JSON.stringify(LARGE)}`))
        expect(error.code).toMatch(/^ERR_PYTHREADS_WORKER_(DIED|START)$/)
        await healthy(py, 1)
        expect(await py.eval('kept')).toBe(1)
        expect(exits.length).toBeLessThanOrEqual(3)
      }, 1)
    })
  })

  describe('a value that no frame can hold', () => {
    it('is the error of its call, of a coroutine and of a callback, and the worker goes on', async () => {
      await using py = await start(place, { workers: 1, output: 'ignore' })
      const module = await py.import(SHORT_LIVED)
      const before = await py.run<number>(`${SHORT_LIVED}:has_small_frames`, [90_000])
      try {
        for (const name of ['large', 'large_later']) {
          const error = await refusal(() => py.run(`${SHORT_LIVED}:${name}`, [100_000]))
          expect(error).toMatchObject({ code: 'ERR_PYTHREADS_VALUE' })
          expect(await py.run(`${SHORT_LIVED}:${name}`, [70_000])).toEqual(['x'.repeat(70_000)])
        }
        const called: unknown[] = []
        const call = (length: number) =>
          py.eval`(lambda f: f(['x' * ${length}]))(${(text: string[]) => called.push(text[0]?.length)})`
        await expect(call(100_000)).rejects.toMatchObject({ type: 'TooLargeError' })
        await call(70_000)
        expect(called).toEqual([70_000])
      } finally {
        await py.run(`${SHORT_LIVED}:has_small_frames`, [before])
      }
      expect(py.stats()).toMatchObject({ replaced: 0, running: 0 })
      expect(module).toBeDefined()
    })

    it('is refused before it is sent, where memory is not lent by its address', async () => {
      await using py = await start(place, { workers: 1, sharedMemoryMb: 1 })
      const zeros = new Uint8Array(2 ** 31 + 1) // which takes no memory before it is looked at
      const sent = py.run(`${CALLS}:size`, [zeros.subarray(1)])
      if (place.isolation === 'process') {
        expect(await refusal(() => sent)).toMatchObject({ code: 'ERR_PYTHREADS_VALUE' })
        expect(py.stats().memory.lent).toBe(0)
      } else {
        expect(await sent).toBe(2 ** 31)
      }
      expect(await py.run(IDENTITY, [1])).toBe(1)
      expect(py.stats()).toMatchObject({ running: 0, queued: 0, replaced: 0 })
    })
  })

  describe('a worker that ends again and again', () => {
    it('before it begins a call makes calls fail with the reason, and return when that is over', async () => {
      const path = places.path(`cause ${++made}`)
      const initialize = { target: `${SHORT_LIVED}:ends_while_there_is`, args: [path] }
      await using py = await start(place, { workers: 1, initialize, output: 'ignore' })
      let exits = 0
      py.on('workerExit', () => exits++)
      expect(await py.run(IDENTITY, [1])).toBe(1)
      places.file(`cause ${made}`, '')
      const calls = Array.from({ length: 20 }, (_, i) => refusal(() => py.run(IDENTITY, [i])))
      const session = refusal(() => py.session().then((one) => one.eval('1')))
      for (const error of await Promise.all(calls)) {
        expect(error.code).toBe('ERR_PYTHREADS_WORKER_DIED')
        expect((error as WorkerDiedError).lastWords).toContain('the file is there')
      }
      expect((await session).code).toBe('ERR_PYTHREADS_WORKER_DIED')
      expect(exits).toBeLessThan(10)
      expect((await refusal(() => py.run(IDENTITY, [1], { worker: 0 }))).code).toBe(
        'ERR_PYTHREADS_WORKER_DIED',
      )
      await expect.poll(() => states(py), { timeout: SOON_MS }).toEqual(['down'])
      rmSync(path)
      expect(await py.run(IDENTITY, ['back'])).toBe('back')
      await healthy(py, 1)
    })

    it('while the other one lives leaves calls to that one', async () => {
      const path = places.path(`cause ${++made}`)
      await using py = await start(place, { workers: 2, output: 'ignore' })
      places.file(`cause ${made}`, '')
      await py.run(`${SHORT_LIVED}:ends_while_there_is`, [path], { worker: 1 })
      const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => py.run(IDENTITY, [i])))
      expect(answers).toEqual(Array.from({ length: 50 }, (_, i) => i))
      rmSync(path)
      await healthy(py, 2)
    })
  })
}
