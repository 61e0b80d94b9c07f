/**
 * Values cross to Python and back exactly, or are refused: the codec in TypeScript against the
 * marshal of each Python.
 *
 * A failure of a property prints the smallest value that it found; `echo` in
 * test/python/marshal_peer.py is the other side.
 */
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { PythonScalar, PythreadsError } from '../../src/index.ts'
import { decode, PythonBytes } from '../../src/wire/index.ts'
import { encoded, MarshalPeer } from '../support/marshal.ts'
import { pythons } from '../support/pythons.ts'
import {
  arrived,
  bigints,
  hashables,
  keysWithin,
  numbers,
  objectOf,
  strings,
  values,
} from '../support/values.ts'

describe.each(pythons)('Python $release, free-threaded: $freeThreaded', ({ executable }) => {
  const peer = new MarshalPeer(executable)
  afterAll(() => peer[Symbol.asyncDispose]())

  async function roundTrip(value: unknown): Promise<void> {
    const expected = arrived(value)
    for (const bytes of await peer.echo(encoded(value))) {
      const back = decode(bytes)
      if (!isDeepStrictEqual(back, expected)) expect(back).toStrictEqual(expected)
      expect(isDeepStrictEqual(back, expected)).toBe(true)
    }
  }

  const kinds = {
    strings,
    numbers,
    bigints,
    hashables: hashables.map((key) => [new Map([[key, 1]])]),
  }
  it.each(Object.entries(kinds))('any of %s comes back as it was', async (_, arbitrary) => {
    const runs = fc.asyncProperty(arbitrary as fc.Arbitrary<unknown>, async (value) => {
      if (!(await isRefused(value))) await roundTrip(value)
    })
    await fc.assert(runs, { numRuns: 1000 })
  })

  it('any nested value comes back as it was, or is refused because keys are equal in Python', async () => {
    let crossed = 0
    const runs = fc.asyncProperty(values, async (value) => {
      if (await isRefused(value)) return
      await roundTrip(value)
      crossed++
    })
    await fc.assert(runs, { numRuns: 800 })
    expect(crossed).toBeGreaterThan(500)
  })

  it('keys that Python does not tell apart are refused, and no others', async () => {
    const few = fc.constantFrom<unknown>(
      0,
      1,
      true,
      false,
      1n,
      1.5,
      2 ** 53,
      2n ** 53n,
      2 ** 60,
      2n ** 60n,
      null,
      undefined,
      'a',
      '1',
    )
    const odd = fc.constantFrom<unknown>(
      Number.NaN,
      Infinity,
      10n ** 400n,
      new Uint8Array([97]),
      Buffer.from('a'),
      '',
      -1,
      -1n,
    )
    const leaf = fc.oneof(few, odd)
    const pair = fc.oneof(
      fc.array(leaf, { maxLength: 2 }),
      fc.array(leaf, { maxLength: 2 }).map((items) => new Set(items)),
    )
    const key = fc.oneof(leaf, pair, fc.tuple(pair, leaf))
    const runs = fc.asyncProperty(fc.array(key, { maxLength: 5 }), async (keys) => {
      const set = new Set(keys)
      const map = new Map(keys.map((one, i) => [one, i]))
      const refused = await isRefused(set)
      expect(await isRefused(map)).toBe(refused)
      if (!refused) await roundTrip([set, map])
    })
    await fc.assert(runs, { numRuns: 2000 })
  })

  /** Whether the encoder refuses a value. When it does, Python has to say that keys are equal. */
  async function isRefused(value: unknown): Promise<boolean> {
    try {
      encoded(value)
      return false
    } catch (error) {
      expect(error).toBeInstanceOf(PythreadsError)
      expect(error).toHaveProperty('code', 'ERR_PYTHREADS_VALUE')
      for (const keys of keysWithin(value)) {
        if ((await peer.distinct(encoded(keys))) < keys.length) return true
      }
      throw error
    }
  }

  it.each<[unknown, string]>([
    [1, '1'],
    [-1, '-1'],
    [2 ** 31, '2147483648'],
    [-(2 ** 31), '-2147483648'],
    [Number.MAX_SAFE_INTEGER, '9007199254740991'],
    [Number.MIN_SAFE_INTEGER, '-9007199254740991'],
    [2 ** 53, '9007199254740992.0'],
    [-0, '-0.0'],
    [1.5, '1.5'],
    [1e300, '1e+300'],
    [Number.NaN, 'nan'],
    [-Infinity, '-inf'],
    [0n, '0'],
    [2n ** 53n + 1n, '9007199254740993'],
    [-(2n ** 63n) - 5n, '-9223372036854775813'],
    [undefined, 'None'],
    [[true, false, null], '[True, False, None]'],
    [new Array(2), '[None, None]'],
    ['', "''"],
    ['a\0b', "'a\\x00b'"],
    ['\u{1f600}', "'\u{1f600}'"],
    ['\ud800x\udc00', "'\\ud800x\\udc00'"],
    ['\ufeffé', "'\\ufeffé'"],
    [new PythonBytes(Buffer.from('ab')), "b'ab'"],
    [new PythonBytes(new Uint8Array(0)), "b''"],
    [new Map([[new Uint8Array([1, 2, 3]).subarray(1), 1]]), "{b'\\x02\\x03': 1}"],
    [{ a: { b: [] } }, "{'a': {'b': []}}"],
    [{ z: 1, a: 2, '': 3 }, "{'z': 1, 'a': 2, '': 3}"],
    [objectOf([['__proto__', 1]]), "{'__proto__': 1}"],
    [Object.assign(Object.create(null), { a: 1 }), "{'a': 1}"],
    [new Map(), '{}'],
    [
      new Map<unknown, unknown>([
        ['b', 1],
        [2, 'c'],
        [null, 3],
        [true, 4],
      ]),
      "{'b': 1, 2: 'c', None: 3, True: 4}",
    ],
    [new Map<unknown, unknown>([[[1, ['x']], 1]]), "{(1, ('x',)): 1}"],
    [new Map<unknown, unknown>([[new Set([1]), [1]]]), '{frozenset({1}): [1]}'],
    [new Set(), 'set()'],
    [new Set([[1, [new Set([2])]]]), '{(1, (frozenset({2}),))}'],
    [new Date(0), 'datetime.datetime(1970, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)'],
    [new PythonScalar('decimal.Decimal', '1.10'), "Decimal('1.10')"],
    [[{ a: new PythonScalar('complex', '-0-0j') }], "[{'a': (-0-0j)}]"],
    [
      new Map([[[new Date(0)], 1]]),
      '{(datetime.datetime(1970, 1, 1, 0, 0, tzinfo=datetime.timezone.utc),): 1}',
    ],
    [new Set([new PythonScalar('fractions.Fraction', '1/3')]), '{Fraction(1, 3)}'],
  ])('%s is %s in Python', async (value, repr) => {
    expect(await peer.repr(encoded(value))).toBe(repr)
    await roundTrip(value)
  })

  it('a string of 10 MB and a list of 100,000 values cross', async () => {
    const list = Array.from({ length: 100_000 }, (_, i) => ({ id: i, name: `n${i}`, half: i / 2 }))
    const bytes = new Uint8Array(5_000_000).map((_, i) => i)
    await roundTrip({ string: '€'.repeat(3_500_000), list, bytes })
    await roundTrip('x'.repeat(10_000_000))
  })

  it.each([949, 999, 1_000, 1_001, 2_500, 50_000])(
    '%i levels and as many Maps cross',
    async (levels) => {
      let deep: unknown = ['bottom']
      for (let i = 0; i < levels; i++) deep = [new Map([[1, deep]])]
      for (const bytes of await peer.echo(encoded(deep))) {
        let node = decode(bytes)
        for (let i = 0; i < levels; i++) node = (node as [Map<number, unknown>])[0].get(1)
        expect(node).toEqual(['bottom'])
      }
    },
  )

  it('what is shared or cyclic comes back as such, of whatever depth', async () => {
    for (const levels of [0, 998, 1_000, 3_000]) {
      const shared = { k: [1] }
      const root: unknown[] = [shared]
      let node: unknown = [root, shared]
      for (let i = 0; i < levels; i++) node = [node]
      root.push(node, new Map<unknown, unknown>([[1, root]]))
      const answers = await peer.echo(encoded(root))
      const back = decode(answers.at(-1) as Buffer) as [unknown, unknown, Map<unknown, unknown>]
      let inner = back[1]
      for (let i = 0; i < levels; i++) inner = (inner as unknown[])[0]
      expect((inner as unknown[])[0]).toBe(back)
      expect((inner as unknown[])[1]).toBe(back[0])
      expect(back[2].get(1)).toBe(back)
      expect(back[0]).toEqual(shared)
    }
  })
})
