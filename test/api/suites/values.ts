import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { kw, type Python, type RemoteObject, type SyncObject } from '../../../src/index.ts'
import { collect, refusal, thrown } from '../../support/outcome.ts'
import { file, type Placement, start } from '../../support/placement.ts'
import { arrived, values } from '../../support/values.ts'

const IDENTITY = `${file('calls.py').pathname}:identity`

const plain: Record<string, unknown> = {
  null: null,
  undefined: undefined,
  booleans: [true, false],
  integers: [0, 1, -1, 2 ** 31, -(2 ** 31), Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER],
  bigints: [0n, -5n, 2n ** 53n + 1n, 2n ** 70n, -(2n ** 63n) - 5n, 10n ** 200n],
  floats: [0.1, -0, 1e300, 5e-324, Number.NaN, Infinity, -Infinity, 2 ** 60],
  strings: ['', 'a\0b', 'é€\u{1f600}', '\ud800', 'x'.repeat(70_000)],
  bytes: [new Uint8Array([0, 255]), Buffer.from('ab'), new Uint8Array(0)],
  objects: { a: { b: [] }, '': 1, '10': 2, constructor: 3, ['__proto__']: 4 },
  maps: new Map<unknown, unknown>([
    ['b', 1],
    [2, new Map([[null, 3]])],
    [[1, [2]], new Set([[3]])],
  ]),
  'an empty Map': new Map(),
  sets: new Set<unknown>([1, 'a', null, [1, 2], new Set([1])]),
}

/** Values in both directions. */
export function valueSuite(place: Placement): void {
  describe('a value', () => {
    let py: Python
    beforeAll(async () => {
      py = await start(place)
    })
    afterAll(() => py.close())

    it.each(Object.keys(plain))('goes to Python and comes back: %s', async (name) => {
      const value = plain[name]
      const expected = arrived(value)
      const answers = [
        await py.run(IDENTITY, [value]),
        await py.run(IDENTITY, [], { kwargs: { value } }),
        await py.import(file('calls.py')).identity?.(kw({ value })),
        await py.eval`${value}`,
        (await collect(py.map(IDENTITY, [value])))[0],
        py.sync.run(IDENTITY, [value]),
      ]
      for (const answer of answers) {
        expect(answer).toStrictEqual(expected)
        expect(isDeepStrictEqual(answer, expected)).toBe(true)
      }
    })

    it('of any shape goes to Python and comes back', async () => {
      const runs = fc.asyncProperty(values, async (value) => {
        const answer = await py.run(IDENTITY, [value]).catch((error: unknown) => error)
        if (answer instanceof Error) expect(answer).toMatchObject({ code: 'ERR_PYTHREADS_VALUE' })
        else expect(isDeepStrictEqual(answer, arrived(value))).toBe(true)
      })
      await fc.assert(runs, { numRuns: 200 })
    })

    it('that is shared or cyclic in Python arrives as such', async () => {
      const list = (await py.eval('(lambda x: [x.append(x), x][1])([1])')) as unknown[]
      expect(list[1]).toBe(list)
      const [first, second] = (await py.eval('[[[]] * 2][0]')) as [unknown, unknown]
      expect(first).toBe(second)
    })

    it('that is large goes to Python and comes back', async () => {
      const text = 'x€'.repeat(5_000_000)
      const list = Array.from({ length: 100_000 }, (_, i) => i * 1000)
      const rows = Array.from({ length: 100_000 }, (_, i) => ({
        id: i,
        name: `row ${i}`,
        score: i / 7,
      }))
      const bytes = new Uint8Array(10_000_000).map((_, i) => i)
      const [a, b, c, d] = await Promise.all(
        [text, list, rows, bytes].map((value) => py.run(IDENTITY, [value])),
      )
      expect(a === text).toBe(true)
      expect(isDeepStrictEqual([b, c, d], [list, rows, bytes])).toBe(true)
    })

    it.each([31, 32, 100_000])(
      'of %i floats, in a list or a tuple, is an array of the same numbers',
      async (count) => {
        const odd = [
          0.1,
          -0,
          Number.NaN,
          Number.POSITIVE_INFINITY,
          Number.NEGATIVE_INFINITY,
          Number.MIN_VALUE,
          2 ** 70,
          1,
        ]
        const numbers = Array.from({ length: count }, (_, i) => odd[i % odd.length] as number)
        const doubles = Float64Array.from(numbers)
        const ways = [
          await py.eval`list(${doubles})`,
          await py.eval`tuple(${doubles})`,
          py.sync.eval`list(${doubles})`,
          py.sync.eval`tuple(${doubles})`,
        ]
        for (const way of ways) expect(isDeepStrictEqual(way, numbers)).toBe(true)
        // The text takes as many bytes as a float.
        const mixed = await py.eval`[*${doubles}, 'abcd', *${doubles}, 1, True]`
        expect(isDeepStrictEqual(mixed, [...numbers, 'abcd', ...numbers, 1, true])).toBe(true)
        const among = await py.eval`[*${doubles}, 'abcd', *${doubles}]`
        expect(isDeepStrictEqual(among, [...numbers, 'abcd', ...numbers])).toBe(true)
      },
    )

    it('is taken when the call is made, not when a worker takes it', async () => {
      const value = { list: [1], set: new Set([1]) }
      const waiting = Array.from({ length: 5 }, () => py.run(IDENTITY, [value]))
      value.list.push(2)
      value.set.add(9)
      Object.assign(value, { more: true })
      expect(await Promise.all(waiting)).toEqual(Array(5).fill({ list: [1], set: new Set([1]) }))
    })

    it('with a getter that makes a call itself crosses', async () => {
      const inner: unknown[] = []
      const value = {
        before: 'x'.repeat(1000),
        get now() {
          inner.push(py.run(IDENTITY, [{ inner: true }]), py.sync.run(IDENTITY, ['sync']))
          return inner.length
        },
        after: [1, 2, 3],
      }
      expect(await py.run(IDENTITY, [value])).toEqual({
        before: value.before,
        now: 2,
        after: [1, 2, 3],
      })
      expect(py.sync.run(IDENTITY, [value])).toEqual({
        before: value.before,
        now: 4,
        after: [1, 2, 3],
      })
      expect(await Promise.all(inner)).toEqual([{ inner: true }, 'sync', { inner: true }, 'sync'])
    })

    it('with a getter that throws rejects with that error', async () => {
      const mine = new Error('mine')
      const value = {
        a: [1],
        get b() {
          throw mine
        },
      }
      expect(await thrown(() => py.run(IDENTITY, [value]))).toBe(mine)
      expect(await thrown(() => py.sync.run(IDENTITY, [value]))).toBe(mine)
      expect(await py.run(IDENTITY, [{ a: [1] }])).toEqual({ a: [1] })
    })
  })

  describe('what cannot cross to Python', () => {
    let py: Python
    beforeAll(async () => {
      py = await start(place)
    })
    afterAll(() => py.close())

    class Money {}
    const refused: Record<string, unknown> = {
      'a class instance': new Money(),
      'a symbol': Symbol('s'),
      'a promise': Promise.resolve(1),
      'a RegExp': /x/,
      'a WeakMap': new WeakMap(),
      'an Error': new Error('x'),
      'an invalid Date': new Date(Number.NaN),
      'equal keys': new Set([1, true]),
    }

    it.each(Object.keys(refused))('is refused with its path: %s', async (name) => {
      const value = refused[name]
      const code = 'ERR_PYTHREADS_VALUE'
      const nested = [1, { 'the key': value }]
      expect(await refusal(() => py.run(IDENTITY, [0, nested]))).toMatchObject({
        code,
        path: 'args[1][1]["the key"]',
      })
      expect(await refusal(() => py.run(IDENTITY, [], { kwargs: { value } }))).toMatchObject({
        code,
        path: 'kwargs.value',
      })
      expect(await refusal(() => py.eval`${1} + ${value}`)).toMatchObject({
        code,
        path: 'values[1]',
      })
      expect(await refusal(() => py.sync.eval`${value}`)).toMatchObject({ code, path: 'values[0]' })
      const map = py.map(IDENTITY, ['a', 'b', value], { chunk: 1 })
      expect([(await map.next()).value, (await map.next()).value]).toEqual(['a', 'b'])
      expect(await refusal(() => map.next())).toMatchObject({ code, path: 'item[2]' })
      expect(await py.run(IDENTITY, ['fine'])).toBe('fine')
    })
  })

  describe('what is not copied to Python', () => {
    let py: Python
    beforeAll(async () => {
      py = await start(place)
    })
    afterAll(() => py.close())

    it('is a callable when it is a function, and comes back as the same function', async () => {
      const add = (a: number, b: number) => a + b
      const later = async (a: number) => a * 2
      expect(await py.eval`${add}(2, 3)`).toBe(5)
      expect(await py.eval`[f(2) for f in ${[later, later]}]`).toEqual([4, 4])
      expect(await py.run(IDENTITY, [{ add, later }])).toStrictEqual({ add, later })
      expect(await py.eval`(lambda f, g: f is g)(*${[add, add]})`).toBe(true)
      expect(py.sync.eval`${add}(2, 3)`).toBe(5)
      expect(py.sync.run(IDENTITY, [add])).toBe(add)
    })

    it('is an iterator when it can be iterated', async () => {
      function* numbers() {
        yield 1
        yield [2]
      }
      async function* slowly() {
        yield 1
        yield 2
      }
      expect(await py.eval`list(${numbers()})`).toEqual([1, [2]])
      expect(await py.eval`list(${slowly()})`).toEqual([1, 2])
      expect(await py.eval`[x for x in ${{ [Symbol.iterator]: numbers }}]`).toEqual([1, [2]])
      expect(py.sync.eval`list(${numbers()})`).toEqual([1, [2]])
    })

    it('is the object itself when it is a remote object', async () => {
      const object = (await py.eval('object()')) as RemoteObject
      expect(await py.eval`(lambda a, b: a is b)(*${[object, object]})`).toBe(true)
      const again = (await py.run(IDENTITY, [[object]])) as [RemoteObject]
      expect(await object.$is(again[0])).toBe(true)
      expect(await py.eval`${{ a: object }}["a"] is ${object}`).toBe(true)
    })

    it('is what it stands for when it is something of a module', async () => {
      expect(await py.eval`${py.import('math').sqrt}(9)`).toBe(3)
      expect(await py.eval`${py.import('math')}.floor(1.5)`).toBe(1)
    })

    it('may be cyclic', async () => {
      const cyclic: Record<string, unknown> = { list: [1] }
      cyclic['self'] = [cyclic, cyclic['list']]
      for (const back of [
        await py.run(IDENTITY, [cyclic]),
        py.sync.run(IDENTITY, [cyclic]),
      ] as (typeof cyclic)[]) {
        expect(Object.keys(back)).toEqual(['list', 'self'])
        expect((back['self'] as unknown[])[0]).toBe(back)
        expect((back['self'] as unknown[])[1]).toBe(back['list'])
      }
    })
  })

  describe('what is not copied from Python', () => {
    let py: Python
    beforeAll(async () => {
      py = await start(place)
      await py.exec`
        import array, collections, datetime, decimal, enum, types

        class Text(str): pass
        class Colour(enum.IntEnum): RED = 1
        Pair = collections.namedtuple("Pair", "a b")
      `
    })
    afterAll(() => py.close())

    it.each([
      ['object()'],
      ['len'],
      ['int'],
      ['types'],
      ['range(3)'],
      ['{}.keys()'],
      ['(x for x in [1])'],
      ['Pair(1, 2)'],
      ['collections.OrderedDict()'],
    ])('%s is a remote object', async (source) => {
      const object = (await py.eval(source)) as RemoteObject
      expect(await object.$type()).toBe(
        await py.eval(`(lambda k: f"{k.__module__}:{k.__qualname__}")(type(${source}))`),
      )
      expect(await object.$repr()).toBe(await py.eval`repr(${object})`)
      expect(await object.$is(object)).toBe(true)
      const here = py.sync.eval(source) as SyncObject
      expect(here.$type()).toBe(await object.$type())
      expect(await py.eval('1')).toBe(1)
    })

    it('is a remote object also within a value', async () => {
      const value = (await py.eval('[1, {"a": (2, {"b": Pair(1, 2)})}, {Pair(3, 4): len}]')) as [
        number,
        { a: [number, { b: RemoteObject }] },
        Map<RemoteObject, RemoteObject>,
      ]
      expect(await value[1].a[1].b.toJS()).toEqual({ a: 1, b: 2 })
      const [[red, len] = []] = value[2]
      expect(await red?.toJS()).toEqual({ a: 3, b: 4 })
      expect(await len?.('abc')).toBe(3)
    })

    it('is refused by toJS when it has no copy', async () => {
      for (const source of ['object()', 'len', 'types', '(x for x in [1])']) {
        const object = (await py.eval(source)) as RemoteObject
        expect(await refusal(() => object.toJS())).toMatchObject({ code: 'ERR_PYTHREADS_VALUE' })
      }
    })

    it('is refused where JavaScript would lose some of it', async () => {
      expect(await refusal(() => py.eval('{float("nan"), float("nan")}'))).toMatchObject({
        code: 'ERR_PYTHREADS_VALUE',
      })
      expect(await py.eval('1')).toBe(1)
      expect(py.stats().replaced).toBe(0)
    })

    it('bytes of any kind cross', async () => {
      const bytes = new Uint8Array([1, 2])
      const kinds = [
        'b"\\1\\2"',
        'bytearray(b"\\1\\2")',
        'memoryview(b"\\1\\2")',
        'memoryview(b"\\1_\\2_")[::2]',
      ]
      expect(await Promise.all(kinds.map((source) => py.eval(source)))).toEqual(
        Array(kinds.length).fill(bytes),
      )
    })
  })
}
