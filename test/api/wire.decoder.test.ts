/** The decoder reads what each Python writes as documented. */
import { inspect, isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { decode } from '../../src/wire/index.ts'
import { MarshalPeer } from '../support/marshal.ts'
import { mutated, mutations, readOrRefused } from '../support/mutations.ts'
import { pythons } from '../support/pythons.ts'
import { objectOf } from '../support/values.ts'

const shared = ['x', 1]
const cyclic: unknown[] = [1]
cyclic.push(cyclic)
const cyclicObject: Record<string, unknown> = { a: 1 }
cyclicObject['me'] = [cyclicObject]
const cyclicMap = new Map<unknown, unknown>([
  ['b', 0],
  ['10', 1],
])
cyclicMap.set('me', cyclicMap).set(3, [cyclicMap])
const innerMap = new Map<unknown, unknown>([['x', 0]])
const outerMap = new Map<unknown, unknown>([
  ['inner', innerMap],
  ['both', 0],
])
innerMap.set('up', outerMap).set(1, innerMap)
outerMap.set('both', [innerMap, outerMap]).set(null, innerMap)

const table: [source: string, value: unknown][] = [
  ['None', null],
  ['True', true],
  ['0', 0],
  ['2**31', 2 ** 31],
  ['-2**31 - 1', -(2 ** 31) - 1],
  ['2**45 - 1', 2 ** 45 - 1],
  ['2**53 - 1', Number.MAX_SAFE_INTEGER],
  ['-2**53 + 1', Number.MIN_SAFE_INTEGER],
  ['2**53', 2n ** 53n],
  ['2**53 + 1', 2n ** 53n + 1n],
  ['2**70', 2n ** 70n],
  ['-2**63 - 5', -(2n ** 63n) - 5n],
  ['10**400', 10n ** 400n],
  ['1.0', 1],
  ['-0.0', -0],
  ['0.1', 0.1],
  ['2.0**53', 2 ** 53],
  ['float("nan")', Number.NaN],
  ['float("-inf")', -Infinity],
  ['5e-324', 5e-324],
  ['""', ''],
  ['"a\\0b"', 'a\0b'],
  ['"\\u00e9\\u20ac\\U0001f600"', 'é€\u{1f600}'],
  ['"\\ud800"', '\ud800'],
  ['"\\udc00\\ud800"', '\udc00\ud800'],
  ['"\\ud83d\\ude00"', '\ud83d\ude00'],
  ['"\\ufffd\\ufeff"', '\ufffd\ufeff'],
  ['"x" * 255', 'x'.repeat(255)],
  ['"x" * 256', 'x'.repeat(256)],
  ['b""', new Uint8Array(0)],
  ['b"\\0\\xff"', new Uint8Array([0, 255])],
  ['bytearray(b"ab")', new Uint8Array([97, 98])],
  ['()', []],
  ['(1, (2,), [3])', [1, [2], [3]]],
  ['tuple(range(300))', Array.from({ length: 300 }, (_, i) => i)],
  ['{1, 2}', new Set([1, 2])],
  ['set()', new Set()],
  ['frozenset({(1, 2)})', new Set([[1, 2]])],
  ['{}', {}],
  ['{"b": 1, "a": 2}', { b: 1, a: 2 }],
  ['{"10": 1, "b": 2, "9": 3}', { 10: 1, b: 2, 9: 3 }],
  [
    '{"__proto__": 1, "constructor": 2, "": 3}',
    objectOf(Object.entries({ ['__proto__']: 1, constructor: 2, '': 3 })),
  ],
  [
    '{1: "a", "1": "b", 1.5: "c", None: "d"}',
    new Map<unknown, unknown>([
      [1, 'a'],
      ['1', 'b'],
      [1.5, 'c'],
      [null, 'd'],
    ]),
  ],
  [
    '{"b": 0, "10": 1, "a": 2, 7: 3, "9": 4}',
    new Map<unknown, unknown>([
      ['b', 0],
      ['10', 1],
      ['a', 2],
      [7, 3],
      ['9', 4],
    ]),
  ],
  ['{(1, "x"): {True: None}}', new Map([[[1, 'x'], new Map([[true, null]])]])],
  [
    '{frozenset({1}): 2, b"k": 3}',
    new Map<unknown, unknown>([
      [new Set([1]), 2],
      [new Uint8Array([107]), 3],
    ]),
  ],
  [
    '{"__proto__": 1, 2: 3}',
    new Map<unknown, unknown>([
      ['__proto__', 1],
      [2, 3],
    ]),
  ],
  ['[float("nan"), {float("nan")}]', [Number.NaN, new Set([Number.NaN])]],
  ['(lambda s: [s, (s, s), {"s": s}])(["x", 1])', [shared, [shared, shared], { s: shared }]],
  ['x = [1]\nx.append(x)\nvalue = x', cyclic],
  ['x = {"a": 1}\nx["me"] = [x]\nvalue = x', cyclicObject],
  ['x = {"b": 0, "10": 1}\nx["me"] = x\nx[3] = [x]\nvalue = x', cyclicMap],
  [
    'o, i = {}, {"x": 0}\no["inner"] = i\no["both"] = [i, o]\ni["up"] = o\ni[1] = i\no[None] = i\nvalue = o',
    outerMap,
  ],
]

describe.each(pythons)('Python $release, free-threaded: $freeThreaded', ({ executable }) => {
  const peer = new MarshalPeer(executable)
  afterAll(() => peer[Symbol.asyncDispose]())

  it.each(table.map(([source], row) => [source.replaceAll('\n', '; '), row]))(
    '%s',
    async (_, row) => {
      const [source, value] = table[row as number] as (typeof table)[number]
      for (const bytes of await peer.evaluate(source)) {
        const read = decode(bytes)
        expect(isDeepStrictEqual(read, value), `it was read as ${inspect(read)}`).toBe(true)
        if (value instanceof Map)
          expect([...(read as Map<unknown, unknown>).keys()]).toEqual([...value.keys()])
      }
    },
  )

  it('thousands of short texts, and records with the same keys, are each what they are', async () => {
    const source =
      '[{"id": str(i), "no" * (i % 9): "x" * (i % 15), "é" * (i % 3): ["ü", str(i)], "id\\0"[: i % 4]: i} for i in range(2000)]'
    for (const bytes of await peer.evaluate(source)) {
      const rows = Array.from({ length: 2000 }, (_, i) =>
        Object.fromEntries([
          ['id', String(i)],
          ['no'.repeat(i % 9), 'x'.repeat(i % 15)],
          ['é'.repeat(i % 3), ['ü', String(i)]],
          ['id\0'.slice(0, i % 4), i],
        ]),
      )
      expect(decode(bytes)).toEqual(rows)
    }
  })

  it('shared and cyclic structure is kept, not copied', async () => {
    for (const bytes of await peer.evaluate(
      'x = {"k": []}\ny = {"x": x, "b": 1}\ny[0] = [x, y, x["k"]]\nvalue = [y, x, y]',
    )) {
      const [y, x, again] = decode(bytes) as [Map<unknown, unknown>, { k: unknown[] }, unknown]
      expect(again).toBe(y)
      expect(y.get('x')).toBe(x)
      expect(y.get(0)).toEqual([x, y, x.k])
      expect((y.get(0) as unknown[])[1]).toBe(y)
      expect((y.get(0) as unknown[])[2]).toBe(x.k)
    }
  })

  it('a list that shares one list a thousandfold is as small in JavaScript', async () => {
    for (const bytes of await peer.evaluate(
      'x = list(range(1000))\nfor _ in range(30): x = [x, x]\nvalue = x',
    )) {
      expect(bytes.length).toBeLessThan(20_000)
      let node = decode(bytes) as unknown[]
      for (let i = 0; i < 30; i++) {
        expect(node[0]).toBe(node[1])
        node = node[0] as unknown[]
      }
      expect(node).toHaveLength(1000)
    }
  })

  it.each([1_800, 1_900])('%i levels are read', async (levels) => {
    for (const bytes of await peer.evaluate(
      `value = 'bottom'\nfor _ in range(${levels}): value = [value]`,
    )) {
      let node = decode(bytes)
      for (let i = 0; i < levels; i++) node = (node as unknown[])[0]
      expect(node).toBe('bottom')
    }
  })

  it('several NaN keys are refused rather than merged', async () => {
    for (const source of ['{float("nan"), float("nan")}', '{float("nan"): 1, float("nan"): 2}']) {
      for (const bytes of await peer.evaluate(source)) {
        expect(() => decode(bytes)).toThrow(
          expect.objectContaining({ code: 'ERR_PYTHREADS_VALUE' }),
        )
      }
    }
  })

  it('what marshal knows and JavaScript does not is refused', async () => {
    for (const source of [
      '1j',
      '...',
      '(...,)',
      '[...]',
      'StopIteration',
      '(lambda: 0).__code__',
    ]) {
      const [bytes] = await peer.evaluate(`import marshal\nvalue = [marshal.dumps(${source}, 2)]`)
      const [inner] = decode(bytes as Buffer) as [Uint8Array]
      expect(() => decode(Buffer.from(inner))).toThrow(
        expect.objectContaining({ code: 'ERR_PYTHREADS_PROTOCOL' }),
      )
    }
  })

  it('a value that was cut off anywhere is refused', async () => {
    const rich =
      '[1, 2**70, 0.5, "é", "a", b"x", (1,), {2}, frozenset({3}), {"k": None}, {1: True}, "é" * 300, [[]], "k"]'
    for (const bytes of await peer.evaluate(rich)) {
      for (let end = 0; end < bytes.length; end++) {
        expect(() => decode(bytes, 0, end)).toThrow(
          expect.objectContaining({ code: 'ERR_PYTHREADS_PROTOCOL' }),
        )
      }
      expect(() => decode(Buffer.concat([bytes, Buffer.from('N')]))).toThrow(
        expect.objectContaining({ code: 'ERR_PYTHREADS_PROTOCOL' }),
      )
    }
  })

  it('values of Python with bytes changed, cut out and put in are read or refused', async () => {
    const seeds = await Promise.all(
      table
        .filter(([source]) => !source.includes('range'))
        .map(([source]) => peer.evaluate(source)),
    )
    const seed = fc.constantFrom(...seeds.flat())
    fc.assert(
      fc.property(seed, mutations, (bytes, changes) => void readOrRefused(mutated(bytes, changes))),
      { numRuns: 20_000 },
    )
  })
})
