import { EventEmitter, on } from 'node:events'
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Python, RemoteObject } from '../../../src/index.ts'
import { deferred } from '../../support/deferred.ts'
import { javaScriptHolds, pythonHolds } from '../../support/held.ts'
import { collect, refusal, thrown } from '../../support/outcome.ts'
import { file, type Placement, start } from '../../support/placement.ts'
import { Places } from '../../support/places.ts'

const ITERATORS = file('iterators.py').pathname
const FUNCTIONS = file('functions.py').pathname
const COROUTINES = file('coroutines.py').pathname

/** Numbers without an end, with a log of what happens to them. */
function numbers(): { log: unknown[]; items: Generator<number> } {
  const log: unknown[] = []
  function* count() {
    try {
      for (let i = 0; ; i++) {
        log.push(i)
        yield i
      }
    } finally {
      log.push('returned')
    }
  }
  return { log, items: count() }
}

/** Iterables of one side that the other one goes through. */
export function iteratorSuite(place: Placement): void {
  describe('an iterable of JavaScript', () => {
    let py: Python
    const call = <R = unknown>(name: string, ...args: unknown[]): Promise<R> =>
      py.run<R>(`${ITERATORS}:${name}`, args)
    beforeAll(async () => {
      py = await start(place, { workers: 1 })
    })
    afterAll(() => py.close())

    it.each<[string, () => Iterable<unknown> | AsyncIterable<unknown>, unknown[]]>([
      ['a generator', () => [1, 'a', null].map((x) => x).values(), [1, 'a', null]],
      ['an iterator of an array', () => [1, 2].entries(), [[0, 1], [1, 2]]], // biome-ignore format: one line
      ['an iterator of a Map', () => new Map([['a', 1]]).entries(), [['a', 1]]],
      ['an iterator of a Set', () => new Set([1, 2]).values(), [1, 2]],
      ['an iterator of a string', () => 'ab'[Symbol.iterator](), ['a', 'b']],
      ['matches', () => [...'a1b2'.matchAll(/\d/g)].map(([digit]) => digit).values(), ['1', '2']],
      [
        'an async generator',
        async function* () {
          yield* [1, { deep: [2] }]
        },
        [1, { deep: [2] }],
      ],
      [
        'a ReadableStream',
        () => new Blob(['text']).stream() as unknown as AsyncIterable<unknown>,
        [new TextEncoder().encode('text')],
      ],
      ['a Readable of Node', () => Readable.from(['x', 'y']), ['x', 'y']],
      ['an object of a class', () => new Countdown(3), [3, 2, 1]],
      ['an object of an asynchronous class', () => new AsyncCountdown(3), [3, 2, 1]],
      ['nothing', () => [].values(), []],
    ])('%s is gone through by `for` and by list()', async (_, make, expected) => {
      expect(await call('loop', make())).toEqual(expected)
      expect(await py.run('builtins:list', [make()])).toEqual(expected)
      expect(await py.run(`${COROUTINES}:iterate`, [make()])).toEqual(expected)
      await pythonHolds(py, 0)
    })

    it('is gone through in a sync call', async () => {
      await using one = await start(place, { workers: 1 })
      expect(one.sync.run(`${ITERATORS}:loop`, [[1, 2].values()])).toEqual([1, 2])
      expect(one.sync.run(`${ITERATORS}:loop`, [new Countdown(2)])).toEqual([2, 1])
      async function* items() {
        yield 1
      }
      expect(await refusal(() => one.sync.run(`${ITERATORS}:loop`, [items()]))).toMatchObject({
        code: 'ERR_PYTHREADS_DEADLOCK',
      })
    })

    it('that a sync call leaves early is told so by the end of the call', async () => {
      await using one = await start(place, { workers: 1 })
      const closed = numbers()
      expect(one.sync.run(`${ITERATORS}:take_and_close`, [closed.items, 2])).toEqual([0, 1])
      expect(closed.log).toEqual([0, 1, 'returned'])
      const dropped = numbers()
      expect(one.sync.run(`${ITERATORS}:take`, [dropped.items, 2])).toEqual([0, 1])
      await pythonHolds(one, 0)
      expect(dropped.log).toEqual([0, 1, 'returned'])
    })

    it('returns its items by next() until its end', async () => {
      expect(await call('nexts', [1, 2].values(), 4)).toEqual([1, 2, 'end', 'end'])
      expect(await call('is_iterator', [1].values())).toBe(true)
    })

    it('is not asked for more than Python takes', async () => {
      const { log, items } = numbers()
      expect(await call('take', items, 3)).toEqual([0, 1, 2])
      expect(log.slice(0, 3)).toEqual([0, 1, 2])
      expect(log.filter((entry) => typeof entry === 'number')).toEqual([0, 1, 2])
    })

    it('is closed when Python leaves it early, by close() or by dropping it', async () => {
      const closed = numbers()
      expect(await call('take_and_close', closed.items, 2)).toEqual([0, 1])
      expect(closed.log).toEqual([0, 1, 'returned'])
      const dropped = numbers()
      await call('take', dropped.items, 2)
      await pythonHolds(py, 0)
      expect(dropped.log).toEqual([0, 1, 'returned'])
      const ended: unknown[] = []
      function* ending() {
        try {
          yield 1
        } finally {
          ended.push('once')
        }
      }
      await call('loop', ending())
      await pythonHolds(py, 0)
      expect(ended).toEqual(['once'])
    })

    it('that is asynchronous is closed when Python leaves it', async () => {
      const log: string[] = []
      async function* items() {
        try {
          for (let i = 0; ; i++) yield i
        } finally {
          await Promise.resolve()
          log.push('returned')
        }
      }
      expect(await call('take_and_close', items(), 2)).toEqual([0, 1])
      expect(log).toEqual(['returned'])
      expect(await call('take', items(), 2)).toEqual([0, 1])
      await pythonHolds(py, 0)
      await expect.poll(() => log).toEqual(['returned', 'returned'])
    })

    it('whose return() throws tells Python when it closes, and nobody when it is dropped', async () => {
      const mine = new Error('mine')
      const items = () => ({
        [Symbol.iterator]: () => ({
          next: () => ({ value: 1, done: false }),
          return: (): never => {
            throw mine
          },
        }),
      })
      const later = () => ({
        [Symbol.asyncIterator]: () => ({
          next: async () => ({ value: 1, done: false }),
          return: () => Promise.reject(mine),
        }),
      })
      for (const make of [items, later]) {
        expect(await thrown(() => call('take_and_close', make(), 1))).toBe(mine)
        expect(await call('take', make(), 1)).toEqual([1])
        await pythonHolds(py, 0)
      }
    })

    it('that throws ends with that very error', async () => {
      const mine = new Error('mine')
      function* failing() {
        yield 1
        throw mine
      }
      async function* failingLater() {
        yield 1
        throw mine
      }
      const never = {
        [Symbol.iterator]: () => {
          throw mine
        },
      }
      for (const make of [failing, failingLater, () => never]) {
        expect(await thrown(() => call('loop', make()))).toBe(mine)
        expect(await thrown(() => py.run(`${COROUTINES}:iterate`, [make()]))).toBe(mine)
      }
      expect(await call('loop_until_error', failing())).toEqual([1, 'JavaScriptError'])
      await pythonHolds(py, 0)
    })

    it('whose steps are no steps is told so', async () => {
      const strange = { [Symbol.iterator]: () => ({ next: () => 5 }) }
      const empty = { [Symbol.iterator]: () => ({}) }
      const symbols = { [Symbol.iterator]: () => [Symbol('no')].values() }
      for (const items of [strange, empty])
        expect(await thrown(() => call('take', items, 1))).toBeInstanceOf(Error)
      expect(await refusal(() => call('loop', symbols))).toMatchObject({
        code: 'ERR_PYTHREADS_VALUE',
      })
      expect(await call('loop', [1].values())).toEqual([1])
    })

    it('is kept by Python, and gone through by later calls', async () => {
      const { log, items } = numbers()
      await call('keep', items)
      expect([await call('next_kept'), await call('next_kept')]).toEqual([0, 1])
      expect(log).toEqual([0, 1])
      await call('forget')
      await pythonHolds(py, 0)
      expect(log).toEqual([0, 1, 'returned'])
    })

    it('gives functions, objects and iterables', async () => {
      const mine = () => 'mine'
      const object = (await py.eval('[].__iter__()')) as RemoteObject
      const given = await call<unknown[]>('loop', [mine, object, { nested: mine }].values())
      expect(given[0]).toBe(mine)
      expect(given[2]).toEqual({ nested: mine })
      expect(await call('loop_nested', [[1, 2].values(), [3].values()].values())).toEqual([
        [1, 2],
        [3],
      ])
    })

    it('may call Python at each step', async () => {
      async function* items() {
        for (let i = 0; i < 20; i++) yield await py.eval`${i} * 2`
      }
      expect(await call('loop', items())).toEqual(Array.from({ length: 20 }, (_, i) => i * 2))
    })

    it('is gone through on another thread of Python', async () => {
      expect(await call('loop_in_thread', [1, 2, 3].values())).toEqual([1, 2, 3])
      async function* items() {
        yield* [1, 2]
      }
      expect(await call('loop_in_thread', items())).toEqual([1, 2])
    })

    it('of 10,000 items arrives whole', async () => {
      const items = Array.from({ length: 10_000 }, (_, i) => i)
      expect(await call('loop', items.values())).toEqual(items)
    })

    it('in the keyword arguments of map is gone through anew by each chunk', async () => {
      const again = { [Symbol.iterator]: () => [1, 2, 3].values() }
      const map = py.map(`${ITERATORS}:sum_with`, [10, 20, 30], {
        kwargs: { items: again },
        chunk: 1,
      })
      expect(await collect(map)).toEqual([16, 26, 36])
      await pythonHolds(py, 0)
    })
  })

  describe('an iterable of JavaScript whose call waits', () => {
    let py: Python
    beforeAll(async () => {
      py = await start(place, { workers: 1 })
    })
    afterAll(() => py.close())

    const LIST = 'builtins:list'
    /** Neither side holds anything of the other one. */
    async function released(): Promise<void> {
      await javaScriptHolds(py, 0)
      await pythonHolds(py, 0)
    }
    /** Has the only worker wait while `use` makes calls, which stand in the queue. */
    async function queued<T>(use: () => Promise<T>): Promise<T> {
      const [begun, go] = [deferred(), deferred()]
      const wait = () => {
        begun.resolve()
        return go.promise
      }
      const busy = py.run(`${FUNCTIONS}:apply`, [wait])
      await begun.promise
      const result = use()
      result.catch(() => {})
      await new Promise((resolve) => setImmediate(resolve))
      go.resolve()
      await busy
      return result
    }

    it('has all that its source emits before Python asks', async () => {
      const lines = () => createInterface({ input: Readable.from(['a\nb\n']) })
      expect(await py.run(LIST, [lines()])).toEqual(['a', 'b'])
      expect(await queued(() => py.run(LIST, [lines()]))).toEqual(['a', 'b'])
      expect(
        await queued(() => py.run('builtins:dict', [], { kwargs: { deep: [{ lines: lines() }] } })),
      ).toBeDefined()
      const emitter = new EventEmitter()
      const result = queued(async () => {
        const call = py.run(`${ITERATORS}:take`, [on(emitter, 'value'), 2])
        for (const value of [1, 2, 3]) emitter.emit('value', value)
        return call
      })
      expect(await result).toEqual([[1], [2]])
      expect(emitter.listenerCount('value')).toBeLessThanOrEqual(1)
      await released()
      expect(emitter.listenerCount('value')).toBe(0)
    })

    it.each<[string, () => AsyncIterable<unknown>]>([
      ['a stream', () => createReadStream('/no/such/file')],
      ['a generator that reads a stream', () => through(createReadStream('/no/such/file'))],
      [
        'a stream that is made of a stream',
        () => createReadStream('/no/such/file').map((chunk) => chunk),
      ],
      [
        'lines of a stream',
        () => through(createInterface({ input: createReadStream('/no/such/file') })),
      ],
    ])('fails with the error of its source that comes before Python asks: %s', async (_, make) => {
      const gone = { code: 'ENOENT' }
      expect(await thrown(() => py.run(LIST, [make()]))).toMatchObject(gone)
      expect(await thrown(() => queued(() => py.run(LIST, [make()])))).toMatchObject(gone)
      expect(await thrown(() => py.eval`list(${{ deep: [make()] }}['deep'][0])`)).toMatchObject(
        gone,
      )
      expect(
        await thrown(() =>
          py
            .run(`${FUNCTIONS}:apply`, [() => make()])
            .then((items) => collect(items as RemoteObject)),
        ),
      ).toMatchObject(gone)
      expect(await py.run('builtins:type', [make()])).toBeDefined() // never asked
      await released()
    })

    it.each([
      ['synchronous', false],
      ['asynchronous', true],
    ])('is opened once and closed once, whatever becomes of the call (%s)', async (_, isAsync) => {
      const logs: string[][] = []
      const items = () => tracked(isAsync, logs)
      const settled = (call: Promise<unknown>) => call.catch(() => {})
      await settled(py.run('builtins:id', [items()]))
      await settled(
        py.run('builtins:dict', [], { kwargs: { a: [items()], b: new Map([[1, items()]]) } }),
      )
      await settled(py.run('builtins:len', [items()])) // raises
      await settled(py.run('no_such_module:f', [items()]))
      await settled(py.run('builtins:id', [items(), Symbol('refused')]))
      await settled(py.run(`${FUNCTIONS}:apply`, [() => ({ deep: items() })]))
      await settled(py.run(`${FUNCTIONS}:apply`, [() => [items(), Symbol('refused')]]))
      await settled(py.run(LIST, [[items()].values()]))
      py.sync.run('builtins:id', [items()])
      expect(
        await refusal(() => py.sync.run('builtins:id', [items(), Symbol('refused')])),
      ).toBeDefined()
      await queued(async () => {
        const abort = new AbortController()
        const call = settled(py.run('builtins:id', [items()], { signal: abort.signal }))
        abort.abort()
        await call
      })
      const other = await start(place, { workers: 1 })
      const calls = [1, 2, 3].map(() => settled(other.run('builtins:id', [items()])))
      other.destroy()
      await Promise.all(calls)
      py.sync.run('gc:collect')
      await released()
      await expect.poll(() => logs).toEqual(logs.map(() => ['opened', 'closed']))
      expect(logs.length).toBe(15)
    })

    it('is not closed once a step of it threw', async () => {
      for (const isAsync of [false, true]) {
        const logs: string[][] = []
        const items = tracked(isAsync, logs, new Error('mine'))
        expect(await thrown(() => py.run(LIST, [items]))).toMatchObject({ message: 'mine' })
        await released()
        expect(logs).toEqual([['opened']])
      }
    })

    it('that is a stream is destroyed when Python drops it, also one that gives nothing', async () => {
      const streams = [Readable.from(['a']), new Readable({ read() {} })]
      for (const stream of streams) await py.run('builtins:id', [stream])
      await expect(py.run('builtins:id', [streams[0], Symbol('refused')])).rejects.toBeDefined()
      await released()
      expect(streams.map(({ destroyed }) => destroyed)).toEqual([true, true])
    })

    it('that is asynchronous and comes twice is one iterator', async () => {
      async function* count() {
        for (let i = 0; i < 4; i++) yield i
      }
      const items = count()
      expect(await py.eval`list(zip(${items}, ${items}))`).toEqual([
        [0, 1],
        [2, 3],
      ])
    })

    it('that cannot be opened rejects the call with that very error', async () => {
      const mine = new Error('mine')
      const open = () => {
        throw mine
      }
      const locked = new Blob(['a']).stream()
      locked.getReader()
      for (const items of [{ [Symbol.iterator]: open }, { [Symbol.asyncIterator]: open }]) {
        expect(await thrown(() => py.run(LIST, [{ deep: items }]))).toBe(mine)
        expect(await thrown(() => py.sync.run(LIST, [items]))).toBe(mine)
        expect(await thrown(() => py.run(`${FUNCTIONS}:apply`, [() => items]))).toBe(mine)
      }
      expect(await thrown(() => py.run(LIST, [locked]))).toBeInstanceOf(TypeError)
    })
  })

  describe('an iterable of Python', () => {
    let py: Python
    const call = (name: string, ...args: unknown[]): Promise<RemoteObject> =>
      py.run<RemoteObject>(`${ITERATORS}:${name}`, args)
    beforeAll(async () => {
      py = await start(place, { workers: 1 })
    })
    afterAll(() => py.close())

    it.each([
      ['a generator', '(x * 2 for x in range(3))', [0, 2, 4]],
      ['map', 'map(str, [1, 2])', ['1', '2']],
      ['zip', 'zip([1], [2])', [[1, 2]]],
      ['range', 'range(3)', [0, 1, 2]],
      ['the iterator of a list', 'iter([1, 2])', [1, 2]],
      ['the keys of a dict', '{"a": 1}.keys()', ['a']],
      ['the items of a dict', '{"a": 1}.items()', [['a', 1]]],
      ['a deque', '__import__("collections").deque([1, 2])', [1, 2]],
      [
        'what has only __getitem__ and __len__',
        'type("S", (), {"__getitem__": lambda s, i: [7, 8][i], "__len__": lambda s: 2})()',
        [7, 8],
      ],
      ['something empty', 'iter(())', []],
    ])('%s is gone through', async (_, source, expected) => {
      expect(await collect((await py.eval(source)) as RemoteObject)).toEqual(expected)
      await javaScriptHolds(py, 0)
    })

    it('is gone through in a sync call', () => {
      const items = py.sync.eval('(x for x in range(3))') as Iterable<unknown>
      expect([...items]).toEqual([0, 1, 2])
      expect([...(py.sync.eval('range(2)') as Iterable<unknown>)]).toEqual([0, 1])
    })

    it('is computed only as far as it is asked for, and closed when it is left', async () => {
      await call('reset')
      const taken: unknown[] = []
      for await (const item of await call('counting')) {
        taken.push(item)
        expect(await py.run(`${ITERATORS}:computed`)).toBe(taken.length)
        if (taken.length === 5) break
      }
      expect(taken).toEqual([0, 1, 2, 3, 4])
      expect(await py.run(`${ITERATORS}:take_log`)).toEqual(['finally'])
      await javaScriptHolds(py, 0)
    })

    it('in a sync call too', async () => {
      py.sync.run(`${ITERATORS}:reset`)
      const taken: unknown[] = []
      for (const item of py.sync.run<Iterable<unknown>>(`${ITERATORS}:counting`)) {
        taken.push(item)
        expect(py.sync.run(`${ITERATORS}:computed`)).toBe(taken.length)
        if (taken.length === 3) break
      }
      expect(py.sync.run(`${ITERATORS}:take_log`)).toEqual(['finally'])
    })

    it('that raises does so after what came before, and is let go of', async () => {
      const taken: unknown[] = []
      const run = async () => {
        for await (const item of await call('failing')) taken.push(item)
      }
      expect(await refusal(run)).toMatchObject({ type: 'LookupError' })
      expect(taken).toEqual([1])
      const mine = new Error('mine')
      const callback = () => {
        throw mine
      }
      expect(await thrown(async () => collect(await call('mapped', callback)))).toBe(mine)
      await javaScriptHolds(py, 0)
      await pythonHolds(py, 0)
    })

    it('is closed when the body of the loop throws', async () => {
      await call('reset')
      const mine = new Error('mine')
      const run = async () => {
        for await (const _ of await call('counting')) throw mine
      }
      expect(await thrown(run)).toBe(mine)
      expect(await py.run(`${ITERATORS}:take_log`)).toEqual(['finally'])
    })

    it('is an iterator of its own each time, unless it is one itself', async () => {
      const list = (await py.eval('__import__("collections").UserList([1, 2])')) as RemoteObject
      expect([await collect(list), await collect(list)]).toEqual([
        [1, 2],
        [1, 2],
      ])
      const iterator = (await py.eval('iter([1, 2, 3])')) as RemoteObject
      for await (const item of iterator) {
        expect(item).toBe(1)
        break
      }
      expect(await collect(iterator)).toEqual([2, 3])
    })

    it('can be left before it was begun', async () => {
      await call('reset')
      const items = (await call('counting'))[Symbol.asyncIterator]()
      expect(await items.return()).toEqual({ value: undefined, done: true })
      expect(await py.run(`${ITERATORS}:computed`)).toBe(0)
    })

    it('gives functions of JavaScript home', async () => {
      const mine = () => 1
      expect(await collect((await py.eval`iter([${mine}])`) as RemoteObject)).toEqual([mine])
    })

    it('of JavaScript comes back through Python', async () => {
      expect(
        await collect((await py.eval`map(lambda x: x + 1, ${[1, 2].values()})`) as RemoteObject),
      ).toEqual([2, 3])
      const { log, items } = numbers()
      for await (const item of (await py.eval`(x * 10 for x in ${items})`) as RemoteObject)
        if (item === 20) break
      expect(log.filter((entry) => typeof entry === 'number')).toEqual([0, 1, 2])
      await javaScriptHolds(py, 0)
      await pythonHolds(py, 0)
      expect(log.at(-1)).toBe('returned')
    })

    it('is a file', async () => {
      using places = new Places()
      const path = places.file('lines', 'one\ntwo\n')
      const lines = (await py.eval`open(${path})`) as RemoteObject
      expect(await lines.$with((opened) => collect(opened as RemoteObject))).toEqual([
        'one\n',
        'two\n',
      ])
      expect(await lines.closed).toBe(true)
    })

    it('that cannot be iterated is not', async () => {
      const object = (await py.eval('object()')) as RemoteObject
      expect(Symbol.asyncIterator in object).toBe(false)
      expect(object[Symbol.asyncIterator]).toBe(undefined)
      expect(await thrown(() => collect(object))).toBeInstanceOf(TypeError)
    })

    it('is gone through by two loops at once, and by many', async () => {
      const items = (await py.eval('iter(range(100))')) as RemoteObject
      const [a, b] = await Promise.all([collect(items), collect(items)])
      expect([...a, ...b].map(Number).toSorted((x, y) => x - y)).toEqual(
        Array.from({ length: 100 }, (_, i) => i),
      )
      const many = await Promise.all(
        Array.from({ length: 50 }, async () =>
          collect((await py.eval('range(20)')) as RemoteObject),
        ),
      )
      expect(many).toEqual(Array(50).fill(Array.from({ length: 20 }, (_, i) => i)))
      items.$dispose()
      await javaScriptHolds(py, 0)
    })
  })
}

async function* through(source: AsyncIterable<unknown>): AsyncGenerator<unknown> {
  for await (const item of source) yield item
}

/**
 * An endless iterable with a log of its own: when its iterator is opened and closed. `error`: what
 * its first step throws.
 */
function tracked(
  isAsync: boolean,
  logs: string[][],
  error?: Error,
): Iterable<unknown> | AsyncIterable<unknown> {
  const log: string[] = []
  logs.push(log)
  const open = () => {
    log.push('opened')
    return {
      next: () => {
        const step = { value: 1, done: false }
        if (error === undefined) return isAsync ? Promise.resolve(step) : step
        if (isAsync) return Promise.reject(error)
        throw error
      },
      return: () => {
        log.push('closed')
        const end = { value: undefined, done: true }
        return isAsync ? Promise.resolve(end) : end
      },
    }
  }
  return {
    [isAsync ? Symbol.asyncIterator : Symbol.iterator]: open,
  } as unknown as Iterable<unknown>
}

class Countdown implements Iterable<number> {
  readonly #from: number

  constructor(from: number) {
    this.#from = from
  }

  *[Symbol.iterator](): Generator<number> {
    for (let i = this.#from; i > 0; i--) yield i
  }
}

class AsyncCountdown implements AsyncIterable<number> {
  readonly #from: number

  constructor(from: number) {
    this.#from = from
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<number> {
    for (let i = this.#from; i > 0; i--) yield i
  }
}
