/**
 * Who is told of what happens: listeners, channels of `node:diagnostics_channel`, and whoever asks
 * for statistics.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, describe, expect, it } from 'vitest'
import type { Python } from '../../../src/index.ts'
import { CHANNEL_NAMES, type ChannelName } from '../../../src/observe/index.ts'
import { refusal } from '../../support/outcome.ts'
import { file, type Placement, start } from '../../support/placement.ts'
import { scaled } from '../../support/scale.ts'
import { SOON_MS, states } from '../../support/workers.ts'

const CALLS = file('calls.py').pathname
const SLEEP = `${CALLS}:sleep`
const EVENTS = ['workerStart', 'workerExit', 'workerWedged', 'workerRecycle', 'drain'] as const

type Message = { event: ChannelName; pool: Python } & Record<string, unknown>

export function eventSuite(place: Placement): void {
  const stops: (() => void)[] = []
  afterEach(() => {
    for (const stop of stops.splice(0)) stop()
  })

  /** Listens to all channels. */
  function published(): Message[] {
    const messages: Message[] = []
    for (const [event, name] of Object.entries(CHANNEL_NAMES) as [ChannelName, string][]) {
      const listen = (message: unknown) =>
        messages.push({ event, ...(message as { pool: Python }) })
      subscribe(name, listen)
      stops.push(() => unsubscribe(name, listen))
    }
    return messages
  }

  /** Listens to all events. */
  function told(py: Python): Record<string, unknown>[] {
    const events: Record<string, unknown>[] = []
    for (const event of EVENTS)
      py.on(event, (details: object) => events.push({ event, ...details }))
    return events
  }

  const exits = (worker: number, asked: boolean) => ({
    ...{
      event: 'workerExit',
      worker,
      asked,
      how: expect.any(String),
      lastWords: expect.any(String),
    },
  })
  const starts = (worker: number) => ({
    event: 'workerStart',
    worker,
    ms: expect.any(Number),
    pid: expect.any(Number),
  })

  describe('events', () => {
    it('of workers that come and go, and of the queue, are the same on channels', async () => {
      const messages = published()
      const py = await start(place, { workers: { min: 1, max: 2, idleMs: 100 } })
      const ours = () => messages.filter(({ pool }) => pool === py)
      expect(ours()).toMatchObject([starts(0)])
      const events = told(py)
      await Promise.all([
        py.run(SLEEP, [0.1]),
        py.run(SLEEP, [0.1]),
        py.run(SLEEP, [0.1], { worker: 1 }),
      ])
      await expect
        .poll(() => events.filter(({ event }) => event === 'workerExit').length, {
          timeout: SOON_MS,
        })
        .toBe(1)
      await py.close()
      // A slow machine ends the first worker before the last call has one.
      expect(events.map(({ event }) => event).toSorted()).toEqual([
        'drain',
        'workerExit',
        'workerExit',
        'workerStart',
      ])
      expect(events[0]).toEqual(starts(1))
      const ends = events.filter(({ event }) => event === 'workerExit')
      expect(ends).toMatchObject([
        exits(expect.any(Number) as never, true),
        exits(expect.any(Number) as never, true),
      ])
      const same = ours()
        .slice(1)
        .filter(({ event }) => !event.startsWith('call'))
        .map(({ pool: _, ...details }) => details)
      expect(same).toEqual(events)
    })

    it('have all been emitted when close() is over', async () => {
      for (let round = 0; round < scaled(3, 20); round++) {
        const py = await start(place, { workers: 2 })
        const events = told(py)
        await Promise.all([0, 1].map((worker) => py.run(SLEEP, [0], { worker })))
        await py.close()
        const ends = events.filter(({ event }) => event === 'workerExit')
        expect(ends.map(({ worker }) => worker).toSorted()).toEqual([0, 1])
      }
    })

    it('have all been emitted when close() is over after destroy()', async () => {
      const py = await start(place, { workers: 2 })
      const events = told(py)
      const call = refusal(() => py.run(SLEEP, [0.05]))
      py.destroy()
      await py.close()
      expect(events).toMatchObject([
        exits(expect.any(Number) as never, true),
        exits(expect.any(Number) as never, true),
      ])
      expect((await call).code).toBe('ERR_PYTHREADS_DESTROYED')
    })

    it('of calls say where they ran, what they called and for how long', async () => {
      const messages = published()
      await using py = await start(place, { workers: 1 })
      const [first, second] = [py.run(SLEEP, [0.03]), py.run(SLEEP, [0.01])]
      await Promise.all([first, second])
      const calls = messages.filter(({ event }) => event.startsWith('call'))
      expect(calls.map(({ event }) => event)).toEqual([
        'callStart',
        'callEnd',
        'callStart',
        'callEnd',
      ])
      for (const call of calls) expect(call).toMatchObject({ pool: py, worker: 0, target: SLEEP })
      expect(calls[0]?.['queuedMs']).toBe(0)
      expect(calls[2]?.['queuedMs']).toBeGreaterThan(20)
      expect(calls[1]?.['threadMs']).toBeGreaterThanOrEqual(29)
      expect(calls[3]?.['threadMs']).toBeGreaterThanOrEqual(9)
    })

    it('of calls come in pairs, also for calls that fail, are cancelled, or are coroutines', async () => {
      const messages = published()
      await using py = await start(place, { workers: 2, graceMs: 5_000 })
      const abort = new AbortController()
      const cancelled = refusal(() => py.run(SLEEP, [0.3], { signal: abort.signal }))
      await expect.poll(() => py.stats().running).toBe(1)
      abort.abort()
      await cancelled
      await Promise.allSettled([
        py.run('json:loads', ['{']),
        py.run(`${CALLS}:identity`, [1]),
        py.run('asyncio:sleep', [0.05]),
        py.eval('1 / 0'),
        py.exec('x = 1'),
      ])
      await expect
        .poll(() => py.stats().workers.every(({ state }) => state === 'idle'), { timeout: SOON_MS })
        .toBe(true)
      const count = (name: string) => messages.filter(({ event }) => event === name).length
      await expect.poll(() => count('callEnd'), { timeout: SOON_MS }).toBe(count('callStart'))
      expect(count('callStart')).toBe(place.isolation === 'thread' ? 6 : 7)
    })

    it('of calls cost nothing where nobody listens', async () => {
      await using py = await start(place, { workers: 1 })
      expect(await py.run(`${CALLS}:identity`, [1])).toBe(1)
      expect(py.listenerCount('workerExit')).toBe(0)
    })

    it('drain is emitted each time that the last call which waited has its worker', async () => {
      await using py = await start(place, { workers: 1 })
      let drains = 0
      py.on('drain', () => {
        drains++
        expect(py.stats().queued).toBe(0)
      })
      await py.run(SLEEP, [0.01])
      expect(drains).toBe(0)
      await Promise.all(Array.from({ length: 5 }, () => py.run(SLEEP, [0.01])))
      expect(drains).toBe(1)
      const aborted = new AbortController()
      const running = py.run(SLEEP, [0.2])
      const waiting = refusal(() => py.run(SLEEP, [0.2], { signal: aborted.signal }))
      aborted.abort()
      await waiting
      expect(drains).toBe(2)
      await running
    })

    it('whose listeners throw are errors of the program, not of the pool', async () => {
      const uncaught: unknown[] = []
      const before = process.listeners('uncaughtException')
      const rejections = process.listeners('unhandledRejection')
      process.removeAllListeners('uncaughtException').removeAllListeners('unhandledRejection')
      process.on('uncaughtException', (error) => uncaught.push(error))
      const py = await start(place, { workers: 1 })
      try {
        for (const event of EVENTS) {
          py.on(event, () => {
            throw new Error(event)
          })
        }
        expect(
          await Promise.all(Array.from({ length: 5 }, () => py.run(SLEEP, [0.01]))),
        ).toHaveLength(5)
        await py.resize(2)
        if (place.isolation === 'process')
          await refusal(() => py.run('os:_exit', [1], { worker: 1 }))
        await expect.poll(() => states(py), { timeout: SOON_MS }).toEqual(['idle', 'idle'])
        expect(
          await Promise.all([0, 1].map((worker) => py.run(SLEEP, [0.01], { worker }))),
        ).toHaveLength(2)
        await py.close()
        const count = (name: string) =>
          uncaught.filter((error) => (error as Error).message === name).length
        await expect.poll(() => count('workerExit')).toBe(place.isolation === 'process' ? 3 : 2)
        const names = new Set(uncaught.map((error) => (error as Error).message))
        expect(names).toEqual(new Set(['drain', 'workerStart', 'workerExit']))
        expect(py.stats()).toMatchObject({
          errors: 0,
          replaced: place.isolation === 'process' ? 1 : 0,
        })
      } finally {
        py.removeAllListeners()
        py.destroy()
        process.removeAllListeners('uncaughtException')
        for (const listener of before) process.on('uncaughtException', listener)
        for (const listener of rejections) process.on('unhandledRejection', listener)
      }
    })

    if (place.isolation === 'process') processEvents()
    else threadEvents()
  })

  function processEvents(): void {
    it('of a death say how, and what it said', async () => {
      await using py = await start(place, { workers: 1, output: () => {} })
      const events = told(py)
      const [{ pid } = {}] = py.stats().workers
      await refusal(() => py.eval('[print("my last"), __import__("os")._exit(3)]'))
      await expect.poll(() => events.length).toBe(2)
      expect(events).toMatchObject([
        { ...exits(0, false), pid, how: expect.stringContaining('status 3'), lastWords: 'my last' },
        starts(0),
      ])
      expect(events[1]?.['pid']).not.toBe(pid)
    })

    it('have all been emitted when close() is over, though a process of a worker holds its descriptors', async () => {
      const py = await start(place, { workers: 1, output: () => {} })
      const events = told(py)
      const sleeps = '[__import__("sys").executable, "-c", "import time; time.sleep(600)"]'
      const pid = await py.eval<number>(
        `__import__("subprocess").Popen(${sleeps}, pass_fds=(3, 4)).pid`,
      )
      try {
        await py.close()
        expect(events).toMatchObject([exits(0, true)])
      } finally {
        process.kill(pid, 'SIGKILL')
      }
    })

    it('of recycling do not come for what a new worker runs before it serves', async () => {
      const initialize = { target: SLEEP, args: [0] }
      await using py = await start(place, { workers: 1, initialize, recycle: { calls: 1 } })
      const fresh: number[] = []
      py.on('workerStart', () => fresh.push(py.stats().workers[0]?.calls ?? -1))
      await py.exec('x = 1')
      await expect.poll(() => fresh.length, { timeout: SOON_MS }).toBe(1)
      await py.module('def f(): return 1', 'of_recycling')
      await expect.poll(() => fresh.length, { timeout: SOON_MS }).toBe(2)
      expect(await py.eval('x')).toBe(1)
      await expect.poll(() => fresh.length, { timeout: SOON_MS }).toBe(3)
      expect(fresh).toEqual([0, 0, 0])
      expect(py.stats()).toMatchObject({ calls: 3, recycled: 3, replaced: 0 })
    })

    it('of recycling do not come for a size that a new worker has already, and a warning says so', async () => {
      const warnings: (Error & { code?: string })[] = []
      const listen = (warning: Error) => warnings.push(warning)
      process.on('warning', listen)
      stops.push(() => process.off('warning', listen))
      await using py = await start(place, { workers: 2, recycle: { memoryMb: 1 } })
      const events = told(py)
      await Promise.all([0, 1].map((worker) => py.run(SLEEP, [0], { worker })))
      expect([events, py.stats().recycled]).toEqual([[], 0])
      await expect.poll(() => warnings.filter(({ code }) => code === 'PYTHREADS').length).toBe(1)
    })

    it('of recycling say why', async () => {
      const messages = published()
      await using py = await start(place, { workers: 1, recycle: { calls: 3 } })
      const events = told(py)
      for (let i = 0; i < 3; i++) await py.eval('1')
      await expect.poll(() => events.length).toBe(3)
      expect(events).toMatchObject([
        { event: 'workerRecycle', worker: 0, why: expect.stringContaining('3 calls') },
        { event: expect.stringMatching(/^worker(Start|Exit)$/) },
        { event: expect.stringMatching(/^worker(Start|Exit)$/) },
      ])
      expect(events.find(({ event }) => event === 'workerExit')).toMatchObject(exits(0, true))
      expect(messages.some(({ event }) => event === 'workerRecycle')).toBe(true)
    })
  }

  function threadEvents(): void {
    it('of a wedged worker say which, and how many there are', async () => {
      const messages = published()
      await using py = await start(place, { workers: 2, graceMs: 100, maxWedged: 1 })
      const events = told(py)
      await py.exec('import time')
      const call = refusal(() =>
        py.run('builtins:exec', ['__import__("time").sleep(1)'], { timeoutMs: 50, worker: 1 }),
      )
      expect(await call).toMatchObject({ code: 'ERR_PYTHREADS_TIMEOUT' })
      await expect.poll(() => events.length, { timeout: SOON_MS }).toBeGreaterThanOrEqual(2)
      expect(events.find(({ event }) => event === 'workerWedged')).toEqual({
        event: 'workerWedged',
        worker: 1,
        wedged: 1,
      })
      expect(messages.filter(({ event }) => event === 'workerWedged')).toMatchObject([
        { pool: py, worker: 1, wedged: 1 },
      ])
      await expect.poll(() => py.stats().wedged, { timeout: SOON_MS }).toBe(0)
      expect(states(py)).toEqual(['idle', 'idle'])
    })
  }

  describe('statistics', () => {
    it('do not count what a worker runs before it serves', async () => {
      const messages = published()
      const calls = () =>
        messages.filter(({ event }) => event.startsWith('call')).map(({ event }) => event)
      const initialize = { target: SLEEP, args: [0.02] }
      await using py = await start(place, { workers: 1, initialize, preload: [CALLS] })
      const first = py.stats()
      expect(first).toMatchObject({ calls: 0, errors: 0, running: 0, runTimes: { count: 0 } })
      expect(first.workers).toMatchObject([{ calls: 0, errors: 0, busyMs: 0, cpuMs: 0 }])
      await py.exec('x = 1')
      await py.resize(2)
      const second = py.stats()
      expect(second).toMatchObject({ calls: 1, errors: 0, running: 0, runTimes: { count: 1 } })
      expect(second.workers[1]).toMatchObject({ calls: 0, errors: 0, busyMs: 0, cpuMs: 0 })
      expect(calls()).toEqual(['callStart', 'callEnd'])
    })

    it('say for how long workers were busy, and of that on a processor', async () => {
      await using py = await start(place, { workers: 1 })
      await py.exec(
        'import time\ndef spins(s):\n  end = time.thread_time() + s\n  while time.thread_time() < end: pass',
      )
      const [{ cpuMs: cpuBefore } = { cpuMs: 0 }] = py.stats().workers
      await py.run(SLEEP, [0.2])
      const [asleep = { busyMs: 0, cpuMs: 0 }] = py.stats().workers
      expect(asleep.busyMs).toBeGreaterThanOrEqual(199)
      expect(asleep.cpuMs - cpuBefore).toBeLessThan(150)
      await py.eval('spins(0.2)')
      const [spun = { busyMs: 0, cpuMs: 0 }] = py.stats().workers
      expect(spun.busyMs - asleep.busyMs).toBeGreaterThanOrEqual(199)
      expect(spun.cpuMs - asleep.cpuMs).toBeGreaterThanOrEqual(195)
      expect(spun.cpuMs - asleep.cpuMs).toBeLessThan(spun.busyMs - asleep.busyMs + 50)
    })

    it('say how long calls waited and ran', async () => {
      await using py = await start(place, { workers: 1 })
      await Promise.all(Array.from({ length: 10 }, () => py.run(SLEEP, [0.02])))
      const { queueTimes, runTimes } = py.stats()
      expect(queueTimes.count).toBe(9) // the first one did not wait
      expect(runTimes.count).toBe(10)
      for (const times of [queueTimes, runTimes]) {
        const { p50, p90, p99, max, mean } = times
        expect([p50, p90, p99, max].toSorted((a, b) => a - b)).toEqual([p50, p90, p99, max])
        expect(mean).toBeLessThanOrEqual(max)
      }
      expect(runTimes.p50).toBeGreaterThanOrEqual(19.9)
      expect(queueTimes.max).toBeGreaterThanOrEqual(175)
      expect(queueTimes.p50).toBeGreaterThanOrEqual(75)
    })

    it('of long calls are whole, and add up to the time that the worker was busy', async () => {
      const messages = published()
      await using py = await start(place, { workers: 1 })
      const measured = `${CALLS}:measured_sleep`
      const seconds = [0.02, 0.06, 0.07, 0.3, 1.1]
      const inside: number[] = []
      for (const time of seconds) inside.push(await py.run<number>(measured, [time]))
      const { runTimes, workers } = py.stats()
      expect(runTimes.count).toBe(seconds.length)
      // One clock: the outer interval holds the inner one.
      expect(runTimes.max).toBeGreaterThanOrEqual(Math.max(...inside) - 0.001)
      const told = messages
        .filter(({ event }) => event === 'callEnd')
        .map(({ threadMs }) => threadMs as number)
      for (const [i, ms] of inside.entries()) expect(told[i]).toBeGreaterThanOrEqual(ms - 0.001)
      const sum = told.reduce((total, ms) => total + ms, 0)
      expect(runTimes.mean).toBeCloseTo(sum / seconds.length, 6)
      expect(runTimes.p99).toBeLessThanOrEqual(runTimes.max)
      const [{ busyMs, cpuMs } = { busyMs: 0, cpuMs: 0 }] = workers
      expect(busyMs).toBeGreaterThanOrEqual(sum)
      expect(busyMs - sum).toBeLessThan(0.001 * seconds.length) // each is cut to microseconds
      expect(cpuMs).toBeLessThanOrEqual(busyMs)
    })

    it('of processor time are those of calls alone: not of `preload`, and not more than the worker was busy', async () => {
      await using py = await start(place, { workers: 1, preload: [file('spins.py').pathname] })
      const own = () => py.stats().workers[0] ?? { busyMs: 0, cpuMs: 0 }
      expect(own()).toMatchObject({ busyMs: 0, cpuMs: 0 })
      for (let i = 0; i < 300; i++) await py.run(`${CALLS}:identity`, [i])
      const short = own()
      expect(short.cpuMs).toBeLessThanOrEqual(short.busyMs)
      const spun = await py.run<number>(`${file('spins.py').pathname}:spin`, [0.1])
      const long = own()
      expect(long.cpuMs - short.cpuMs).toBeGreaterThanOrEqual(spun)
      expect(long.cpuMs).toBeLessThanOrEqual(long.busyMs)
    })

    it('count what runs within a callback once, and each call of it', async () => {
      await using py = await start(place, { workers: 1 })
      const begin = performance.now()
      const inner = () => py.run(SLEEP, [0.05])
      await py.eval`(lambda f: f())(${async () => {
        await inner()
        await inner()
      }})`
      const wall = performance.now() - begin
      const stats = py.stats()
      expect(stats).toMatchObject({ calls: 3, errors: 0, running: 0, runTimes: { count: 3 } })
      expect(stats.workers[0]?.busyMs).toBeLessThanOrEqual(wall)
      expect(stats.workers[0]?.busyMs).toBeGreaterThanOrEqual(stats.runTimes.max)
    })

    it('count calls once, however they end', async () => {
      await using py = await start(place, { workers: 2, graceMs: 5_000 })
      const abort = new AbortController()
      const cancelled = refusal(() => py.run(SLEEP, [0.4], { worker: 0, signal: abort.signal }))
      const queued = refusal(() => py.run(SLEEP, [0.4], { worker: 0, signal: abort.signal }))
      await expect.poll(() => py.stats().running).toBe(1)
      expect(py.stats()).toMatchObject({ running: 1, queued: 1, calls: 1, errors: 0 })
      abort.abort()
      await Promise.all([cancelled, queued])
      expect(py.stats()).toMatchObject({ running: 0, queued: 0, calls: 1, errors: 0 })
      await Promise.allSettled([
        py.run('json:loads', ['{'], { worker: 1 }),
        py.run('asyncio:sleep', [0.01], { worker: 1 }),
        py.run('no_such_module:f', [], { worker: 1 }),
      ])
      await expect.poll(() => states(py), { timeout: SOON_MS }).toEqual(['idle', 'idle'])
      const { calls, errors, workers, runTimes } = py.stats()
      expect({ calls, errors }).toEqual({ calls: 4, errors: 2 })
      expect(workers.map((worker) => [worker.calls, worker.errors])).toEqual([
        [1, 0],
        [3, 2],
      ])
      expect(runTimes.count).toBe(4)
    })

    it('of memory count what is borrowed', async () => {
      await using py = await start(place, { workers: 1 })
      const before = py.stats().memory
      const bytes = await py.run<Uint8Array>('builtins:bytearray', [4 << 20])
      const { borrowed, usedMb, residentMb } = py.stats().memory
      expect(borrowed).toBe(before.borrowed + 1)
      expect(usedMb - before.usedMb).toBeGreaterThanOrEqual(4)
      expect(residentMb).toBeGreaterThanOrEqual(4)
      expect(bytes).toHaveLength(4 << 20)
    })
  })

  describe('priority', () => {
    it('decides who is first, and the order of calls among the same', async () => {
      await using py = await start(place, { workers: 1 })
      const order: string[] = []
      const running = py.run(SLEEP, [0.1])
      const priorities = [0, 5, -5, 0, 1000, 5, -1000, 1]
      const calls = priorities.map((priority, i) =>
        py.run(`${CALLS}:identity`, [i], { priority }).then(() => order.push(`${priority}: ${i}`)),
      )
      await Promise.all([running, ...calls])
      expect(order).toEqual([
        '1000: 4',
        '5: 1',
        '5: 5',
        '1: 7',
        '0: 0',
        '0: 3',
        '-5: 2',
        '-1000: 6',
      ])
    })

    it('holds between calls for any worker and those for one', async () => {
      await using py = await start(place, { workers: 1 })
      const order: number[] = []
      const running = py.run(SLEEP, [0.1])
      const calls = [
        py.run(`${CALLS}:identity`, [0], { priority: 1 }).then(() => order.push(0)),
        py.run(`${CALLS}:identity`, [1], { priority: 3, worker: 0 }).then(() => order.push(1)),
        py.run(`${CALLS}:identity`, [2], { priority: 2 }).then(() => order.push(2)),
        py.run(`${CALLS}:identity`, [3], { worker: 0 }).then(() => order.push(3)),
      ]
      await Promise.all([running, ...calls])
      expect(order).toEqual([1, 2, 0, 3])
    })
  })
}
