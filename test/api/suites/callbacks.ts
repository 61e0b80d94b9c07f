import { existsSync, readFileSync } from 'node:fs'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  kw,
  type Python,
  PythonError,
  PythonScalar,
  type RemoteObject,
} from '../../../src/index.ts'
import { deferred } from '../../support/deferred.ts'
import { pythonHolds } from '../../support/held.ts'
import { collect, refusal, thrown } from '../../support/outcome.ts'
import { file, type Placement, start } from '../../support/placement.ts'
import { Places } from '../../support/places.ts'

const FUNCTIONS = file('functions.py').pathname
const APPLY = `${FUNCTIONS}:apply`

/** JavaScript functions that Python calls. */
export function callbackSuite(place: Placement): void {
  describe('a callback', () => {
    let py: Python
    const call = <R = unknown>(name: string, ...args: unknown[]): Promise<R> =>
      py.run<R>(`${FUNCTIONS}:${name}`, args)
    beforeAll(async () => {
      py = await start(place, { workers: 1 })
    })
    afterAll(() => py.close())

    it('returns a value or a promise', async () => {
      expect(await call('apply', (a: number, b: number) => a + b, 1, 2)).toBe(3)
      expect(await call('apply', async (a: number) => a * 2, 4)).toBe(8)
      expect(
        await call('apply', () => new Promise((resolve) => setImmediate(resolve, 'late'))),
      ).toBe('late')
      // biome-ignore lint/suspicious/noThenProperty: a thenable is what it tests
      const thenable = () => ({ then: (resolve: (value: number) => void) => resolve(5) })
      expect(await call('apply', thenable)).toBe(5)
      expect(await call('apply', () => undefined)).toBe(null)
      expect(await call('apply', () => {})).toBe(null)
    })

    it.each([
      ['null', null],
      ['booleans', [true, false]],
      ['numbers', [0, -1, 1.5, 2 ** 40, -0, Number.NaN, Infinity]],
      ['bigints', [2n ** 70n, -(2n ** 90n)]],
      ['strings', ['', 'a', 'é\u{1f600}', 'x'.repeat(100_000)]],
      ['bytes', new Uint8Array([0, 1, 255])],
      ['objects', { a: { b: [1, { c: null }] }, __proto_: 1 }],
      [
        'maps',
        new Map<unknown, unknown>([
          [1, 'one'],
          [[1, 2], 'list'],
        ]),
      ],
      ['sets', new Set([1, 'a', null])],
      ['dates', new Date(86_400_000)],
      ['typed arrays', new Float64Array([1.5, -2])],
      ['scalars', new PythonScalar('decimal.Decimal', '1.10')],
    ])('takes and answers %s', async (_, value) => {
      const seen: unknown[] = []
      const look = (arg: unknown) => {
        seen.push(arg)
        return arg
      }
      expect(await call('apply', look, value)).toEqual(value)
      expect(await call('apply', async (arg: unknown) => look(arg), value)).toEqual(value)
      expect(seen).toEqual([value, value])
    })

    it('may throw an error whose properties are anything', async () => {
      const twice = Array.from({ length: 40 }).reduce((inner) => [inner, inner], 'bottom')
      const own = (properties: PropertyDescriptorMap) =>
        Object.defineProperties(new Error('mine'), properties)
      const failing = {
        get: (): never => {
          throw new Error('not this one')
        },
      }
      const errors: unknown[] = [
        own({ name: { value: Symbol('name') } }),
        own({ name: { value: undefined }, message: { value: { deep: Symbol('no') } } }),
        own({ message: { value: null }, stack: { value: undefined } }),
        own({ stack: { value: () => 'called' } }),
        own({ message: failing }),
        own({ stack: failing, name: failing }),
        own({ message: { value: 'x'.repeat(300_000) } }),
        own({ message: { value: '\ud800' } }),
        runInNewContext('new TypeError("elsewhere")'),
        twice,
        Object.create(null),
        new Proxy({}, { get: (_, key) => (key === 'then' ? undefined : failing.get()) }),
      ]
      for (const error of errors) {
        const fail = () => {
          throw error
        }
        expect(Object.is(await thrown(() => call('apply', fail)), error)).toBe(true)
        expect(Object.is(await thrown(() => call('apply', async () => fail())), error)).toBe(true)
        expect(Object.is(await thrown(() => py.sync.run(APPLY, [fail])), error)).toBe(true)
        const items = { [Symbol.iterator]: () => ({ next: fail }) }
        expect(Object.is(await thrown(() => py.run('builtins:list', [items])), error)).toBe(true)
        expect(await call('recovers', fail)).toBe('fallback')
      }
      expect(
        await call('catches', () => runInNewContext('throw new TypeError("elsewhere")')),
      ).toEqual(['JavaScriptError', 'TypeError', 'elsewhere', false, 'TypeError: elsewhere'])
      expect(py.stats().replaced).toBe(0)
    })

    it('whose result is refused raises in Python, and loses nothing else', async () => {
      const mine = new Error('mine')
      const refused: [unknown, object][] = [
        [Symbol('no'), { code: 'ERR_PYTHREADS_VALUE' }],
        [{ deep: [/x/] }, { code: 'ERR_PYTHREADS_VALUE' }],
        [new Set([1, true]), { code: 'ERR_PYTHREADS_VALUE' }],
        [new PythonScalar('decimal.Decimal', 'none'), { code: 'ERR_PYTHREADS_VALUE' }],
        [
          new Proxy([1], {
            get: (
              (n) => (t, k) =>
                k === 'length' ? n++ : Reflect.get(t, k)
            )(1),
          }),
          { code: 'ERR_PYTHREADS_VALUE' },
        ],
        [{ get a(): never { throw mine } }, mine], // biome-ignore format: one line
      ]
      const beside = Promise.all(Array.from({ length: 20 }, (_, i) => call('apply', async () => i)))
      for (const [value, error] of refused) {
        const give = () => value
        const ways = [
          () => call('apply', give),
          () => call('apply', async () => value),
          () => py.run('builtins:list', [[value].values()]),
          () => py.run('builtins:list', [(async function* () { yield { value } })()]), // biome-ignore format: one line
          () => py.sync.run(APPLY, [give]),
          () => py.sync.run('builtins:list', [[value].values()]),
        ]
        for (const way of ways) expect(await thrown(way)).toMatchObject(error)
        expect(await call('recovers', give)).toBe('fallback')
        expect(await call('recovers', async () => value)).toBe('fallback')
      }
      expect(await beside).toEqual(Array.from({ length: 20 }, (_, i) => i))
      expect(py.stats().replaced).toBe(0)
      await pythonHolds(py, 0)
    })

    it('takes many arguments, and keyword arguments as an object that comes last', async () => {
      const args = (...all: unknown[]) => all
      expect(await call('apply', args)).toEqual([])
      expect(await py.run(APPLY, [args, 1], { kwargs: { two: 2, three: [3] } })).toEqual([
        1,
        { two: 2, three: [3] },
      ])
      expect(await py.eval`${args}(1, *[2, 3], four=4)`).toEqual([1, 2, 3, { four: 4 }])
      const many = Array.from({ length: 300 }, (_, i) => i)
      expect(await call('apply', args, ...many)).toEqual(many)
    })

    it('is a function with a name in Python', async () => {
      function named() {}
      const [shown, name, callable] = await call<[string, string, boolean]>('describe', named)
      expect([shown, name, callable]).toEqual([expect.stringContaining('named'), 'named', true])
      expect((await call<unknown[]>('describe', () => {}))[2]).toBe(true)
      expect((await call<unknown[]>('describe', class Local {}))[1]).toBe('Local')
    })

    it.each([
      ['an Error', new Error('thrown')],
      ['a TypeError', new TypeError('thrown')],
      ['an error of a class of its own', new (class Own extends Error {})('thrown')],
      ['an object', { thrown: true }],
      ['a function', () => {}],
      ['a symbol', Symbol('thrown')],
      ['a string', 'thrown'],
      ['undefined', undefined],
      ['null', null],
      ['zero', 0],
      ['not a number', Number.NaN],
      ['a frozen error', Object.freeze(new Error('frozen'))],
      [
        'an error whose name is no string',
        Object.assign(new Error('odd'), { name: Symbol('name') }),
      ],
      [
        'an error whose message is no string',
        Object.assign(new Error('odd'), { message: { text: 1n } }),
      ],
      ['an error whose stack is no string', Object.assign(new Error('odd'), { stack: [1] })],
      ['an object without a prototype', Object.create(null)],
    ])('that throws %s gives the caller that very value', async (_, value) => {
      const throws = () => {
        throw value
      }
      const rejects = () => Promise.reject(value)
      for (const fails of [throws, rejects]) {
        expect(Object.is(await thrown(() => call('apply', fails)), value)).toBe(true)
        expect(Object.is(await thrown(() => call('reraises', fails)), value)).toBe(true)
        expect(Object.is(await thrown(() => call('raised_in_thread', fails)), value)).toBe(true)
      }
      expect(py.stats().replaced).toBe(0)
    })

    it('that throws what cannot be read gives the caller that very value', async () => {
      await using one = await start(place, { workers: 1 })
      const { proxy, revoke } = Proxy.revocable({}, {})
      revoke()
      const unreadable = new Error('unreadable')
      Object.defineProperty(unreadable, 'message', {
        get: () => {
          throw new Error('a getter')
        },
      })
      for (const value of [proxy, unreadable]) {
        const throws = () => {
          throw value
        }
        const rejects = () => Promise.reject(value)
        for (const fails of [throws, rejects]) {
          const [got] = (await one
            .run(APPLY, [fails])
            .catch((error: unknown) => [error])) as unknown[] // bare, it would be asked for `then`
          expect(Object.is(got, value)).toBe(true)
        }
      }
      expect(await one.run(APPLY, [() => 1])).toBe(1)
      await pythonHolds(one, 0)
      expect(one.stats().replaced).toBe(0)
    })

    it('that throws can be caught in Python, which sees name, message and stack', async () => {
      function thrower(): never {
        throw new RangeError('too far')
      }
      expect(await call('catches', thrower)).toEqual([
        'JavaScriptError',
        'RangeError',
        'too far',
        true,
        'RangeError: too far',
      ])
      expect(await call('catches', async () => thrower())).toEqual([
        'JavaScriptError',
        'RangeError',
        'too far',
        true,
        'RangeError: too far',
      ])
      expect(await call('catches', () => Promise.reject('text'))).toEqual([
        'JavaScriptError',
        '',
        'text',
        false,
        'text',
      ])
      expect(await call('recovers', thrower)).toBe('fallback')
    })

    it('that throws is the cause of what Python raises from it', async () => {
      const mine = new Error('mine')
      const fails = () => {
        throw mine
      }
      const wrapped = await thrown(() => call('wraps', fails))
      expect(wrapped).toBeInstanceOf(PythonError)
      expect(wrapped).toMatchObject({ type: 'ValueError', message: 'wrapped' })
      expect((wrapped as Error).cause).toBe(mine)
      const context = await thrown(() => call('finds_in_context', fails))
      expect(context).toMatchObject({ type: 'KeyError' })
      expect((context as Error).cause).toBe(mine)
    })

    it('in an exception group is a member of it, the very value', async () => {
      if (place.name.includes('3.10')) return
      const mine = new Error('mine')
      await py.exec`
        def group(function):
            try:
                function()
            except Exception as error:
                raise BaseExceptionGroup('many', [error, ValueError('other')])
      `
      const error = (await thrown(
        () =>
          py.eval`group(${() => {
            throw mine
          }})`,
      )) as PythonError
      expect(error.errors?.[0]).toBe(mine)
      expect(error.errors?.[1]).toMatchObject({ type: 'ValueError' })
    })

    it('whose result cannot cross raises in Python, which goes on', async () => {
      for (const value of [
        Symbol('no'),
        Promise,
        new WeakMap(),
        Object.create({ constructor: class Odd {} }),
      ]) {
        const answer = await call('recovers', () =>
          value === Promise ? { inner: Promise.resolve(1) } : value,
        )
        expect(answer).toBe('fallback')
        const late = await call('recovers', async () =>
          value === Promise ? { inner: Promise.resolve(1) } : value,
        )
        expect(late).toBe('fallback')
      }
      const error = await refusal(() => call('apply', () => Symbol('no')))
      expect(error).toMatchObject({ code: 'ERR_PYTHREADS_VALUE' })
      const mine = new Error('a getter')
      const getter = {
        get value() {
          throw mine
        },
      }
      expect(await thrown(() => call('apply', () => getter))).toBe(mine)
      expect(await call('apply', () => 1)).toBe(1)
    })

    it('that gets what Python cannot send raises in Python', async () => {
      // An object is sent as a reference, so there is hardly anything that cannot cross.
      const seen: unknown[] = []
      expect(
        await py.eval`${(object: RemoteObject) => void seen.push(object)}(__import__('threading').Lock())`,
      ).toBe(null)
      expect(await (seen[0] as RemoteObject).locked?.()).toBe(false)
    })

    it('is kept after the call, and called late', async () => {
      const calls: unknown[] = []
      const record = (...args: unknown[]) => calls.push(args)
      expect(await call('keep', record, record)).toBe(2)
      expect(py.stats().callbacks).toBeGreaterThan(0)
      expect(await call('call_kept', 'a', 1)).toEqual([1, 2])
      expect(calls).toEqual([
        ['a', 1],
        ['a', 1],
      ])
      expect(await call('take_kept')).toEqual([record, record])
      await pythonHolds(py, 0)
    })

    it('is called from a thread of Python while JavaScript is idle', async () => {
      const heard = deferred<unknown>()
      await call(
        'start_thread',
        (value: unknown) => {
          heard.resolve(value)
          return 'answer'
        },
        'from a thread',
      )
      expect(await heard.promise).toBe('from a thread')
      await expect.poll(() => call('take_outcomes')).toEqual([['returned', 'answer']])
      const promised = deferred()
      await call('start_thread', async () => {
        await promised.promise
        return 'promised'
      })
      expect(await call('take_outcomes')).toEqual([])
      promised.resolve()
      await expect.poll(() => call('take_outcomes')).toEqual([['returned', 'promised']])
      const mine = new Error('mine')
      await call('start_thread', () => Promise.reject(mine))
      await expect.poll(() => call('take_outcomes')).toEqual([['raised', 'JavaScriptError']])
      await pythonHolds(py, 0)
    })

    it('is called from a thread of Python while the worker runs a call', async () => {
      expect(await call('in_thread', (x: number) => x + 1, 1)).toEqual(['returned', 2])
      expect(await call('in_thread', async (x: number) => x + 1, 2)).toEqual(['returned', 3])
      expect(await call('in_thread', () => Promise.reject(new Error()))).toEqual([
        'raised',
        'JavaScriptError',
      ])
      expect(await call('in_thread', () => Symbol('no'))).toEqual(['raised', 'JavaScriptError'])
      expect(await call('in_thread', (f: unknown) => f, call)).toEqual(['returned', call])
    })

    it('is called from many threads at once', async () => {
      const expected = Array.from({ length: 20 }, (_, t) =>
        Array.from({ length: 50 }, (_, c) => `${t} ${c}`),
      )
      expect(await call('in_many_threads', (t: number, c: number) => `${t} ${c}`, 20, 50)).toEqual(
        expected,
      )
      const slow = async (t: number, c: number) => {
        await new Promise((resolve) => setImmediate(resolve))
        return `${t} ${c}`
      }
      expect(await call('in_many_threads', slow, 20, 50)).toEqual(expected)
    })

    it('is called 10,000 times', async () => {
      let calls = 0
      const count = (number: number) => {
        calls++
        return number
      }
      expect(await call('repeat', count, 10_000)).toBe(49_995_000)
      expect(calls).toBe(10_000)
      expect(await call('repeat', async (number: number) => number, 1_000)).toBe(499_500)
    })

    it('is the same object in Python each time', async () => {
      const listener = (...args: unknown[]) => args.length
      expect(await call('same', listener, listener)).toBe(true)
      expect(await call('same', listener, () => {})).toBe(false)
      const listeners = (await call('Listeners')) as RemoteObject
      await listeners.add?.(listener)
      await listeners.add?.((..._: unknown[]) => 'other')
      expect(await listeners.emit?.(1, 2)).toEqual([2, 'other'])
      await listeners.remove?.(listener)
      expect(await listeners.emit?.(1, 2)).toEqual(['other'])
      expect(await refusal(() => listeners.remove?.(listener))).toMatchObject({
        type: 'ValueError',
      })
      listeners.$dispose()
      await pythonHolds(py, 0)
    })

    it('comes home as the very function', async () => {
      const mine = () => 'mine'
      expect(await py.eval`${mine}`).toBe(mine)
      expect(await py.eval`[${mine}, {'a': ${mine}}, (${mine},)]`).toEqual([
        mine,
        { a: mine },
        [mine],
      ])
      expect(await call('apply', (inner: unknown) => inner === mine, mine)).toBe(true)
      expect(await call('apply', () => mine)).toBe(mine)
      expect(await call('apply', async () => ({ mine }))).toEqual({ mine })
      class Own {}
      expect(await py.eval`${Own}`).toBe(Own)
    })

    it('that Python gets by many ways at once comes home each time', async () => {
      await using py = await start(place, { workers: 1 })
      const call = <R = unknown>(name: string, ...args: unknown[]): Promise<R> =>
        py.run<R>(`${FUNCTIONS}:${name}`, args)
      await py.exec`
        import asyncio
        async def later(value):
            await asyncio.sleep(0)
            return value
      `
      const ways = [
        (f: unknown) => py.eval`${f}`,
        (f: unknown) => py.eval`later(${f})`,
        (f: unknown) =>
          call<unknown[]>('in_thread', (inner: unknown) => inner, f).then(([, back]) => back),
        (f: unknown) => call('apply', (inner: unknown) => inner, f),
      ]
      const results = await Promise.all(
        Array.from({ length: 2_000 }, async (_, i) => {
          const mine = () => i
          return (await ways[i % ways.length]?.(mine)) === mine
        }),
      )
      expect(results.filter((result) => !result)).toEqual([])
      expect(py.stats()).toMatchObject({ replaced: 0, running: 0 })
      await pythonHolds(py, 0)
    })

    it('that throws in many ways at once throws the very value each time', async () => {
      await using py = await start(place, { workers: 1 })
      const call = <R = unknown>(name: string, ...args: unknown[]): Promise<R> =>
        py.run<R>(`${FUNCTIONS}:${name}`, args)
      await py.exec`
        import asyncio
        async def later_of(function):
            await asyncio.sleep(0)
            return function()
      `
      const ways = [
        (f: unknown) => call('apply', f),
        (f: unknown) => py.eval`later_of(${f})`,
        (f: unknown) => call('raised_in_thread', f),
      ]
      const results = await Promise.all(
        Array.from({ length: 900 }, async (_, i) => {
          const mine = new Error(String(i))
          const fails = () => {
            throw mine
          }
          return (await thrown(() => ways[i % ways.length]?.(fails))) === mine
        }),
      )
      expect(results.filter((result) => !result)).toEqual([])
      expect(py.stats()).toMatchObject({ replaced: 0, running: 0 })
      await pythonHolds(py, 0)
    })

    it('can stand in containers, as a keyword argument, and in the keyword arguments of map', async () => {
      const double = (x: number) => x * 2
      expect(await call('deep', { list: [double], dict: { function: double } })).toEqual([
        2,
        4,
        true,
      ])
      expect(await py.eval`${new Map([[1, double]])}[1](4)`).toBe(8)
      expect(await py.run(`${FUNCTIONS}:call_for`, [5], { kwargs: { function: double } })).toBe(10)
      const options = { kwargs: { function: (x: number, { by }: { by: number }) => x * by, by: 3 } }
      const items = Array.from({ length: 500 }, (_, i) => i)
      expect(await collect(py.map(`${FUNCTIONS}:call_for`, items, options))).toEqual(
        items.map((x) => x * 3),
      )
      const mine = new Error('mine')
      const fails = (x: number) => {
        if (x === 3) throw mine
        return x
      }
      const error = await thrown(() =>
        collect(py.map(`${FUNCTIONS}:call_for`, items, { kwargs: { function: fails } })),
      )
      expect(error === mine || (error as Error).cause === mine).toBe(true)
      await pythonHolds(py, 0)
    })

    it('can stand in a key', async () => {
      const mine = () => 1
      expect(await py.eval`{${mine}: 1}[${mine}]`).toBe(1)
      expect(await py.eval`list({${mine}: 1})[0]`).toBe(mine)
      expect(await py.eval`{${mine}: 1}`).toEqual(new Map([[mine, 1]]))
    })

    it('that Python has dropped is not held', async () => {
      await Promise.all(
        Array.from({ length: 500 }, (_, i) =>
          call(
            'apply',
            (f: unknown) => [f, () => i],
            () => i,
          ),
        ),
      )
      await Promise.allSettled(
        Array.from({ length: 100 }, () => call('apply', () => Promise.reject(new Error()))),
      )
      await call('recovers', () => {
        throw new Error()
      })
      await pythonHolds(py, 0)
    })

    it('that never got to Python is not held', async () => {
      expect(await refusal(() => call('apply', () => 1, Symbol('no')))).toMatchObject({
        code: 'ERR_PYTHREADS_VALUE',
      })
      await using one = await start(place, { workers: 1, maxQueue: 0 })
      const go = deferred()
      const busy = one.run(APPLY, [() => go.promise])
      expect(await refusal(() => one.run(APPLY, [() => 2]))).toMatchObject({
        code: 'ERR_PYTHREADS_QUEUE_FULL',
      })
      go.resolve()
      await busy
      await pythonHolds(one, 0)
      await pythonHolds(py, 0)
    })
  })

  describe('a callback that calls Python', () => {
    it.each([1, 2])('goes 50 levels deep with %i workers', async (workers) => {
      await using py = await start(place, { workers })
      const down = async (level: number): Promise<number> =>
        level === 0 ? 0 : 1 + (await py.run<number>(APPLY, [down, level - 1]))
      expect(await down(50)).toBe(50)
      const deepest = new Error('at the bottom')
      const fall = async (level: number): Promise<unknown> => {
        if (level === 0) throw deepest
        return py.run(APPLY, [fall, level - 1])
      }
      expect(await thrown(() => fall(50))).toBe(deepest)
      expect(py.stats()).toMatchObject({ running: 0, queued: 0 })
      await pythonHolds(py, 0)
    })

    it.each([1, 2, 4])(
      'many callers at once, each 5 levels deep, with %i workers',
      async (workers) => {
        await using py = await start(place, { workers })
        const down = async (level: number): Promise<number> =>
          level === 0 ? 0 : 1 + (await py.run<number>(APPLY, [down, level - 1]))
        expect(await Promise.all(Array.from({ length: 40 }, () => down(5)))).toEqual(
          Array(40).fill(5),
        )
        await pythonHolds(py, 0)
      },
    )

    it('of another worker, which calls back to the first, completes', async () => {
      await using py = await start(place)
      const caller = (worker: number) => py.run<RemoteObject>(`${FUNCTIONS}:Caller`, [], { worker })
      const [a, b] = await Promise.all([caller(0), caller(1)])
      for (let i = 0; i < 20; i++) {
        const answers = await Promise.all([
          a.call?.(async () => ['a', await b.value?.()]),
          b.call?.(async () => ['b', await a.value?.()]),
          a.call?.(async () => b.call?.(async () => a.call?.(async () => b.value?.()))),
          b.call?.(async () => a.call?.(async () => b.call?.(async () => a.value?.()))),
        ])
        expect(answers).toEqual([['a', 1], ['b', 1], 1, 1])
      }
    })

    it.each([1, 2])('many times at once gets every result, with %i workers', async (workers) => {
      await using py = await start(place, { workers })
      const fan = () =>
        Promise.all(
          Array.from({ length: 50 }, (_, i) => py.run<number>(APPLY, [(x: number) => x + 1, i])),
        )
      const expected = Array.from({ length: 50 }, (_, i) => i + 1)
      expect(await py.run(APPLY, [fan])).toEqual(expected)
      expect(await Promise.all(Array.from({ length: 4 }, () => py.run(APPLY, [fan])))).toEqual(
        Array(4).fill(expected),
      )
    })

    it.each([1, 2])('by exec, module, map, sync and session, with %i workers', async (workers) => {
      await using py = await start(place, { workers })
      const run = <R>(body: () => R): Promise<Awaited<R>> => py.run<Awaited<R>>(APPLY, [body])
      await run(() => py.exec('by_callback = 5'))
      expect(await py.eval('by_callback')).toBe(5)
      expect(await run(async () => (await py.module('VALUE = 6', 'made_in_callback')).VALUE)).toBe(
        6,
      )
      expect(await run(() => collect(py.map('math:sqrt', [1, 4, 9])))).toEqual([1, 2, 3])
      expect(await run(() => py.sync.eval('1 + 1'))).toBe(2)
      expect(await run(() => py.sync.eval`${(x: number) => x + 1}(5)`)).toBe(6)
      if (workers === 1) return
      const inSession = async () => {
        await using session = await py.session()
        await session.exec('x = 7')
        return session.eval('x')
      }
      expect(await run(inSession)).toBe(7)
    })

    it('that another callback waits for, in turn', async () => {
      await using py = await start(place, { workers: 1 })
      const first = deferred<string>()
      const waiting = py.run(APPLY, [() => first.promise])
      // The worker's thread waits; what is not made in its callback does not run in between.
      const order: string[] = []
      const outside = py.eval('1').then(() => order.push('outside'))
      const inside = py.run(APPLY, [async () => order.push('inside')])
      first.resolve('done')
      expect(await waiting).toBe('done')
      await Promise.all([outside, inside])
      expect(order.toSorted()).toEqual(['inside', 'outside'])
    })

    it('returns in any order', async () => {
      await using py = await start(place, { workers: 1 })
      const [slow, quick] = [deferred<string>(), deferred<string>()]
      const both = py.run(APPLY, [
        () =>
          Promise.all([
            py.run(APPLY, [() => slow.promise]),
            py.run(APPLY, [() => quick.promise.then((text) => [text, slow.resolve('slow')][0])]),
          ]),
      ])
      quick.resolve('quick')
      expect(await both).toEqual(['slow', 'quick'])
    })

    it('after it has answered, by what it left behind', async () => {
      await using py = await start(place, { workers: 1 })
      const late = deferred<unknown>()
      const leave = () => {
        setImmediate(() => late.resolve(py.eval('40 + 2')))
        return 'left'
      }
      expect(await py.run(APPLY, [leave])).toBe('left')
      expect(await late.promise).toBe(42)
    })
  })

  describe('a callback and the end of the pool', () => {
    it('close() in it is refused, and the pool goes on', async () => {
      await using py = await start(place)
      expect(await refusal(() => py.run(APPLY, [() => py.close()]))).toMatchObject({
        code: 'ERR_PYTHREADS_DEADLOCK',
      })
      expect(await py.run(APPLY, [() => 1])).toBe(1)
    })

    it('close() that it does not wait for may come after it', async () => {
      const py = await start(place)
      const closed = deferred<Promise<void>>()
      await py.run(APPLY, [() => void setImmediate(() => closed.resolve(py.close()))])
      await closed.promise
      expect(await refusal(() => py.eval('1'))).toMatchObject({ code: 'ERR_PYTHREADS_CLOSED' })
    })

    it('close() waits for calls that wait for one', async () => {
      const py = await start(place, { workers: 1 })
      const [begun, go] = [deferred(), deferred()]
      const answer = py.run(APPLY, [
        async () => {
          begun.resolve()
          await go.promise
          return 'after close'
        },
      ])
      await begun.promise
      const closed = py.close()
      go.resolve()
      expect(await answer).toBe('after close')
      await closed
      expect(py.stats()).toMatchObject({ running: 0, queued: 0, callbacks: 0, objects: 0 })
    })

    it('destroy() in it rejects its call', async () => {
      const py = await start(place)
      const reason = new Error('enough')
      const error = await refusal(() => py.run(APPLY, [() => py.destroy(reason)]))
      expect(error).toMatchObject({ code: 'ERR_PYTHREADS_DESTROYED', cause: reason })
      const again = await start(place)
      const late = async () => {
        await again.eval('1')
        again.destroy()
        return () => 1
      }
      expect(await refusal(() => again.run(APPLY, [late]))).toMatchObject({
        code: 'ERR_PYTHREADS_DESTROYED',
      })
    })

    it('destroy() while it runs rejects its call, and its result is dropped', async () => {
      const py = await start(place)
      const [begun, go, over] = [deferred(), deferred(), deferred()]
      const calls = [APPLY, `${FUNCTIONS}:in_thread`].map((target) =>
        refusal(() =>
          py.run(target, [
            async () => {
              begun.resolve()
              await go.promise
              setImmediate(over.resolve)
              return () => 'nobody'
            },
          ]),
        ),
      )
      await begun.promise
      py.destroy()
      for (const error of await Promise.all(calls))
        expect(error).toMatchObject({ code: 'ERR_PYTHREADS_DESTROYED' })
      go.resolve()
      await over.promise
      expect(py.stats()).toMatchObject({ running: 0, queued: 0 })
    })

    it('what Python kept raises there once the pool is closed', async () => {
      using places = new Places()
      const py = await start(place, { workers: 1 })
      const [opened, outcome] = [places.path('gate'), places.path('outcome')]
      await py.run(`${FUNCTIONS}:call_when_there_is`, [opened, () => 'called', outcome])
      await py.close()
      places.file('gate', '')
      if (place.isolation === 'process') return // the thread has ended with the process
      await expect.poll(() => existsSync(outcome)).toBe(true)
      expect(readFileSync(outcome, 'utf8')).toMatch(/^raised /)
      expect(py.stats().callbacks).toBe(0)
    })

    if (place.isolation === 'process') {
      it.each(['apply', 'in_thread'])(
        'a worker that dies while it waits for one rejects the call, and is replaced: %s',
        async (name) => {
          await using py = await start(place, { workers: 1 })
          const [begun, go, over] = [deferred(), deferred(), deferred()]
          const dies = async () => {
            begun.resolve()
            await go.promise
            setImmediate(over.resolve)
            return () => 'nobody'
          }
          const failing = refusal(() => py.run(`${FUNCTIONS}:${name}`, [dies]))
          await begun.promise
          process.kill(py.stats().workers[0]?.pid ?? 0, 'SIGKILL')
          expect(await failing).toMatchObject({ code: 'ERR_PYTHREADS_WORKER_DIED' })
          expect(await py.eval('1')).toBe(1)
          go.resolve()
          await over.promise
          await pythonHolds(py, 0)
          expect(py.stats()).toMatchObject({ replaced: 1, running: 0, queued: 0 })
        },
      )

      it('a callback that ends its own worker, and calls it again', async () => {
        await using py = await start(place, { workers: 1 })
        const suicidal = async () => {
          process.kill(py.stats().workers[0]?.pid ?? 0, 'SIGKILL')
          expect(await py.eval('1 + 1')).toBe(2) // waits for the replacement
          return 1
        }
        expect(await refusal(() => py.run(APPLY, [suicidal]))).toMatchObject({
          code: 'ERR_PYTHREADS_WORKER_DIED',
        })
        expect(await py.eval('1')).toBe(1)
        await pythonHolds(py, 0)
      })
    }
  })

  describe('a callback in a sync call', () => {
    let py: Python
    beforeAll(async () => {
      py = await start(place)
    })
    afterAll(() => py.close())

    it('returns, throws and comes back as the same function', async () => {
      expect(py.sync.run(APPLY, [(a: number, b: number) => a + b, 1, 2])).toBe(3)
      expect(
        py.sync.import(file('functions.py')).apply?.((...args: unknown[]) => args, 1, kw({ a: 2 })),
      ).toEqual([1, { a: 2 }])
      const mine = new Error('mine')
      const fails = () => {
        throw mine
      }
      for (const value of [mine, undefined, 'text', null, Symbol('thrown'), fails]) {
        const throws = () => {
          throw value
        }
        expect(Object.is(await thrown(() => py.sync.run(APPLY, [throws])), value)).toBe(true)
      }
      expect(
        ((await thrown(() => py.sync.run(`${FUNCTIONS}:wraps`, [fails]))) as Error).cause,
      ).toBe(mine)
      expect(py.sync.run(`${FUNCTIONS}:recovers`, [fails])).toBe('fallback')
      expect(py.sync.eval`${fails}`).toBe(fails)
      expect(py.sync.run(`${FUNCTIONS}:same`, [fails, fails])).toBe(true)
      let calls = 0
      expect(py.sync.run(`${FUNCTIONS}:repeat`, [(x: number) => ++calls && x, 5_000])).toBe(
        12_497_500,
      )
      expect(calls).toBe(5_000)
    })

    it('makes sync calls, 20 levels deep', async () => {
      const down = (level: number): number =>
        level === 0 ? 0 : 1 + py.sync.run<number>(APPLY, [down, level - 1])
      expect(down(20)).toBe(20)
      const mine = new Error('mine')
      const fall = (level: number): unknown => {
        if (level === 0) throw mine
        return py.sync.run(APPLY, [fall, level - 1])
      }
      expect(await thrown(() => fall(20))).toBe(mine)
      const each = (x: number) => py.sync.eval<number>`${x} + 1`
      expect(py.sync.eval`[${each}(x) for x in range(5)]`).toEqual([1, 2, 3, 4, 5])
    })

    it('that returns a promise is refused', async () => {
      const promises = [
        async () => 1,
        () => Promise.resolve(1),
        () => Promise.reject(new Error('unseen')),
        () => py.eval('1'),
      ]
      for (const promise of promises) {
        expect(await refusal(() => py.sync.run(APPLY, [promise]))).toMatchObject({
          code: 'ERR_PYTHREADS_DEADLOCK',
        })
        expect(py.sync.run(`${FUNCTIONS}:recovers`, [promise])).toBe('fallback')
      }
    })

    it('is called from another thread of Python, during the call and after it', async () => {
      expect(py.sync.run(`${FUNCTIONS}:in_thread`, [(x: number) => x + 1, 1])).toEqual([
        'returned',
        2,
      ])
      const numbers = py.sync.run<string[][]>(`${FUNCTIONS}:in_many_threads`, [
        (t: number, c: number) => `${t} ${c}`,
        10,
        20,
      ])
      expect(numbers).toEqual(
        Array.from({ length: 10 }, (_, t) => Array.from({ length: 20 }, (_, c) => `${t} ${c}`)),
      )
      expect(py.sync.run(`${FUNCTIONS}:in_thread`, [async () => 1])).toEqual([
        'raised',
        expect.any(String),
      ])
    })

    it.each([
      ['with a value', () => 'answer', 'returned answer'],
      ['with a promise', async () => 'promised', 'returned promised'],
      ['with an error', () => Promise.reject(new Error('mine')), 'raised JavaScriptError'],
    ])(
      'is called from another thread of Python when no call is under way, and answers %s',
      async (_, answer, expected) => {
        using places = new Places()
        const [opened, outcome] = [places.path('gate'), places.path('outcome')]
        py.sync.run(`${FUNCTIONS}:call_when_there_is`, [opened, answer, outcome])
        places.file('gate', '')
        await expect.poll(() => existsSync(outcome)).toBe(true)
        expect(readFileSync(outcome, 'utf8')).toBe(expected)
      },
    )

    it('that is kept is called by a later call', () => {
      const kept = (x: number) => x * 2
      expect(py.sync.run(`${FUNCTIONS}:keep`, [kept])).toBe(1)
      expect(py.sync.run(`${FUNCTIONS}:call_kept`, [4])).toEqual([8])
      expect(py.sync.run(`${FUNCTIONS}:take_kept`)).toEqual([kept])
    })

    it('of an asynchronous call that is under way is not disturbed by a sync call', async () => {
      await using one = await start(place, { workers: 1 })
      one.sync.eval('1')
      await one.exec`
        import time
        def slow(function, seconds):
            time.sleep(seconds)
            return function()
      `
      const answers = [
        one.eval`slow(${async () => 'promised'}, 0.1)`,
        one.eval`slow(${() => 'direct'}, 0.1)`,
      ]
      const settled = Promise.allSettled(answers)
      for (let i = 0; i < 5; i++) {
        one.sync.eval('__import__("time").sleep(0.1)')
        await new Promise((resolve) => setImmediate(resolve))
      }
      expect(
        (await settled).map((result) =>
          result.status === 'fulfilled' ? result.value : result.reason.code,
        ),
      ).toEqual(['promised', 'direct'])
    })

    it('that destroys the pool ends the call', async () => {
      const one = await start(place, { workers: 1 })
      const error = await refusal(() => one.sync.run(APPLY, [() => one.destroy()]))
      expect([
        'ERR_PYTHREADS_WORKER_DIED',
        'ERR_PYTHREADS_DESTROYED',
        'ERR_PYTHREADS_CLOSED',
      ]).toContain(error.code)
      expect(await refusal(() => one.sync.eval('1'))).toMatchObject({
        code: 'ERR_PYTHREADS_CLOSED',
      })
    })

    it('of another pool in a callback works', async () => {
      await using other = await start(place, { workers: 1 })
      expect(py.sync.run(APPLY, [() => other.sync.eval('5')])).toBe(5)
      expect(py.sync.run(APPLY, [() => other.sync.run(APPLY, [() => py.sync.eval('6')])])).toBe(6)
    })
  })
}
