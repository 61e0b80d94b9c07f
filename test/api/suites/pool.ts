import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Python, PythonError } from '../../../src/index.ts'
import { shared } from '../../support/arrays.ts'
import { refusal } from '../../support/outcome.ts'
import { file, type Placement, start } from '../../support/placement.ts'
import { pythons } from '../../support/pythons.ts'
import { SOON_MS } from '../../support/workers.ts'

const CALLS = file('calls.py').pathname
const SLEEP = `${CALLS}:sleep`

/** The life of a pool: what it counts, how much it takes on, how it ends. */
export function poolSuite(place: Placement): void {
  describe('a pool', () => {
    it('says what it is and what it has done', async () => {
      // Arrays of earlier tests, which are this thread's, too.
      await using earlier = await start(place)
      const rest = async () => {
        const { lent, usedMb } = await shared(earlier)
        return { lent, usedMb }
      }
      await expect.poll(rest, { timeout: SOON_MS }).toEqual({ lent: 0, usedMb: 0 })
      await earlier.close()
      await using py = await start(place, { workers: 3 })
      const python = pythons.find(({ executable }) => executable === place.python)
      const idle = (worker: number) => ({
        ...{
          worker,
          state: 'idle',
          pid: expect.any(Number),
          calls: 0,
          errors: 0,
          busyMs: 0,
          cpuMs: 0,
        },
        ...{
          ageMs: expect.any(Number),
          utilisation: 0,
          memoryMb: place.isolation === 'process' ? expect.any(Number) : null,
        },
      })
      const noTimes = { count: 0, mean: 0, p50: 0, p90: 0, p99: 0, max: 0 }
      expect(py.stats()).toEqual({
        name: py.name,
        python: {
          executable: place.python,
          version: python?.release,
          freeThreaded: python?.freeThreaded,
          source: 'the option `python`',
          passedOver: [],
        },
        isolation: place.isolation,
        reasons: [`${place.isolation}: asked for by name`],
        workers: [idle(0), idle(1), idle(2)],
        ...{
          queued: 0,
          running: 0,
          calls: 0,
          errors: 0,
          replaced: 0,
          recycled: 0,
          wedged: 0,
          objects: 0,
          callbacks: 0,
        },
        memory: {
          lent: 0,
          borrowed: expect.any(Number),
          usedMb: 0,
          residentMb: expect.any(Number),
        },
        ...{ queueTimes: noTimes, runTimes: noTimes },
        gil: {
          ...{
            enabled: python?.freeThreaded === false,
            enabledBy: null,
            pythonMs: 0,
            waitingMs: 0,
            outsideMs: 0,
            waitingShare: 0,
          },
          ...{ isBound: false, advice: null },
        },
      })
      const calls = Array.from({ length: 5 }, () => py.run(SLEEP, [0.1]))
      expect(py.stats()).toMatchObject({ running: 3, queued: 2, calls: 3 })
      expect(py.stats().workers.map(({ state }) => state)).toEqual(['busy', 'busy', 'busy'])
      await Promise.all(calls)
      await py.run('json:loads', ['{']).catch(() => {})
      expect(py.stats()).toMatchObject({ running: 0, queued: 0, calls: 6, errors: 1, replaced: 0 })
    })

    it('gives each call to an idle worker: a short one does not wait behind a long one', async () => {
      await using py = await start(place)
      let ended = false
      const long = py.run(SLEEP, [1]).then(() => {
        ended = true
      })
      for (let i = 0; i < 20; i++) await py.eval('1')
      expect(ended).toBe(false)
      await long
    })

    it('may begin with errors and modules that each of its workers needs for the first time, all at once', async () => {
      for (let round = 0; round < 3; round++) {
        const workers = 6
        await using py = await start(place, { workers })
        const all = (call: (worker: number) => Promise<unknown>) =>
          Promise.all(Array.from({ length: workers }, (_, worker) => call(worker)))
        const times = all((worker) =>
          py.run('calendar:timegm', [[2026, 1, 1, 0, 0, 0]], { worker }),
        )
        const values = all(() => py.eval('sum(range(100_000))'))
        const errors = await all((worker) => refusal(() => py.run('json:loads', ['{'], { worker })))
        for (const error of errors)
          expect((error as PythonError).traceback).toContain('self.scan_once(s, idx)')
        expect(await values).toEqual(Array(workers).fill(4_999_950_000))
        expect(await times).toEqual(Array(workers).fill(Date.UTC(2026, 0, 1) / 1000))
      }
    })

    it('runs a call once that stood behind one that turned out to be long, however large it is', async () => {
      await using py = await start(place)
      const source = `
        import time
        log = []
        def work(number, data, seconds):
            time.sleep(seconds)
            log.append(number)
            return number
        def take():
            return log
      `
      await py.module(source, 'once_only')
      // more than a socket takes: what is taken back may be half sent
      const data = new Uint8Array(400_000)
      const work = (number: number, seconds: number) =>
        py.run('once_only:work', [number, data, seconds])
      for (let i = 0; i < 40; i++) await work(-1, 0) // it becomes known as short
      const numbers = Array.from({ length: 31 }, (_, i) => i)
      expect(await Promise.all(numbers.map((i) => work(i, i === 0 ? 0.3 : 0)))).toEqual(numbers)
      const workers = place.isolation === 'thread' ? [0] : [0, 1]
      const logs = await Promise.all(
        workers.map((worker) => py.run<number[]>('once_only:take', [], { worker })),
      )
      const seen = logs.flat().filter((number) => number >= 0)
      expect(seen.sort((one, other) => one - other)).toEqual(numbers)
    })

    it('runs the calls that wait in the order in which they were made', async () => {
      await using py = await start(place, { workers: 1 })
      const order: number[] = []
      const calls = Array.from({ length: 50 }, async (_, i) => {
        const options = i % 3 === 0 ? { worker: 0 } : {}
        order.push((await py.run<number>(`${CALLS}:identity`, [i], options)) as number)
      })
      await Promise.all(calls)
      expect(order).toEqual(Array.from({ length: 50 }, (_, i) => i))
    })

    it('refuses a call when its queue is full, and takes one when there is room', async () => {
      await using py = await start(place, { workers: 1, maxQueue: 2 })
      const taken = Array.from({ length: 3 }, () => py.run(SLEEP, [0.1]))
      for (const call of [
        () => py.run(SLEEP, [0]),
        () => py.eval('1'),
        () => py.import('json'),
        () => py.import('math').pi,
      ]) {
        expect(await refusal(call)).toMatchObject({ code: 'ERR_PYTHREADS_QUEUE_FULL' })
      }
      expect(await Promise.all(taken)).toEqual([0.1, 0.1, 0.1])
      expect(await py.run(SLEEP, [0])).toBe(0)
      expect(py.stats().queued).toBe(0)
    })

    it('without a queue takes a call for each idle worker', async () => {
      await using py = await start(place, { maxQueue: 0 })
      const calls = [py.run(SLEEP, [0.2], { worker: 0 })]
      expect(await refusal(() => py.run(SLEEP, [0], { worker: 0 }))).toMatchObject({
        code: 'ERR_PYTHREADS_QUEUE_FULL',
      })
      calls.push(py.run(SLEEP, [0.2], { worker: 1 }))
      expect(await refusal(() => py.run(SLEEP, [0]))).toMatchObject({
        code: 'ERR_PYTHREADS_QUEUE_FULL',
      })
      const executed = py.exec('defined = 1')
      await Promise.all([...calls, executed])
      expect(await py.eval('defined')).toBe(1)
    })

    it('that is closed waits for the calls that were made, and takes no more', async () => {
      const py = await start(place)
      const calls = Array.from({ length: 6 }, () => py.run(SLEEP, [0.05]))
      let done = 0
      for (const call of calls) void call.then(() => done++)
      const closed = py.close()
      await expectClosed(py)
      await closed
      expect(done).toBe(6)
      await py.close()
      await expectClosed(py)
    })

    it('that is destroyed rejects the calls that were made, with the reason', async () => {
      const py = await start(place)
      const reason = new Error('enough')
      const calls = Array.from({ length: 5 }, () => refusal(() => py.run(SLEEP, [3])))
      calls.push(refusal(() => py.run(SLEEP, [3], { worker: 1 })))
      await sleep(20)
      const begin = performance.now()
      py.destroy(reason)
      for (const call of calls)
        expect(await call).toMatchObject({ code: 'ERR_PYTHREADS_DESTROYED', cause: reason })
      expect(performance.now() - begin).toBeLessThan(2_000)
      py.destroy()
      await py.close()
      await expectClosed(py)
      expect(py.stats()).toMatchObject({ running: 0, queued: 0 })
    })

    it('that is destroyed while it closes does not wait any longer', async () => {
      const py = await start(place)
      const call = refusal(() => py.run(SLEEP, [5]))
      const closed = py.close()
      py.destroy('now')
      expect(await call).toMatchObject({ code: 'ERR_PYTHREADS_DESTROYED' })
      const begin = performance.now()
      await closed
      expect(performance.now() - begin).toBeLessThan(2_000)
    })

    it('may be closed while threads go on that its calls started', async () => {
      for (let turn = 0; turn < 5; turn++) {
        const py = await start(place, { workers: 2 })
        const sleeper =
          'import threading, time\nthreading.Thread(target=time.sleep, args=(0.2,), daemon=True).start()'
        await Promise.all(
          [0, 1].map((worker) => py.run('builtins:exec', [sleeper, {}], { worker })),
        )
        await py.run('asyncio:sleep', [0.01])
        await py.close()
      }
      await sleep(400)
      await using py = await start(place, { workers: 1 })
      expect(await py.run('builtins:len', ['abc'])).toBe(3)
    })

    it('closes at the end of its block', async () => {
      let kept: Python | undefined
      {
        await using py = await start(place, { workers: 1 })
        kept = py
        expect(await py.eval('1')).toBe(1)
      }
      await expectClosed(kept)
    })

    it('can be one of several, and started again and again', async () => {
      const one = await start(place, { workers: 1 })
      const two = await start(place, { workers: 3 })
      const answers = [one, two].flatMap((py) =>
        Array.from({ length: 20 }, (_, i) => py.run(`${CALLS}:identity`, [i])),
      )
      expect(await Promise.all(answers)).toEqual(Array.from({ length: 40 }, (_, i) => i % 20))
      await one.close()
      expect(await two.eval('1')).toBe(1)
      await two.close()
      for (let i = 0; i < 5; i++) {
        await using py = await start(place, { workers: 1 })
        expect(await py.eval`${i}`).toBe(i)
      }
    })

    it('of several that start at once is as good as any', async () => {
      const pools = await Promise.all([1, 2, 3].map((workers) => start(place, { workers })))
      expect(await Promise.all(pools.map((py, i) => py.eval`${i}`))).toEqual([0, 1, 2])
      await Promise.all(pools.map((py) => py.close()))
    })
  })
}

async function expectClosed(py: Python): Promise<void> {
  const uses = [
    () => py.run('json:dumps', [1]),
    () => py.eval('1'),
    () => py.exec('1'),
    () => py.import('json'),
    () => py.import('json').dumps?.(1),
    () => py.import('math').pi,
    () => py.map('json:dumps', [1]).next(),
    () => py.sync.eval('1'),
  ]
  for (const use of uses) expect(await refusal(use)).toMatchObject({ code: 'ERR_PYTHREADS_CLOSED' })
}
