import { execFile } from 'node:child_process'
import { inspect, promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { kw, type Python, type RemoteObject, type SyncObject } from '../../../src/index.ts'
import { deferred } from '../../support/deferred.ts'
import { collectGarbage, javaScriptHolds, pythonHolds } from '../../support/held.ts'
import { refusal, thrown } from '../../support/outcome.ts'
import { file, type Placement, start } from '../../support/placement.ts'
import { Places } from '../../support/places.ts'

const OBJECTS = file('objects.py').pathname
const FUNCTIONS = file('functions.py').pathname

/** Objects that stay in Python. */
export function objectSuite(place: Placement): void {
  const shared = place.isolation === 'thread'

  describe('an object', () => {
    let py: Python
    const make = (name: string, ...args: unknown[]): Promise<RemoteObject> =>
      py.run<RemoteObject>(`${OBJECTS}:${name}`, args)
    beforeAll(async () => {
      py = await start(place, { workers: 1 })
    })
    afterAll(() => py.close())

    it('is read and called', async () => {
      const thing = await make('Thing', 5)
      expect(await thing.value).toBe(5)
      expect(await thing.kind).toBe('thing')
      expect(await thing.get?.()).toBe(5)
      expect(await thing.add?.(1, 2, kw({ factor: 10 }))).toBe(35)
      expect(await thing(1, kw({ a: 2 }))).toEqual([35, [1], { a: 2 }])
      expect(await (await thing.make(7)).value).toBe(7)
      await thing.$set('other', await make('Thing', 8))
      expect(await thing.other?.value).toBe(8)
      expect(await thing.other?.get?.()).toBe(8)
      expect(await thing.other?.itself?.().then((other: RemoteObject) => other.value)).toBe(8)
      const method = await thing.get
      expect(await (method as RemoteObject)()).toBe(35)
      expect(await refusal(() => thing.nothing)).toMatchObject({
        code: 'ERR_PYTHREADS_ATTRIBUTE_NOT_FOUND',
      })
      expect(await refusal(() => thing.other?.nothing?.())).toMatchObject({
        code: 'ERR_PYTHREADS_ATTRIBUTE_NOT_FOUND',
      })
      expect(await refusal(() => thing.value?.())).toMatchObject({
        code: 'ERR_PYTHREADS_NOT_CALLABLE',
      })
    })

    it('is made by `new`, of a module and of a class that is held', async () => {
      const objects = py.import(file('objects.py'))
      const Thing = objects.Thing
      if (Thing === undefined) throw new Error('never: any name is an attribute')
      expect(await (await new Thing(3)).value).toBe(3)
      expect(await (await new Thing(kw({ value: 4 }))).value).toBe(4)
      const Held = (await Thing) as RemoteObject
      expect(await (await new Held(5)).value).toBe(5)
      const holder =
        (await py.eval`__import__('types').SimpleNamespace(made=${Held})`) as RemoteObject
      if (holder.made === undefined) throw new Error('never: any name is an attribute')
      expect(await (await new holder.made(6)).value).toBe(6)
    })

    it('has every operation', async () => {
      const table = await make('Table')
      expect(await table.$setItem('a', 1)).toBe(null)
      await table.$setItem(2, { list: true })
      expect(await table.$item('a')).toBe(1)
      expect(await table.$has('a')).toBe(true)
      expect(await table.$has('b')).toBe(false)
      expect(await table.$length()).toBe(1 + 1)
      expect(await table.$deleteItem('a')).toBe(null)
      expect(await refusal(() => table.$item('a'))).toMatchObject({ type: 'KeyError' })
      const thing = await make('Thing', 5)
      expect(await thing.$get('value')).toBe(5)
      expect(await thing.$set('a b', 1)).toBe(null)
      expect(await thing.$get('a b')).toBe(1)
      expect(await thing.$delete('a b')).toBe(null)
      expect(await refusal(() => thing.$get('a b'))).toMatchObject({ type: 'AttributeError' })
      expect([await thing.$str(), await thing.$repr()]).toEqual(['Thing(5)', 'Thing(5)'])
      expect(await thing.$type()).toMatch(/^objects(_\d+)?:Thing$/)
      const equal = await make('Thing', 5)
      expect([await thing.$equals(equal), await thing.$is(equal), await thing.$is(thing)]).toEqual([
        true,
        false,
        true,
      ])
      expect([await thing.$equals(5), await thing.$is(null)]).toEqual([false, false])
      expect(await thing.$isInstance(py.import(file('objects.py')).Thing)).toBe(true)
      expect(await thing.$isInstance(py.import('builtins').str)).toBe(false)
      expect(await thing.$dir()).toEqual(expect.arrayContaining(['get', 'value', '__init__']))
      expect(await thing.$operate('lt', await make('Thing', 6))).toBe(true)
      expect(await thing.$operate('not')).toBe(false)
      expect(await thing.$operate('truth')).toBe(true)
      expect(await thing.$operate('eq', equal)).toBe(true)
      expect(await refusal(() => thing.$operate('add', 1))).toMatchObject({ type: 'TypeError' })
      expect(await refusal(() => thing.$operate('__import__', 'os'))).toMatchObject({
        code: 'ERR_PYTHREADS_VALUE',
      })
    })

    it('the operations of attributes are those of what they name', async () => {
      const decoder = py.import('json').decoder
      expect(await decoder?.JSONDecoder?.$repr()).toContain('JSONDecoder')
      expect(await py.import('sys').path?.$length()).toBeGreaterThan(0)
      const table = await make('Table')
      await table.rows?.$setItem('x', [1])
      expect(await table.rows?.$item('x')).toEqual([1])
      expect(await table.rows?.toJS()).toEqual({ x: [1] })
    })

    it('a module has the operations of an object, before and after its import, and nothing to let go of', async () => {
      const lazy = py.import('json')
      for (const json of [
        lazy,
        await lazy,
        await py.module('def loads(text): return text', 'operated'),
      ]) {
        expect(await json.$dir()).toContain('loads')
        expect(await json.$repr()).toMatch(/^<module '(json|operated)'/)
        expect(await json.$type()).toBe('builtins:module')
        expect(await json.$is(json)).toBe(true)
        expect(await json.$equals(py.import('math'))).toBe(false)
        expect(await json.$isInstance(py.import('types').ModuleType)).toBe(true)
        expect(await refusal(() => json.toJS())).toMatchObject({ code: 'ERR_PYTHREADS_VALUE' })
        expect(await refusal(() => json.$length())).toMatchObject({ type: 'TypeError' })
        expect(await refusal(() => json.$enter())).toMatchObject({ type: 'AttributeError' })
        expect(await refusal(() => json.$with(() => {}))).toMatchObject({ type: 'AttributeError' })
        {
          using _ = json
          await using __ = json
        }
        json.$dispose()
        expect(await json.$get('__name__')).toMatch(/^(json|operated)$/)
      }
    })

    it('is copied by toJS(), and by the option `copy`', async () => {
      const point =
        await py.eval`__import__('sys').modules[${(await (await make('Point', 1)).$type()).split(':')[0]}].Point(1, 2, [3])`
      expect(await (point as RemoteObject).toJS()).toEqual({ x: 1, y: 2, inner: [3] })
      const nested = await make(
        'Point',
        1,
        2,
        await make('Point', 3, 4, { a: await make('Point', 5) }),
      )
      expect(await nested.toJS()).toEqual({
        x: 1,
        y: 2,
        inner: { x: 3, y: 4, inner: { a: { x: 5, y: 0, inner: null } } },
      })
      const run = (name: string, ...args: unknown[]) =>
        py.run(`${OBJECTS}:${name}`, args, { copy: true })
      expect(await run('Point', 1, 2)).toEqual({ x: 1, y: 2, inner: null })
      expect(await run('Color', 'red')).toBe('red')
      expect(await run('Level', 1)).toBe(1)
      expect(await run('Point', 1, 2, [nested, nested])).toMatchObject({
        inner: [{ x: 1 }, { x: 1 }],
      })
      expect(await refusal(async () => (await make('Thing')).toJS())).toMatchObject({
        code: 'ERR_PYTHREADS_VALUE',
      })
      const mixed = await run('Point', 1, 2, await make('Thing', 9))
      expect(await (mixed as { inner: RemoteObject }).inner.value).toBe(9)
      await using copying = await start(place, { workers: 1, copy: true })
      expect(await copying.run(`${OBJECTS}:Point`, [1])).toEqual({ x: 1, y: 0, inner: null })
      expect(await copying.import(file('objects.py')).Point?.(2)).toEqual({
        x: 2,
        y: 0,
        inner: null,
      })
      expect(copying.sync.run(`${OBJECTS}:Color`, ['blue'])).toBe('blue')
      expect(
        await (await copying.run<RemoteObject>(`${OBJECTS}:Point`, [1], { copy: false })).x,
      ).toBe(1)
    })

    it('can be an argument, stand in containers and be a key', async () => {
      const thing = await make('Thing', 5)
      expect(await thing.$is(await make('identity', thing))).toBe(true)
      expect(await py.run(`${OBJECTS}:get`, [{ a: [thing] }])).toBe(5)
      expect(
        await py
          .run(`${OBJECTS}:Thing`, [], { kwargs: { other: thing } })
          .then((made) => (made as RemoteObject).other?.value),
      ).toBe(5)
      expect(await py.eval`${new Map([[thing, 'found']])}[${thing}]`).toBe('found')
      expect(await py.eval`${thing} in ${new Set([thing])}`).toBe(true)
      const list = (await py.eval`[${thing}, ${[thing, { thing }]}]`) as [
        RemoteObject,
        [RemoteObject, { thing: RemoteObject }],
      ]
      expect(
        await Promise.all([thing.$is(list[0]), thing.$is(list[1][0]), thing.$is(list[1][1].thing)]),
      ).toEqual([true, true, true])
      const back = (await py.eval`{${thing}: 1}`) as Map<RemoteObject, number>
      expect(await thing.$is([...back.keys()][0])).toBe(true)
      const seen: unknown[] = []
      await py.run(`${FUNCTIONS}:apply`, [(object: unknown) => void seen.push(object), thing])
      expect(await thing.$is(seen[0])).toBe(true)
    })

    it('is used by many calls at once', async () => {
      const thing = await make('Thing', 0)
      await Promise.all(Array.from({ length: 200 }, () => thing.add?.(1)))
      expect(await thing.value).toBe(200)
    })

    it('has attributes of any name', async () => {
      const names = await make('Names')
      const read = [
        'then',
        'toJSON',
        'toJS',
        'constructor',
        '__proto__',
        'prototype',
        'length',
        'name',
        '$get',
      ]
      expect(await Promise.all(read.map((name) => names.$get(name)))).toEqual([
        0, 1, 2, 3, 4, 5, 6, 7, 8,
      ])
      expect(
        await Promise.all([
          names.constructor,
          // biome-ignore lint/suspicious/noProto: any name is an attribute
          names.__proto__,
          names.prototype,
          names.length,
          names.name,
        ]),
      ).toEqual([3, 4, 5, 6, 7])
      expect(await names).toBe(names)
    })

    it('can be shown, and makes no call by that', async () => {
      const thing = await make('Thing', 5)
      const { calls } = py.stats()
      expect(inspect(thing)).toMatch(/^\[Python objects(_\d+)?\.Thing object\]$/)
      expect(inspect({ deep: [thing] })).toContain('Thing object]')
      expect(`${thing}`).toContain('Thing object]')
      expect(inspect(thing, { showProxy: true, depth: 10, showHidden: true })).toEqual(
        expect.any(String),
      )
      const json = py.import('json')
      const class_ = await make('Table')
      for (const shown of [
        thing,
        class_,
        thing.value,
        thing.a?.b?.c,
        json,
        json.dumps,
        await json,
        py.sync.import('json'),
        py,
      ]) {
        const write = () => JSON.stringify({ shown })
        if (shown === py) expect(write).not.toThrow()
        else expect(write).toThrow(expect.objectContaining({ code: 'ERR_PYTHREADS_JSON' }))
        expect(inspect(shown, { showHidden: true, depth: 3 })).toEqual(expect.any(String))
        expect(Object.keys(shown as object)).toEqual(expect.any(Array))
        expect(String(Object.prototype.toString.call(shown))).toEqual(expect.any(String))
        expect(structuredCloneFails(shown)).toEqual(expect.any(Boolean))
      }
      await new Promise((resolve) => setImmediate(resolve))
      expect(py.stats().calls).toBe(calls + 2) // the import that was awaited, and the table
      expect(() => Object.assign(thing, { value: 1 })).toThrow(TypeError)
    })

    it('that raises whatever is done with it does no harm', async () => {
      const hostile = await make('Hostile')
      expect(inspect(hostile)).toContain('Hostile object]')
      const uses = [
        () => hostile.anything,
        () => hostile.$str(),
        () => hostile.$repr(),
        () => hostile.$equals(1),
        () => hostile.$length(),
        () => hostile.$operate('truth'),
        () => hostile.$dir(),
        () => py.eval`{${hostile}: 1}`,
        async () => {
          for await (const _ of hostile) throw new Error('never')
        },
      ]
      for (const use of uses)
        expect(await refusal(use)).toMatchObject({
          type: 'RuntimeError',
          code: 'ERR_PYTHREADS_PYTHON',
        })
      expect(await hostile.$type()).toMatch(/:Hostile$/)
      expect(await py.eval`${hostile} is ${hostile}`).toBe(true)
      expect(await (await make('Liar')).$type()).toMatch(/:Liar$/)
      expect(
        await refusal(async () => (await make('Liar')).$isInstance(py.import('builtins').int)),
      ).toMatchObject({
        type: 'RuntimeError',
      })
      expect(await py.eval('1')).toBe(1)
    })

    it('is a connection to a database, a file, a lock, a module, a class', async () => {
      using places = new Places()
      const sqlite = py.import('sqlite3')
      const connection = (await sqlite.connect?.(places.path('data'))) as RemoteObject
      await connection.execute?.('create table t (a, b)')
      await connection.executemany?.('insert into t values (?, ?)', [
        [1, 'one'],
        [2, 'two'],
      ])
      const cursor = (await connection.execute?.('select * from t order by a')) as RemoteObject
      expect(await cursor.fetchall?.()).toEqual([
        [1, 'one'],
        [2, 'two'],
      ])
      const rows: unknown[] = []
      await connection.commit?.()
      const again = (await connection.execute?.('select a from t order by a')) as RemoteObject
      for await (const row of again) rows.push(row)
      expect(rows).toEqual([[1], [2]])
      const mine = new Error('mine')
      const fails = async () => {
        await connection.execute?.('delete from t')
        throw mine
      }
      expect(await thrown(() => connection.$with(fails))).toBe(mine) // which rolls back
      expect(
        await connection
          .execute?.('select count(*) from t')
          .then((count: RemoteObject) => count.fetchone?.()),
      ).toEqual([2])
      await connection.close?.()
      const opened = (await py.import('builtins').open?.(places.path('text'), 'w')) as RemoteObject
      expect(await opened.write?.('text')).toBe(4)
      await opened.close?.()
      const lock = (await py.eval('__import__("threading").RLock()')) as RemoteObject
      expect(await lock.$with(() => 'locked')).toBe('locked')
      expect(await ((await py.eval('__import__("math")')) as RemoteObject).sqrt?.(4)).toBe(2)
      expect(await ((await py.eval('dict')) as RemoteObject)([['a', 1]])).toEqual({ a: 1 })
    })

    it('as one of 10,000 is held until it is let go of', async () => {
      await make('take_log')
      await javaScriptHolds(py, 0)
      const before = await py.run<number>(`${OBJECTS}:living`)
      const things = await py.run<RemoteObject[]>(`${OBJECTS}:things`, [10_000])
      expect(things.length).toBe(10_000)
      expect(py.stats().objects).toBe(10_000)
      expect(await things[9_999]?.value).toBe(9_999)
      expect(await Promise.all(things.slice(0, 500).map((thing) => thing.value))).toEqual(
        Array.from({ length: 500 }, (_, i) => i),
      )
      for (const thing of things) thing.$dispose()
      expect(py.stats().objects).toBe(0)
      const living = async () => {
        await py.run('gc:collect')
        return py.run(`${OBJECTS}:living`)
      }
      await expect.poll(living).toBe(before)
      await make('take_log')
    })
  })

  describe('an object that is a context manager', () => {
    let py: Python
    const make = (name: string, ...args: unknown[]): Promise<RemoteObject> =>
      py.run<RemoteObject>(`${OBJECTS}:${name}`, args)
    beforeAll(async () => {
      py = await start(place, { workers: 1 })
    })
    afterAll(() => py.close())

    it('learns of what its body throws, which is thrown again', async () => {
      const context = await make('Context')
      expect(await context.$with((value) => [value])).toEqual([{ entered: true }])
      const mine = new TypeError('mine')
      const fails = () => {
        throw mine
      }
      expect(await thrown(() => context.$with(fails))).toBe(mine)
      expect(await thrown(() => context.$with(async () => fails()))).toBe(mine)
      expect(await thrown(() => context.$with(() => Promise.reject(undefined)))).toBe(undefined)
      expect(await context.seen).toEqual([
        'enter',
        null,
        'enter',
        ['JavaScriptError', 'TypeError: mine'],
        'enter',
        ['JavaScriptError', 'TypeError: mine'],
        'enter',
        ['JavaScriptError', 'undefined'],
      ])
      await make('take_log')
      expect(await thrown(async () => (await make('by_generator')).$with(fails))).toBe(mine)
      expect(await make('take_log')).toEqual([['seen', 'JavaScriptError'], ['left']])
      await pythonHolds(py, 0)
    })

    it('swallows it, or raises something else', async () => {
      const mine = new Error('mine')
      const fails = () => {
        throw mine
      }
      expect(await (await make('Context', true)).$with(fails)).toBe(undefined)
      const raising = (await py.run(`${OBJECTS}:Context`, [], {
        kwargs: { raises: py.import('builtins').KeyError },
      })) as RemoteObject
      expect(await refusal(() => raising.$with(() => 1))).toMatchObject({ type: 'KeyError' })
      const error = await refusal(() => raising.$with(fails))
      expect(error).toMatchObject({ type: 'KeyError' })
      expect(error.cause).toBe(mine)
    })

    it('is left by `await using`, once', async () => {
      const context = await make('Context')
      const entered = await context.$enter<{ entered: boolean }>()
      expect(entered.value).toEqual({ entered: true })
      await entered[Symbol.asyncDispose]()
      await entered[Symbol.asyncDispose]()
      expect(await context.seen).toEqual(['enter', null])
    })

    it('that is none says so', async () => {
      const thing = await make('Thing')
      for (const use of [() => thing.$enter(), () => thing.$with(() => 1)])
        expect(await refusal(use)).toMatchObject({ type: 'AttributeError' })
      const context = await make('Context')
      expect(await refusal(() => context.$with(5 as never))).toMatchObject({
        code: 'ERR_PYTHREADS_ARGUMENT',
      })
      expect(await context.seen).toEqual([])
    })

    it('one in the other is left in order, with calls in between', async () => {
      const [outer, inner] = [await make('Context'), await make('Context', true)]
      const result = await outer.$with(async () => {
        await inner.$with(async () => {
          expect(await py.eval('1')).toBe(1)
          throw new Error('swallowed')
        })
        return 'after'
      })
      expect(result).toBe('after')
      expect(await outer.seen).toEqual(['enter', null])
    })
  })

  describe('an object and its worker', () => {
    it('goes to the worker that it lives in, and not to another', async () => {
      await using py = await start(place)
      const [a, b] = await Promise.all(
        [0, 1].map((worker) => py.run<RemoteObject>(`${OBJECTS}:Thing`, [worker], { worker })),
      )
      if (a === undefined || b === undefined) throw new Error('never')
      const threadOf = (worker: number) => py.run<number>(`${OBJECTS}:thread`, [], { worker })
      expect(await threadOf(0)).not.toBe(await threadOf(1))
      expect(
        await Promise.all(Array.from({ length: 20 }, () => Promise.all([a.value, b.value]))),
      ).toEqual(Array(20).fill([0, 1]))
      const uses = [
        () => a.$equals(b),
        () => py.run(`${OBJECTS}:identity`, [[a, b]]),
        () => py.run(`${OBJECTS}:identity`, [a], { worker: 1 }),
      ]
      for (const use of uses) {
        if (shared) await use()
        else expect(await refusal(use)).toMatchObject({ code: 'ERR_PYTHREADS_OTHER_WORKER' })
      }
      const other = await start(place)
      expect(await refusal(() => other.run(`${OBJECTS}:identity`, [a]))).toMatchObject({
        code: 'ERR_PYTHREADS_OTHER_WORKER',
      })
      expect(await refusal(() => other.eval`${{ deep: [a] }}`)).toMatchObject({
        code: 'ERR_PYTHREADS_OTHER_WORKER',
      })
      await other.close()
      expect(await a.value).toBe(0)
    })

    it('is the same one in sync calls where the interpreter is shared, and refused elsewhere', async () => {
      await using py = await start(place)
      const thing = await py.run<RemoteObject>(`${OBJECTS}:Thing`, [5])
      const mine = py.sync.run<SyncObject>(`${OBJECTS}:Thing`, [6])
      if (shared) {
        expect(py.sync.eval`${thing}.value`).toBe(5)
        expect(await py.eval`${mine}.value`).toBe(6)
        expect(await thing.$equals(mine)).toBe(false)
        expect(mine.$is(thing)).toBe(false)
      } else {
        const other = { code: 'ERR_PYTHREADS_OTHER_WORKER' }
        expect(await refusal(() => py.sync.eval`${thing}`)).toMatchObject(other)
        expect(await refusal(() => py.eval`${mine}`)).toMatchObject(other)
        expect(
          await refusal(() => py.run(`${OBJECTS}:identity`, [[mine]], { worker: 0 })),
        ).toMatchObject(other)
        expect(await refusal(() => thing.$is(mine))).toMatchObject(other)
        expect(await refusal(() => mine.$is(thing))).toMatchObject(other)
      }
      expect([await thing.value, mine.value]).toEqual([5, 6])
    })

    it('that was released is refused', async () => {
      await using py = await start(place, { workers: 1 })
      const make = (value: number) => py.run<RemoteObject>(`${OBJECTS}:Thing`, [value])
      const released = { code: 'ERR_PYTHREADS_OBJECT_RELEASED' }
      const thing = await make(1)
      const method = thing.get
      thing.$dispose()
      thing.$dispose()
      const uses = [
        () => thing.value,
        () => method?.(),
        () => thing(),
        () => thing.$str(),
        () => py.eval`${thing}`,
        () => py.eval`${[thing]}`,
      ]
      for (const use of uses) expect(await refusal(use)).toMatchObject(released)
      let kept: RemoteObject
      {
        using inner = await make(2)
        kept = inner
        expect(await kept.value).toBe(2)
      }
      expect(await refusal(() => kept.value)).toMatchObject(released)
      {
        await using inner = await make(3)
        kept = inner
      }
      expect(await refusal(() => kept.value)).toMatchObject(released)
      expect(py.stats().objects).toBe(0)
      expect(inspect(thing)).toContain('Thing')
    })

    it('is let go of in its own interpreter', async () => {
      await using py = await start(place)
      await Promise.all([0, 1].map((worker) => py.run(`${OBJECTS}:take_log`, [], { worker })))
      for (const worker of [0, 1]) {
        const thing = await py.run<RemoteObject>(`${OBJECTS}:Thing`, [`of ${worker}`], { worker })
        thing.$dispose()
        const log = () => py.run<unknown[][]>(`${OBJECTS}:take_log`, [], { worker })
        await expect
          .poll(async () => (await log()).map(([what, value]) => [what, value]))
          .toContainEqual(['del', `of ${worker}`])
      }
    })

    it('is let go of by the garbage collector', async () => {
      await using py = await start(place)
      const make = async () => {
        const all = await Promise.all(
          Array.from({ length: 200 }, (_, i) => py.run<RemoteObject>(`${OBJECTS}:Thing`, [i])),
        )
        expect(await all[7]?.get?.()).toBe(7)
        return py.stats().objects
      }
      expect(await make()).toBe(200)
      await javaScriptHolds(py, 0)
      if (shared) {
        py.sync.eval('[object() for _ in range(100)]')
        await javaScriptHolds(py, 0)
      }
    })

    it('is not let go of while a call that waits needs it', async () => {
      await using py = await start(place, { workers: 1 })
      const [begun, go] = [deferred(), deferred()]
      const things = await Promise.all(
        [1, 2, 3].map((value) => py.run<RemoteObject>(`${OBJECTS}:Thing`, [value])),
      )
      const busy = py.run(`${FUNCTIONS}:apply`, [
        async () => {
          begun.resolve()
          await go.promise
        },
      ])
      await begun.promise
      const answers = things.map((thing) => thing.get?.())
      things[0]?.$dispose()
      things.length = 0
      for (let i = 0; i < 10; i++) {
        collectGarbage()
        await new Promise((resolve) => setImmediate(resolve))
      }
      go.resolve()
      await busy
      expect(await Promise.all(answers)).toEqual([1, 2, 3])
      await javaScriptHolds(py, 0)
    })

    it.each(['close', 'destroy'] as const)('is refused after %s()', async (end) => {
      const py = await start(place, { workers: 1 })
      const thing = await py.run<RemoteObject>(`${OBJECTS}:Thing`, [1])
      const mine = py.sync.run<SyncObject>(`${OBJECTS}:Thing`, [1])
      await py[end]()
      const codes = ['ERR_PYTHREADS_CLOSED', 'ERR_PYTHREADS_OBJECT_RELEASED']
      const uses = [
        () => thing.value,
        () => thing.get?.(),
        () => py.eval`${thing}`,
        () => mine.value,
        () => mine.get?.(),
      ]
      for (const use of uses) expect(codes).toContain((await refusal(use)).code)
      thing.$dispose()
      mine.$dispose()
      expect(py.stats().objects).toBe(0)
    })

    if (place.isolation === 'process') {
      it('is gone with its worker', async () => {
        await using py = await start(place, { workers: 1 })
        const thing = await py.run<RemoteObject>(`${OBJECTS}:Thing`, [1])
        const items = ((await py.eval('iter(range(10))')) as RemoteObject)[Symbol.asyncIterator]()
        expect(await items.next()).toEqual({ value: 0, done: false })
        const pid = py.stats().workers[0]?.pid ?? 0
        process.kill(pid, 'SIGKILL')
        await expect.poll(() => py.stats().replaced).toBe(1)
        await expect.poll(() => py.stats().workers[0]?.state).toBe('idle')
        expect(await refusal(() => thing.value)).toMatchObject({
          code: 'ERR_PYTHREADS_OBJECT_RELEASED',
        })
        expect(await refusal(() => items.next())).toMatchObject({
          code: 'ERR_PYTHREADS_OBJECT_RELEASED',
        })
        expect(py.stats().objects).toBe(0)
        thing.$dispose()
        const fresh = await py.run<RemoteObject>(`${OBJECTS}:Thing`, [2])
        expect(await fresh.value).toBe(2)
        expect(py.stats().objects).toBe(1)
      })

      it('in a call that waits for its worker, which dies, is refused', async () => {
        await using py = await start(place, { workers: 1 })
        const thing = await py.run<RemoteObject>(`${OBJECTS}:Thing`, [1])
        const dying = refusal(() => py.eval('__import__("os")._exit(1)'))
        const waiting = refusal(() => thing.value)
        expect(await dying).toMatchObject({ code: 'ERR_PYTHREADS_WORKER_DIED' })
        expect(await waiting).toMatchObject({ code: 'ERR_PYTHREADS_OBJECT_RELEASED' })
        expect(await py.eval('1')).toBe(1)
      })
    }
  })

  describe('an object of sync calls', () => {
    let py: Python
    const make = (name: string, ...args: unknown[]): SyncObject =>
      py.sync.run<SyncObject>(`${OBJECTS}:${name}`, args)
    beforeAll(async () => {
      py = await start(place, { workers: 1 })
    })
    afterAll(() => py.close())

    it('is read, called, and has every operation', async () => {
      const thing = make('Thing', 5)
      expect(thing.value).toBe(5)
      expect(thing.get?.()).toBe(5)
      expect(thing.add?.(1, kw({ factor: 2 }))).toBe(7)
      expect(thing(1)).toEqual([7, [1], {}])
      const Thing = py.sync.import(file('objects.py')).Thing
      if (Thing === undefined) throw new Error('never: it is there')
      expect(new Thing(3).value).toBe(3)
      const table = make('Table')
      table.$setItem('a', 1)
      expect([table.$item('a'), table.$has('a'), table.$length(), table.rows]).toEqual([
        1,
        true,
        1,
        { a: 1 },
      ])
      thing.$set('other', table)
      expect(thing.other?.$is(table)).toBe(true)
      expect([thing.$str(), thing.$equals(make('Thing', 7)), thing.$isInstance(Thing)]).toEqual([
        'Thing(7)',
        true,
        true,
      ])
      expect(make('Point', 1, 2, make('Color', 'red')).toJS()).toEqual({ x: 1, y: 2, inner: 'red' })
      expect(py.sync.eval`${new Map([[thing, 1]])}[${thing}]`).toBe(1)
      expect(await refusal(() => thing.nothing)).toMatchObject({
        code: 'ERR_PYTHREADS_ATTRIBUTE_NOT_FOUND',
      })
      expect([...make('Table')]).toEqual([])
      expect(inspect(thing)).toContain('Thing object]')
      expect(() => JSON.stringify({ thing })).toThrow(
        expect.objectContaining({ code: 'ERR_PYTHREADS_JSON' }),
      )
    })

    it('that was released is refused', async () => {
      let kept: SyncObject
      {
        using thing = make('Thing', 1)
        kept = thing
      }
      const released = { code: 'ERR_PYTHREADS_OBJECT_RELEASED' }
      expect(await refusal(() => kept.value)).toMatchObject(released)
      expect(await refusal(() => py.sync.eval`${kept}`)).toMatchObject(released)
      py.sync.run(`${OBJECTS}:take_log`)
      const log: unknown[][] = []
      make('Thing', 'gone').$dispose()
      const look = () => {
        log.push(...py.sync.run<unknown[][]>(`${OBJECTS}:take_log`))
        return log.map(([what, value]) => [what, value])
      }
      await expect.poll(look).toContainEqual(['del', 'gone'])
    })
  })

  describe('objects of a program', () => {
    it('do not keep it from ending, and functions that Python holds do not either', async () => {
      const source = `
        import { Python } from ${JSON.stringify(new URL('../../../src/index.ts', import.meta.url).href)}
        const py = await Python.start(${JSON.stringify({ isolation: place.isolation, python: place.python, workers: 1 })})
        globalThis.object = await py.eval('[].__iter__()')
        await py.eval\`__import__('builtins').__dict__.__setitem__('held', \${() => 1})\`
        globalThis.mine = py.sync.eval('object()')
        console.log('ended by itself')
      `
      const args = ['--import', 'tsx', '--input-type=module', '--eval', source]
      const { stdout } = await promisify(execFile)(process.execPath, args, {
        timeout: 240_000,
        env: { ...process.env, NODE_OPTIONS: '' },
      })
      expect(stdout).toContain('ended by itself')
    })
  })
}

function structuredCloneFails(value: unknown): boolean {
  try {
    structuredClone(value)
    return false
  } catch {
    return true
  }
}
