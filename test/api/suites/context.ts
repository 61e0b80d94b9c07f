import {
  AsyncLocalStorage,
  AsyncResource,
  executionAsyncId,
  triggerAsyncId,
} from 'node:async_hooks'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OutputLine, Python, RemoteObject } from '../../../src/index.ts'
import { collect } from '../../support/outcome.ts'
import { file, type Placement, start } from '../../support/placement.ts'

const FUNCTIONS = file('functions.py').pathname
const ITERATORS = file('iterators.py').pathname

const AWAITS = `
import asyncio

async def awaits(function):
    await asyncio.sleep(0)
    found = function()
    return await found if hasattr(found, "__await__") else found

async def loops(items):
    return [item async for item in items]

def fails(function):
    function()
    raise ValueError("after the function")
`

/** The async context in which JavaScript runs that Python calls. */
export function contextSuite(place: Placement): void {
  describe('the async context of a call', () => {
    const als = new AsyncLocalStorage<string>()
    const store = () => als.getStore() ?? null
    const lines: string[] = []
    let py: Python
    beforeAll(async () => {
      const output = (line: OutputLine) => void lines.push(`${line.text} in ${store()}`)
      py = await als.run('start', () => start(place, { workers: 2, output }))
      await py.module(AWAITS, 'awaits_in_context')
    })
    afterAll(() => py.close())

    const run = <R = unknown>(name: string, ...args: unknown[]): Promise<R> => py.run<R>(name, args)

    it.each(['apply', 'in_thread'])(
      'is that of a function which Python calls (%s)',
      async (name) => {
        const value = name === 'apply' ? 'a' : ['returned', 'a']
        expect(await als.run('a', () => run(`${FUNCTIONS}:${name}`, store))).toEqual(value)
      },
    )

    it('is that of a function which a coroutine calls', async () => {
      expect(await als.run('a', () => run('awaits_in_context:awaits', store))).toBe('a')
      expect(await als.run('b', () => run('awaits_in_context:awaits', async () => store()))).toBe(
        'b',
      )
    })

    it('stays behind every await of a function', async () => {
      const later = async () => {
        await new Promise(setImmediate)
        return store()
      }
      expect(await als.run('a', () => run(`${FUNCTIONS}:apply`, later))).toBe('a')
    })

    it('is of each of many calls that run at once', async () => {
      const calls = Array.from({ length: 40 }, (_, i) =>
        als.run(`${i}`, () => run(`${FUNCTIONS}:apply`, () => store())),
      )
      expect(await Promise.all(calls)).toEqual(Array.from({ length: 40 }, (_, i) => `${i}`))
    })

    it('is that of the call which runs a function that several calls have passed', async () => {
      await using session = await py.session()
      const own = () => store()
      const call = (name: string) => als.run(name, () => session.run(`${FUNCTIONS}:apply`, [own]))
      await session.run(`${FUNCTIONS}:keep`, [own])
      expect([await call('a'), await call('b')]).toEqual(['a', 'b'])
      const many = Array.from({ length: 10 }, () => () => null)
      expect(await als.run('c', () => session.run(`${FUNCTIONS}:apply`, [own, ...many]))).toBe('c')
      expect(await als.run('d', () => session.run('awaits_in_context:awaits', [own]))).toBe('d')
      await session.run(`${FUNCTIONS}:take_kept`)
    })

    it('is that of the first call for a function which Python has kept', async () => {
      await using session = await py.session()
      await als.run('first', () => session.run(`${FUNCTIONS}:keep`, [() => store()]))
      expect(await als.run('later', () => session.run(`${FUNCTIONS}:call_kept`))).toEqual(['first'])
      expect(
        await als.run('other', () => session.run(`${FUNCTIONS}:call_kept`, [() => 1])),
      ).toEqual(['first'])
      await session.run(`${FUNCTIONS}:take_kept`)
    })

    it('is that of the function for a function which it returns', async () => {
      const outer = () => als.run('inner', async () => store)
      expect(await als.run('a', () => py.eval`${outer}()()`)).toBe('a')
      const sync = () => () => store()
      expect(await als.run('b', () => py.eval`${sync}()()`)).toBe('b')
    })

    it('is that of eval, exec, a session and an operation which pass a function', async () => {
      expect(await als.run('eval', () => py.eval`${store}()`)).toBe('eval')
      await using session = await py.session()
      await als.run('exec', () => session.exec`found = ${store}()`)
      expect(await session.eval('found')).toBe('exec')
      const caller = await run<RemoteObject>(`${FUNCTIONS}:Caller`)
      expect(await als.run('object', () => caller['call'](store))).toBe('object')
    })

    it('is that of exec in workers which start later', async () => {
      await using one = await start(place, { workers: 1 })
      const seen: unknown[] = []
      await als.run('exec', () => one.exec`${() => void seen.push(store())}()`)
      await als.run('resize', () => one.resize(2))
      expect(new Set(seen)).toEqual(new Set(['exec']))
      expect(seen.length).toBe(place.isolation === 'thread' ? 1 : 2)
    })

    it('is that of initialize for a function which it is given', async () => {
      const initialize = { target: `${FUNCTIONS}:apply`, args: [() => void seen.push(store())] }
      const seen: unknown[] = []
      await using elastic = await als.run('start', () =>
        start(place, { workers: { min: 1, max: 2 }, initialize }),
      )
      const begun: (() => void)[] = []
      const wait = () => new Promise<void>((resolve) => void begun.push(resolve))
      const calls = als.run('a', () => [0, 1].map(() => elastic.run(`${FUNCTIONS}:apply`, [wait])))
      await expect.poll(() => begun.length).toBe(2)
      for (const release of begun) release()
      await Promise.all(calls)
      expect(seen).toEqual(['start', 'start'])
    })

    it('is that of an iterable, its steps and its end', async () => {
      const seen: unknown[] = []
      function* sync() {
        try {
          for (;;) {
            seen.push(store())
            yield 1
          }
        } finally {
          seen.push(`end ${store()}`)
        }
      }
      await als.run('a', () => run(`${ITERATORS}:take_and_close`, sync(), 2))
      expect(seen).toEqual(['a', 'a', 'end a'])
    })

    it('is that of an asynchronous iterable and of a stream', async () => {
      async function* numbers() {
        for (let i = 0; i < 3; i++) {
          await new Promise(setImmediate)
          yield store()
        }
      }
      expect(await als.run('a', () => run(`${ITERATORS}:loop`, numbers()))).toEqual(['a', 'a', 'a'])
      expect(await als.run('b', () => run('awaits_in_context:loops', numbers()))).toEqual([
        'b',
        'b',
        'b',
      ])
      let left = 2
      const read = function (this: Readable) {
        this.push(left-- > 0 ? store() : null)
      }
      const stream = new Readable({ objectMode: true, highWaterMark: 1, read })
      expect(await als.run('c', () => run(`${ITERATORS}:loop`, stream))).toEqual(['c', 'c'])
    })

    it('is that of an iterable which Python drops', async () => {
      const ends: unknown[] = []
      const endless = {
        [Symbol.iterator]: () => ({
          next: () => ({ done: false, value: 1 }),
          return: () => {
            ends.push(store())
            return { done: true, value: undefined }
          },
        }),
      }
      await als.run('a', () => run(`${ITERATORS}:take`, endless, 1))
      await py.eval('__import__("gc").collect()')
      await expect.poll(() => ends).toEqual(['a'])
    })

    it('is that of map for its source, its functions and onProgress, whoever goes through the results', async () => {
      const seen = new Set<unknown>()
      function* source() {
        for (let i = 0; i < 20; i++) {
          seen.add(`source ${store()}`)
          yield i
        }
      }
      const options = {
        chunk: 2,
        kwargs: { function: () => store() },
        onProgress: () => void seen.add(`progress ${store()}`),
      }
      const results = als.run('map', () => py.map(`${FUNCTIONS}:call_for`, source(), options))
      expect(new Set(await als.run('reader', () => collect(results)))).toEqual(new Set(['map']))
      expect([...seen].sort()).toEqual(['progress map', 'source map'])
    })

    it('names the call as the one that has triggered a function', async () => {
      const outer = new AsyncResource('TEST')
      const ids = () => [executionAsyncId(), triggerAsyncId()]
      const call = async () => {
        const caller = executionAsyncId()
        const [first, trigger] = (await run<number[]>(`${FUNCTIONS}:apply`, ids)) as [
          number,
          number,
        ]
        return { caller, first, trigger }
      }
      const { caller, first, trigger } = await outer.runInAsyncScope(call)
      expect(trigger).toBe(caller)
      expect(first).toBeGreaterThan(caller)
    })

    it('is of an error which leaves a function, and is over behind the call', async () => {
      const fail = () => {
        throw new Error(`in ${store()}`)
      }
      await expect(als.run('a', () => run(`${FUNCTIONS}:apply`, fail))).rejects.toThrow('in a')
      await expect(als.run('b', () => run('awaits_in_context:fails', store))).rejects.toMatchObject(
        { type: 'ValueError' },
      )
      expect(store()).toBe(null)
    })

    it('is that of a sync call', () => {
      const fresh = () => store()
      expect(als.run('a', () => py.sync.run(`${FUNCTIONS}:apply`, [fresh]))).toBe('a')
      als.run('first', () => py.sync.run(`${FUNCTIONS}:keep`, [fresh]))
      expect(als.run('later', () => py.sync.run(`${FUNCTIONS}:call_kept`))).toEqual(['first'])
      const both = als.run('second', () => py.sync.run(`${FUNCTIONS}:apply`, [fresh]))
      py.sync.run(`${FUNCTIONS}:take_kept`)
      expect(both).toBe('second')
    })

    it('is that of start for what a pool tells', async () => {
      const told: unknown[] = []
      await using other = await als.run('start', () => start(place, { workers: 1 }))
      other.once('workerStart', () => void told.push(store()))
      await als.run('resize', () => other.resize(2))
      expect(told).toEqual(['start'])
      lines.length = 0
      await als.run('print', () => py.eval('print("printed")'))
      await expect.poll(() => lines).toEqual(['printed in start'])
    })
  })
}
