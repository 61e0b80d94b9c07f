import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Python, PythonError, type RemoteObject } from '../../../src/index.ts'
import { deferred } from '../../support/deferred.ts'
import { javaScriptHolds, pythonHolds } from '../../support/held.ts'
import { collect, refusal, thrown } from '../../support/outcome.ts'
import { file, type Placement, start } from '../../support/placement.ts'

const COROUTINES = file('coroutines.py').pathname

/** Coroutines, and what else Python's asyncio has. */
export function asyncioSuite(place: Placement): void {
  describe('asyncio', () => {
    let py: Python
    const call = <R = unknown>(name: string, ...args: unknown[]): Promise<R> =>
      py.run<R>(`${COROUTINES}:${name}`, args)
    beforeAll(async () => {
      py = await start(place, { workers: 1 })
    })
    afterAll(() => py.close())

    it('a coroutine function returns a promise', async () => {
      expect(await call('at_once', { a: [1] })).toEqual({ a: [1] })
      expect(await call('sleep', 0.01, 'slept')).toBe('slept')
      expect(await py.import(file('coroutines.py')).sleep?.(0)).toBe(null)
      await py.exec('import asyncio\nasync def evaluated(x): return x')
      expect(await py.eval`evaluated(${5})`).toBe(5)
      expect(await py.eval('asyncio.sleep(0.01, 7)')).toBe(7)
    })

    it('10,000 coroutines that sleep return their own result each', async () => {
      const all = Array.from({ length: 10_000 }, (_, i) => i)
      expect(await Promise.all(all.map((i) => call('sleep', 0.1, i)))).toEqual(all)
      expect(py.stats()).toMatchObject({ running: 0, queued: 0, callbacks: 0 })
    }, 60_000)

    it('ordinary calls return while coroutines sleep', async () => {
      const waiting = Array.from({ length: 50 }, (_, i) => call('waits_for', `ordinary ${i}`))
      expect(await py.run('math:sqrt', [4])).toBe(2)
      expect(py.stats()).toMatchObject({ running: 50, queued: 0 })
      expect(py.stats().workers[0]?.state).toBe('idle')
      const order: unknown[] = []
      for (const answer of waiting) void answer.then((name) => order.push(name))
      expect(await py.eval('1 + 1')).toBe(2)
      expect(order).toEqual([])
      await Promise.all(waiting.map((_, i) => call('sets', `ordinary ${i}`)))
      await Promise.all(waiting)
      expect(order.length).toBe(50)
    })

    it('what a coroutine raises rejects its promise', async () => {
      const error = await refusal(() => call('raises', 'LookupError', 'lost'))
      expect(error).toBeInstanceOf(PythonError)
      expect(error).toMatchObject({
        type: 'LookupError',
        message: 'lost',
        code: 'ERR_PYTHREADS_PYTHON',
      })
      expect((error as PythonError).traceback).toContain('in raises')
      const all = await Promise.allSettled(
        Array.from({ length: 200 }, (_, i) => call('raises', 'ValueError', String(i))),
      )
      expect(all.map((result) => result.status === 'rejected' && result.reason.message)).toEqual(
        all.map((_, i) => String(i)),
      )
    })

    it.each(['SystemExit', 'KeyboardInterrupt', 'GeneratorExit', 'MemoryError'])(
      '%s in a coroutine is only its own',
      async (kind) => {
        const other = call('waits_for', kind)
        expect(await refusal(() => call('raises', kind, 'text'))).toMatchObject({ type: kind })
        expect(await refusal(() => call('raises', kind, 'text'))).toMatchObject({ type: kind })
        await call('sets', kind)
        expect(await other).toBe(kind)
        expect(await call('at_once', 1)).toBe(1)
      },
    )

    it('a coroutine that is cancelled from within rejects its promise', async () => {
      expect(await refusal(() => call('raises_cancelled'))).toMatchObject({
        type: 'CancelledError',
      })
    })

    it('a signal cancels a coroutine, which sees it', async () => {
      await call('take_seen')
      const begun = deferred()
      const controller = new AbortController()
      const reason = new Error('enough')
      const running = py.run(`${COROUTINES}:for_ever`, [begun.resolve], {
        signal: controller.signal,
      })
      const failed = refusal(() => running)
      await begun.promise
      controller.abort(reason)
      expect(await failed).toMatchObject({ code: 'ERR_PYTHREADS_ABORTED', cause: reason })
      await expect.poll(() => call('tasks_left')).toBe(0)
      expect(await call('take_seen')).toEqual(['cancelled', 'finally'])
      await expect.poll(() => py.stats().running).toBe(0)
      await pythonHolds(py, 0)
    })

    it('a signal cancels many coroutines', async () => {
      const controller = new AbortController()
      const all = Array.from({ length: 500 }, () =>
        refusal(() => py.run(`${COROUTINES}:sleep`, [3600], { signal: controller.signal })),
      )
      await call('at_once', 1)
      controller.abort()
      for (const error of await Promise.all(all))
        expect(error).toMatchObject({ code: 'ERR_PYTHREADS_ABORTED' })
      await expect.poll(() => call('tasks_left')).toBe(0)
      await expect.poll(() => py.stats().running).toBe(0)
    })

    it('a signal that is aborted already, at once, or too late', async () => {
      const reason = new Error('before')
      const before = await refusal(() =>
        py.run('math:sqrt', [4], { signal: AbortSignal.abort(reason) }),
      )
      expect(before).toMatchObject({ code: 'ERR_PYTHREADS_ABORTED', cause: reason })
      const controller = new AbortController()
      const atOnce = refusal(() =>
        py.run(`${COROUTINES}:sleep`, [3600], { signal: controller.signal }),
      )
      controller.abort()
      expect(await atOnce).toMatchObject({ code: 'ERR_PYTHREADS_ABORTED' })
      await expect.poll(() => call('tasks_left')).toBe(0)
      const late = new AbortController()
      expect(await py.run(`${COROUTINES}:sleep`, [0, 'done'], { signal: late.signal })).toBe('done')
      late.abort()
      expect(await call('at_once', 2)).toBe(2)
      await expect.poll(() => py.stats().running).toBe(0)
    })

    it('a signal lets go of a call that is no coroutine, and drops one that waits', async () => {
      const [begun, go] = [deferred(), deferred()]
      const controller = new AbortController()
      const { signal } = controller
      const holds = async () => {
        begun.resolve()
        await go.promise
      }
      await py.exec('def hold(function): function()')
      const ordinary = refusal(() => py.run('builtins:max', [[1], { key: 1 }], { signal })).catch(
        () => {},
      )
      const busy = py.eval`hold(${holds})`
      await begun.promise
      const waiting = refusal(() => py.run(`${COROUTINES}:at_once`, [() => 1], { signal }))
      controller.abort()
      expect(await waiting).toMatchObject({ code: 'ERR_PYTHREADS_ABORTED' })
      go.resolve()
      await busy
      await ordinary
      await expect.poll(() => py.stats()).toMatchObject({ running: 0, queued: 0 })
      await pythonHolds(py, 0)
    })

    it('a coroutine that swallows its cancellation ends all the same', async () => {
      const begun = deferred()
      const controller = new AbortController()
      const failed = refusal(() =>
        py.run(`${COROUTINES}:refuses_to_end`, [begun.resolve], { signal: controller.signal }),
      )
      await begun.promise
      controller.abort()
      expect(await failed).toMatchObject({ code: 'ERR_PYTHREADS_ABORTED' })
      await expect.poll(() => py.stats().running).toBe(0)
    })

    it('tasks and futures are waited for', async () => {
      await call('make_task', 'of a task')
      expect(await call('last_task')).toBe('of a task')
      await call('make_task', 'of an attribute')
      expect(
        await py.run('builtins:getattr', [
          await py.eval`__import__('types').SimpleNamespace(a=1)`,
          'a',
        ]),
      ).toBe(1)
      expect(await call('last_task')).toBe('of an attribute')
    })

    it('an asynchronous generator is gone through, and closed when it is left', async () => {
      await call('take_seen')
      expect(await collect((await call('counts', 4)) as RemoteObject)).toEqual([0, 1, 2, 3])
      expect(await call('take_seen')).toEqual(['closed'])
      const log: unknown[] = []
      for await (const item of (await call(
        'counts',
        100,
        (item: unknown) => void log.push(item),
      )) as RemoteObject) {
        if (item === 2) break
      }
      expect(log).toEqual([0, 1, 2])
      expect(await call('take_seen')).toEqual(['closed'])
      const mine = new Error('mine')
      const leave = async () => {
        for await (const _ of (await call('counts', 5)) as RemoteObject) throw mine
      }
      expect(await thrown(leave)).toBe(mine)
      expect(await call('take_seen')).toEqual(['closed'])
      await javaScriptHolds(py, 0)
    })

    it('an asynchronous generator that raises says so after what came before', async () => {
      const items: unknown[] = []
      const run = async () => {
        for await (const item of (await call('counts_and_fails')) as RemoteObject) items.push(item)
      }
      expect(await refusal(run)).toMatchObject({ type: 'LookupError' })
      expect(items).toEqual([1])
      await javaScriptHolds(py, 0)
    })

    it('asynchronous iterators and iterables are gone through', async () => {
      expect(await collect((await call('Countdown', 3)) as RemoteObject)).toEqual([2, 1, 0])
      const range = (await call('Range', 3)) as RemoteObject
      expect(await collect(range)).toEqual([2, 1, 0])
      expect(await collect(range)).toEqual([2, 1, 0])
    })

    it('an asynchronous context manager is entered and left', async () => {
      const context = (await call('Context')) as RemoteObject
      expect(await context.$with((value) => [value])).toEqual(['entered'])
      expect(await context.log).toEqual(['enter', null])
      const mine = new TypeError('mine')
      const fails = () => {
        throw mine
      }
      expect(await thrown(() => context.$with(fails))).toBe(mine)
      expect(await thrown(() => context.$with(() => py.run('json:loads', ['{'])))).toMatchObject({
        type: 'JSONDecodeError',
      })
      expect(((await context.log) as unknown[]).slice(0, 4)).toEqual([
        'enter',
        null,
        'enter',
        'JavaScriptError',
      ])
      const swallowing = (await call('Context', true)) as RemoteObject
      expect(await swallowing.$with(fails)).toBe(undefined)
      {
        await using entered = await context.$enter()
        expect(entered.value).toBe('entered')
      }
      expect(((await context.log) as unknown[]).slice(-2)).toEqual(['enter', null])
      await call('take_seen')
      expect(
        await thrown(async () => ((await call('by_generator')) as RemoteObject).$with(fails)),
      ).toBe(mine)
      expect(await call('take_seen')).toEqual(['left'])
      await pythonHolds(py, 0)
    })

    it('a coroutine calls functions, and awaits those that are asynchronous', async () => {
      expect(await call('calls', (x: number) => x + 1, 1)).toBe(2)
      expect(await call('awaits', async (x: number) => x + 1, 1)).toBe(2)
      expect(await call('awaits', (x: number) => Promise.resolve(x + 1), 1)).toBe(2)
      const mine = new Error('mine')
      expect(await thrown(() => call('awaits', () => Promise.reject(mine)))).toBe(mine)
      expect(await thrown(() => call('awaits', async () => Promise.reject(undefined)))).toBe(
        undefined,
      )
      expect(
        await thrown(() =>
          call('calls', () => {
            throw mine
          }),
        ),
      ).toBe(mine)
      expect(
        ((await thrown(() => call('wraps', async () => Promise.reject(mine)))) as Error).cause,
      ).toBe(mine)
      await pythonHolds(py, 0)
    })

    it('a function that becomes another kind while many calls of it wait is answered rightly', async () => {
      await using one = await start(place, { workers: 1 })
      await one.exec('async def kind(x): return ["coroutine", x]')
      const many = () => Promise.all(Array.from({ length: 500 }, (_, i) => one.eval`kind(${i})`))
      const all = (kind: string) => Array.from({ length: 500 }, (_, i) => [kind, i])
      expect(await many()).toEqual(all('coroutine'))
      const waiting = many()
      await one.exec('def kind(x): return ["function", x]')
      expect((await waiting).map((answer) => (answer as unknown[])[1])).toEqual(
        Array.from({ length: 500 }, (_, i) => i),
      )
      expect(await many()).toEqual(all('function'))
      expect(one.stats()).toMatchObject({ running: 0, queued: 0, errors: 0 })
    })

    it('a coroutine awaits 100 callbacks at once, which call Python', async () => {
      let waiting = 0
      const everyone = deferred()
      const slow = async (x: number) => {
        if (++waiting === 100) everyone.resolve()
        await everyone.promise
        return x * 2
      }
      const all = Array.from({ length: 100 }, (_, i) => i)
      expect(await call('gathers', slow, 100)).toEqual(all.map((x) => x * 2))
      expect(await call('gathers', (x: number) => py.eval`${x} + 1`, 100)).toEqual(
        all.map((x) => x + 1),
      )
      expect(await call('gathers', (x: number) => call('awaits', async () => x), 100)).toEqual(all)
      await pythonHolds(py, 0)
    })

    it('two callbacks that wait for each other are awaited at once', async () => {
      const [first, second] = [deferred<string>(), deferred<string>()]
      const a = async () => {
        second.resolve('from a')
        return first.promise
      }
      const b = async () => {
        first.resolve('from b')
        return second.promise
      }
      expect(await call('both', a, b)).toEqual(['from b', 'from a'])
    })

    it('coroutines call themselves through JavaScript, 50 levels deep', async () => {
      const down = async (level: number): Promise<number> =>
        level === 0 ? 0 : 1 + (await call<number>('awaits', down, level - 1))
      expect(await down(50)).toBe(50)
    })

    it('a coroutine that is cancelled while it awaits a callback holds nothing of the result', async () => {
      const [begun, go, over] = [deferred(), deferred(), deferred()]
      const controller = new AbortController()
      const answers = async () => {
        begun.resolve()
        await go.promise
        setImmediate(over.resolve)
        return [() => 1, () => 2]
      }
      const failed = refusal(() =>
        py.run(`${COROUTINES}:awaits`, [answers], { signal: controller.signal }),
      )
      await begun.promise
      controller.abort()
      expect(await failed).toMatchObject({ code: 'ERR_PYTHREADS_ABORTED' })
      await expect.poll(() => call('tasks_left')).toBe(0)
      go.resolve()
      await over.promise
      await pythonHolds(py, 0)
    })

    it('an event loop of the user that ends before the promise does no harm', async () => {
      await using one = await start(place, { workers: 1 })
      const [go, over] = [deferred(), deferred()]
      const late = async () => {
        await go.promise
        setImmediate(over.resolve)
        return () => 1
      }
      expect(await one.run(`${COROUTINES}:loop_of_its_own`, [late, 0.01])).toBe('gave up')
      go.resolve()
      await over.promise
      expect(await one.run(`${COROUTINES}:loop_of_its_own`, [async () => 'in time', 60])).toBe(
        'in time',
      )
      expect(await one.run(`${COROUTINES}:awaits`, [async () => 'awaited'])).toBe('awaited')
      await pythonHolds(one, 0)
    })

    it('each coroutine has context variables of its own', async () => {
      const all = Array.from({ length: 50 }, (_, i) => i + 1)
      expect(await Promise.all(all.map((i) => call('sets_number', i)))).toEqual(
        all.map((i) => [0, i]),
      )
    })

    it('map over a coroutine function gives the results in order, or as they come', async () => {
      const items = Array.from({ length: 500 }, (_, i) => i)
      expect(await collect(py.map(`${COROUTINES}:at_once`, items))).toEqual(items)
      const any = (
        await collect(py.map<number>(`${COROUTINES}:at_once`, items, { ordered: false }))
      ).toSorted((a, b) => a - b)
      expect(any).toEqual(items)
      await py.exec`
        import sys, types
        module = sys.modules['async_mapped'] = types.ModuleType('async_mapped')
        async def fails_at(item, bad=None):
            if item == bad:
                raise LookupError(item)
            return item
        module.fails_at = fails_at
      `
      const seen: unknown[] = []
      const failing = async () => {
        for await (const item of py.map('async_mapped:fails_at', items, {
          kwargs: { bad: 50 },
          chunk: 20,
        }))
          seen.push(item)
      }
      expect(await refusal(failing)).toMatchObject({ type: 'LookupError', index: 50 })
      expect(seen).toEqual(items.slice(0, 50))
    })

    it('map over a coroutine function that awaits callbacks, which call Python', async () => {
      await using one = await start(place, { workers: 1 })
      await one.exec`
        import sys, types
        module = sys.modules['async_mapped_back'] = types.ModuleType('async_mapped_back')
        async def awaits(item, function):
            return await function(item)
        module.awaits = awaits
      `
      const direct = { kwargs: { function: async (x: number) => x * 2 } }
      expect(await collect(one.map('async_mapped_back:awaits', [1, 2, 3], direct))).toEqual([
        2, 4, 6,
      ])
      const back = { kwargs: { function: async (x: number) => one.eval`${x} + 1` } }
      const answer = collect(one.map('async_mapped_back:awaits', [1, 2, 3], back))
      expect(await answer).toEqual([2, 3, 4])
    })

    it('a sync call waits for a coroutine', async () => {
      expect(py.sync.run(`${COROUTINES}:sleep`, [0.01, 'slept'])).toBe('slept')
      expect(
        await refusal(() => py.sync.run(`${COROUTINES}:raises`, ['LookupError', 'lost'])),
      ).toMatchObject({
        type: 'LookupError',
      })
      expect(
        await refusal(() => py.sync.run(`${COROUTINES}:raises`, ['SystemExit', ''])),
      ).toMatchObject({ type: 'SystemExit' })
      expect(py.sync.run(`${COROUTINES}:calls`, [(x: number) => x + 1, 1])).toBe(2)
      const mine = new Error('mine')
      const fails = () => {
        throw mine
      }
      expect(await thrown(() => py.sync.run(`${COROUTINES}:calls`, [fails]))).toBe(mine)
      expect(
        await refusal(() => py.sync.run(`${COROUTINES}:awaits`, [async () => 1])),
      ).toMatchObject({
        code: 'ERR_PYTHREADS_DEADLOCK',
      })
      expect(py.sync.run(`${COROUTINES}:sleep`, [0, 'after'])).toBe('after')
    })

    it('JavaScript iterables are gone through by `async for`', async () => {
      const log: unknown[] = []
      async function* counting() {
        try {
          for (let i = 0; ; i++) {
            log.push(i)
            yield i
          }
        } finally {
          log.push('returned')
        }
      }
      expect(await call('iterate_and_close', counting(), 3)).toEqual([0, 1, 2])
      expect(log).toEqual([0, 1, 2, 'returned'])
      expect(await call('iterate', counting(), 2)).toEqual([0, 1])
      await pythonHolds(py, 0)
      expect(log.slice(4)).toEqual([0, 1, 'returned'])
      function* plain() {
        yield* ['a', 'b']
      }
      expect(await call('iterate', plain())).toEqual(['a', 'b'])
      const mine = new Error('mine')
      async function* failing() {
        yield 1
        throw mine
      }
      expect(await thrown(() => call('iterate', failing()))).toBe(mine)
    })
  })

  describe('asyncio and the end of the pool', () => {
    it('close() waits for coroutines', async () => {
      const py = await start(place)
      const answers = Array.from({ length: 20 }, (_, i) => py.run(`${COROUTINES}:sleep`, [0.05, i]))
      await py.eval('1')
      const closed = py.close()
      expect(await Promise.all(answers)).toEqual(Array.from({ length: 20 }, (_, i) => i))
      await closed
      expect(py.stats()).toMatchObject({ running: 0, queued: 0 })
    })

    it('close() in what a coroutine awaits is refused', async () => {
      await using py = await start(place, { workers: 1 })
      const error = await refusal(() => py.run(`${COROUTINES}:awaits`, [async () => py.close()]))
      expect(error).toMatchObject({ code: 'ERR_PYTHREADS_DEADLOCK' })
      expect(await py.eval('1')).toBe(1)
    })

    it('destroy() rejects coroutines, and leaves nothing running', async () => {
      await using other = await start(place, { workers: 1 })
      const threads = () => other.run<string[]>(`${COROUTINES}:threads`)
      const before = place.isolation === 'thread' ? await threads() : []
      const py = await start(place, { workers: 1 })
      const begun = deferred()
      const running = [
        refusal(() => py.run(`${COROUTINES}:for_ever`, [begun.resolve])),
        refusal(() => py.run(`${COROUTINES}:awaits`, [() => new Promise(() => {})])),
      ]
      await begun.promise
      const reason = new Error('enough')
      py.destroy(reason)
      for (const error of await Promise.all(running))
        expect(error).toMatchObject({ code: 'ERR_PYTHREADS_DESTROYED', cause: reason })
      expect(py.stats()).toMatchObject({ running: 0, queued: 0 })
      await expect.poll(() => py.stats().callbacks).toBe(0)
      const left = async () => (place.isolation === 'thread' ? (await threads()).length : 0)
      await expect.poll(left).toBeLessThanOrEqual(before.length)
    })

    it('destroy() while a map over a coroutine function runs leaves nothing running', async () => {
      await using other = await start(place, { workers: 1 })
      const threads = () => other.run<string[]>(`${COROUTINES}:threads`)
      const before = place.isolation === 'thread' ? await threads() : []
      const py = await start(place, { workers: 1 })
      const begun = deferred()
      const failed = refusal(() => collect(py.map(`${COROUTINES}:for_ever`, [begun.resolve])))
      await begun.promise
      py.destroy()
      expect(await failed).toMatchObject({ code: 'ERR_PYTHREADS_DESTROYED' })
      const left = async () => (place.isolation === 'thread' ? (await threads()).length : 0)
      await expect.poll(left).toBeLessThanOrEqual(before.length)
    })

    if (place.isolation === 'process') {
      it('a worker that dies rejects its coroutines, and is replaced', async () => {
        await using py = await start(place, { workers: 1 })
        let count = 0
        const begun = deferred()
        const begins = () => void (++count === 10 && begun.resolve())
        const running = Array.from({ length: 10 }, () =>
          refusal(() => py.run(`${COROUTINES}:for_ever`, [begins])),
        )
        await begun.promise
        process.kill(py.stats().workers[0]?.pid ?? 0, 'SIGKILL')
        for (const error of await Promise.all(running))
          expect(error).toMatchObject({ code: 'ERR_PYTHREADS_WORKER_DIED' })
        expect(await py.run(`${COROUTINES}:sleep`, [0, 'again'])).toBe('again')
        expect(py.stats()).toMatchObject({ running: 0, queued: 0, replaced: 1 })
        await pythonHolds(py, 0)
      })
    }
  })
}
