/** How many workers there are, what each does first, and who is told. */
import { readFileSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import type { Python, RemoteObject } from '../../../src/index.ts'
import { refusal } from '../../support/outcome.ts'
import { file, type Placement, start } from '../../support/placement.ts'
import { Places } from '../../support/places.ts'
import { kill, SOON_MS, states } from '../../support/workers.ts'

const CALLS = file('calls.py').pathname
const DYING = file('dying.py').pathname
const SLEEP = `${CALLS}:sleep`

export function elasticSuite(place: Placement): void {
  const places = new Places()
  let made = 0
  const fresh = () => places.path(`file ${++made}`)
  afterAll(() => places[Symbol.dispose]())

  describe('a pool of an elastic size', () => {
    it('starts with its minimum of workers, has more when calls wait, and never more than its maximum', async () => {
      await using py = await start(place, { workers: { min: 1, max: 3, idleMs: 60_000 } })
      expect(states(py)).toEqual(['idle', 'stopped', 'stopped'])
      await busyUntil(py, 3)
      await expect.poll(() => states(py)).toEqual(['idle', 'idle', 'idle'])
      expect(py.stats()).toMatchObject({ replaced: 0, recycled: 0, queued: 0, running: 0 })
    })

    it('does not grow for calls that need not wait', async () => {
      await using py = await start(place, { workers: { min: 1, max: 3 } })
      for (let i = 0; i < 100; i++) await py.run(`${CALLS}:identity`, [i])
      expect(states(py)).toEqual(['idle', 'stopped', 'stopped'])
    })

    it('grows for a worker that is named, and for sessions', async () => {
      await using py = await start(place, { workers: { min: 1, max: 3 } })
      expect(await py.run(`${CALLS}:identity`, ['named'], { worker: 2 })).toBe('named')
      expect(states(py)).toEqual(['idle', 'stopped', 'idle'])
      const sessions = await Promise.all([py.session(), py.session(), py.session()])
      expect(new Set(sessions.map(({ worker }) => worker))).toEqual(new Set([0, 1, 2]))
      await Promise.all(sessions.map((session) => session.close()))
    })

    it('shrinks when workers are idle, never below the fewest', async () => {
      await using py = await start(place, { workers: { min: 2, max: 4, idleMs: 150 } })
      let least = 4
      for (let round = 0; round < 3; round++) {
        await busyUntil(py, 4)
        await expect.poll(() => serving(py), { timeout: SOON_MS }).toBe(2)
        const end = performance.now() + 500
        while (performance.now() < end) {
          least = Math.min(least, serving(py))
          await sleep(20)
        }
      }
      expect(least).toBe(2)
      expect(py.stats()).toMatchObject({ recycled: 0, replaced: 0 })
    })

    it('does not end a worker that is idle for less than `idleMs`', async () => {
      await using py = await start(place, { workers: { min: 1, max: 2, idleMs: 800 } })
      await Promise.all([py.run(SLEEP, [0.1]), py.run(SLEEP, [0.1], { worker: 1 })])
      for (let i = 0; i < 6; i++) {
        await sleep(250)
        await Promise.all([0, 1].map((worker) => py.run(`${CALLS}:identity`, [i], { worker })))
      }
      expect(serving(py)).toBe(2)
      await expect.poll(() => serving(py), { timeout: SOON_MS }).toBe(1)
    })

    it('loses no call that comes at the moment when a worker ends', async () => {
      await using py = await start(place, { workers: { min: 1, max: 3, idleMs: 10 } })
      let answered = 0
      for (let i = 0; i < 60; i++) {
        const calls = Array.from({ length: 5 }, (_, n) =>
          py.run(`${CALLS}:identity`, [n], n === 0 ? { worker: i % 3 } : {}),
        )
        expect(await Promise.all(calls)).toEqual([0, 1, 2, 3, 4])
        answered += 5
        await sleep(i % 25)
      }
      await expect
        .poll(() => py.stats())
        .toMatchObject({ calls: answered, queued: 0, running: 0, replaced: 0 })
    })

    it('keeps a worker that has a session, a coroutine or objects', async () => {
      await using py = await start(place, { workers: { min: 1, max: 3, idleMs: 50 } })
      const sessions = [await py.session(), await py.session()]
      for (const [i, session] of sessions.entries()) await session.exec(`mine = ${i}`)
      const coroutine = py.run('asyncio:sleep', [0.6, 'awake'], { worker: 2 })
      const object = await py.run<RemoteObject>('itertools:count', [], { worker: 2 })
      await sleep(500)
      expect(await Promise.all(sessions.map((session) => session.eval('mine')))).toEqual([0, 1])
      expect(await coroutine).toBe('awake')
      for (const session of sessions) await session.close()
      expect(await py.run('builtins:next', [object])).toBe(0)
      object.$dispose()
      await expect.poll(() => serving(py), { timeout: SOON_MS }).toBe(1)
    })

    it('gives workers that come later what exec defined', async () => {
      await using py = await start(place, { workers: { min: 1, max: 3, idleMs: 100 } })
      await py.exec('early = 1')
      for (let round = 0; round < 3; round++) {
        const calls = Array.from({ length: 9 }, () =>
          py.eval('[early, __import__("time").sleep(0.1)][0]'),
        )
        expect(await Promise.all(calls)).toEqual(Array(9).fill(1))
        await expect.poll(() => serving(py), { timeout: SOON_MS }).toBe(1)
      }
    })

    it('gives workers that are about to come what exec defines meanwhile', async () => {
      await using py = await start(place, {
        workers: { min: 1, max: 2 },
        initialize: { target: SLEEP, args: [0.5] },
      })
      const other = py.run(`${CALLS}:identity`, [1], { worker: 1 })
      await expect.poll(() => states(py)[1]).toBe('starting')
      await sleep(300)
      await py.exec('meanwhile = 2')
      await other
      expect(
        await Promise.all([0, 1].map((worker) => py.run('builtins:len', [[worker]], { worker }))),
      ).toEqual([1, 1])
      const both = Array.from({ length: 2 }, () =>
        py.eval('[meanwhile, __import__("time").sleep(0.3)][0]'),
      )
      expect(await Promise.all(both)).toEqual([2, 2])
    })
  })

  describe('resizing', () => {
    it('starts those that are missing before it resolves, and ends the others', async () => {
      await using py = await start(place, { workers: 1 })
      await py.resize(4)
      expect(states(py)).toEqual(Array(4).fill('idle'))
      expect(await py.run(`${CALLS}:identity`, [1], { worker: 3 })).toBe(1)
      await py.resize(2)
      await expect.poll(() => states(py)).toEqual(['idle', 'idle'])
      expect(await refusal(() => py.run(`${CALLS}:identity`, [1], { worker: 3 }))).toMatchObject({
        code: 'ERR_PYTHREADS_OPTION',
      })
      await py.resize({ min: 1, max: 3, idleMs: 50 })
      await expect
        .poll(() => states(py).toSorted(), { timeout: SOON_MS })
        .toEqual(['idle', 'stopped', 'stopped'])
      expect(py.stats()).toMatchObject({ replaced: 0, recycled: 0 })
    })

    it('up and down under load loses no call', async () => {
      await using py = await start(place, { workers: 2 })
      const end = performance.now() + 2_500
      let calls = 0
      const caller = async (number: number) => {
        while (performance.now() < end) {
          const id = calls++
          const seconds = number % 5 === 0 ? 0.005 : 0
          expect(
            await (seconds > 0 ? py.run(SLEEP, [seconds]) : py.run(`${CALLS}:identity`, [id])),
          ).toBe(seconds > 0 ? seconds : id)
        }
      }
      const callers = Promise.all(Array.from({ length: 20 }, (_, number) => caller(number)))
      for (let i = 0; performance.now() < end; i++) {
        await py.resize([4, 1, 3, 2, 1, 4][i % 6] as number)
        await sleep(60)
      }
      await callers
      await py.resize(3)
      await expect.poll(() => states(py)).toEqual(['idle', 'idle', 'idle'])
      await expect
        .poll(() => py.stats())
        .toMatchObject({ calls, errors: 0, running: 0, queued: 0, replaced: 0 })
    })

    it('waits for what a worker has, and for the calls that name it', async () => {
      const py = await start(place, { workers: 3 })
      try {
        const calls = Array.from({ length: 9 }, (_, i) =>
          py.run(SLEEP, [0.05 + i / 1000], { worker: i % 3 }),
        )
        const answers = Promise.all(calls)
        answers.catch(() => {}) // when the pool is destroyed below
        await py.resize(1)
        expect(await Promise.race([answers, sleep(SOON_MS, 'lost')])).toEqual(
          Array.from({ length: 9 }, (_, i) => 0.05 + i / 1000),
        )
        await expect.poll(() => states(py)).toEqual(['idle'])
      } finally {
        py.destroy()
      }
    })

    it('waits for sessions and objects', async () => {
      await using py = await start(place, { workers: 2 })
      await py.run(SLEEP, [0.01])
      const sessions = [await py.session(), await py.session()]
      for (const [i, session] of sessions.entries()) await session.exec(`mine = ${i}`)
      await py.resize(1)
      expect(await Promise.all(sessions.map((session) => session.eval('mine')))).toEqual([0, 1])
      for (const session of sessions) await session.close()
      await expect.poll(() => states(py), { timeout: SOON_MS }).toEqual(['idle'])
    })

    it('down while workers still start leaves the number that was asked for', async () => {
      await using py = await start(place, { workers: 1 })
      await Promise.all([py.resize(4), py.resize(1)])
      await expect.poll(() => states(py), { timeout: SOON_MS }).toEqual(['idle'])
      await Promise.all([py.resize(3), py.resize(1), py.resize(2)])
      await expect.poll(() => states(py), { timeout: SOON_MS }).toEqual(['idle', 'idle'])
    })

    it('twice at once: both resolve when the workers are there', async () => {
      await using py = await start(place, { workers: 1 })
      void py.resize(3)
      await py.resize(3)
      expect(states(py)).toEqual(['idle', 'idle', 'idle'])
    })

    it('refuses what is no number of workers, and refuses in a closed pool', async () => {
      const py = await start(place, { workers: 1 })
      for (const wrong of [0, 1.5, -1, { min: 2, max: 1 }, { min: 0, max: 1 }]) {
        expect(await refusal(() => py.resize(wrong))).toMatchObject({
          code: 'ERR_PYTHREADS_OPTION',
        })
      }
      await py.close()
      expect(await refusal(() => py.resize(2))).toMatchObject({ code: 'ERR_PYTHREADS_CLOSED' })
    })

    it('that fails because a worker does not start says why, and the pool has those that it should have later', async () => {
      const [attempts, cause] = [fresh(), places.file('cause', '')]
      const source = `import os
with open(${JSON.stringify(attempts)}, "a") as file: file.write("x")
if os.path.exists(${JSON.stringify(cause)}) and len(open(${JSON.stringify(attempts)}).read()) > 1: raise LookupError("not now")`
      await using py = await start(place, {
        workers: 1,
        initialize: { target: 'builtins:exec', args: [source] },
      })
      await expect(py.resize(2)).rejects.toMatchObject({ type: 'LookupError' })
      rmSync(cause)
      await expect.poll(() => states(py), { timeout: SOON_MS }).toEqual(['idle', 'idle'])
    })
  })

  describe('what every worker does first', () => {
    it.each([
      ['a string', `${CALLS}:count`],
      ['with arguments', { target: `${CALLS}:echo`, args: [1, { a: [2] }], kwargs: { b: 3 } }],
    ])('is a function: %s', async (_, initialize) => {
      await using py = await start(place, { workers: 2, initialize })
      if (typeof initialize !== 'string') return expect(await py.eval('1')).toBe(1)
      const counts = await Promise.all(
        [0, 1].map((worker) => py.run<number>(`${CALLS}:count`, [], { worker })),
      )
      // Once in each worker: where they share an interpreter, they count together.
      expect(counts).toEqual(
        place.isolation === 'thread' ? [expect.any(Number), expect.any(Number)] : [2, 2],
      )
    })

    it('gets its arguments, and happens before any other call, in every worker', async () => {
      const path = fresh()
      const initialize = { target: `${DYING}:mark`, args: [path], kwargs: { text: 'started' } }
      await using py = await start(place, { workers: 2, initialize })
      const starts = () => readFileSync(path, 'utf8').trim().split('\n')
      expect(starts()).toEqual(['started', 'started'])
      await py.resize(3)
      expect(starts()).toHaveLength(3)
    })

    it('happens in workers that replace others', async () => {
      const path = fresh()
      await using py = await start(place, {
        workers: 1,
        initialize: { target: `${DYING}:mark`, args: [path, 'started'] },
      })
      if (place.isolation !== 'process') return expect(readFileSync(path, 'utf8')).toBe('started\n')
      kill(py, 0)
      await expect.poll(() => states(py), { timeout: SOON_MS }).toEqual(['idle'])
      await expect.poll(() => readFileSync(path, 'utf8')).toBe('started\nstarted\n')
    })

    it('may be a coroutine function', async () => {
      await using py = await start(place, {
        workers: 2,
        initialize: { target: 'asyncio:sleep', args: [0.05] },
      })
      expect(await py.eval('1')).toBe(1)
    })

    it('that raises is the error of the start', async () => {
      const initialize = { target: `${DYING}:raises`, args: ['not me'] }
      const error = await refusal(() => start(place, { workers: 2, initialize }))
      expect(error).toMatchObject({ code: 'ERR_PYTHREADS_PYTHON', type: 'LookupError' })
      expect(error.message).toContain('not me')
    })

    it('that is not there is the error of the start', async () => {
      expect(await refusal(() => start(place, { initialize: 'no_such_module:f' }))).toMatchObject({
        code: 'ERR_PYTHREADS_MODULE_NOT_FOUND',
      })
      expect(await refusal(() => start(place, { initialize: 'json:no_such' }))).toMatchObject({
        code: 'ERR_PYTHREADS_ATTRIBUTE_NOT_FOUND',
      })
    })

    it.each([
      5,
      'json',
      { target: 'json:dumps', arg: [] },
      { args: [] },
      { target: 'json:dumps', args: 5 },
    ])('has to be a function: %o', async (initialize) => {
      const error = await refusal(() => start(place, { initialize: initialize as never }))
      expect(error.code).toMatch(/^ERR_PYTHREADS_(OPTION|UNKNOWN_OPTION|ARGUMENT)$/)
    })

    it('comes after `preload`, also in workers that come later', async () => {
      const module = places.file('preloaded_first.py', 'import sys\nsys.ours = "preloaded"\n')
      const initialize = {
        target: 'builtins:exec',
        args: ['import sys; sys.ours += " initialized"'],
      }
      await using py = await start(place, { workers: 1, preload: [module], initialize })
      expect(await py.eval('__import__("sys").ours')).toBe('preloaded initialized')
      await py.resize(2)
      expect(await py.run('builtins:eval', ['__import__("sys").ours'], { worker: 1 })).toMatch(
        /^preloaded initialized/,
      )
    })
  })
}

/** How many workers can take calls. */
function serving(py: Python): number {
  return states(py).filter((state) => state === 'idle' || state === 'busy').length
}

/**
 * Makes more calls than workers can take, until there are so many workers; each of them has had one
 * then.
 */
async function busyUntil(py: Python, workers: number): Promise<void> {
  const end = performance.now() + 3 * SOON_MS
  const caller = async () => {
    while (serving(py) < workers && performance.now() < end)
      expect(await py.run(SLEEP, [0.05])).toBe(0.05)
  }
  await Promise.all(Array.from({ length: 3 * workers }, caller))
  expect(serving(py)).toBe(workers)
  await Promise.all(
    Array.from({ length: workers }, (_, worker) => py.run(SLEEP, [0.01], { worker })),
  )
}
