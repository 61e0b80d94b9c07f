import fc from 'fast-check'
import { PythonScalar } from '../../src/index.ts'
import { PythonBytes } from '../../src/wire/index.ts'

/** Arbitrary plain values, and what becomes of a value that goes to Python and back. */

const codeUnits = fc.string({
  unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
})
const surrogates = fc.string({
  unit: fc.constantFrom(
    '\ud800',
    '\udbff',
    '\udc00',
    '\udfff',
    'a',
    '\0',
    '\u{1f600}',
    '\ufeff',
    '\ufffd',
  ),
})
const short = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), codeUnits, surrogates)
const long = fc
  .tuple(fc.nat(70_000), fc.constantFrom('x', 'é', '€', '\u{1f600}', '\ud800'))
  .map(([n, part]) => part.repeat(n))

export const strings: fc.Arbitrary<string> = fc.oneof(
  { arbitrary: short, weight: 12 },
  { arbitrary: fc.integer({ min: 0, max: 300 }).map((n) => 'y'.repeat(n)), weight: 2 },
  { arbitrary: long, weight: 1 },
)

const borders = [15n, 30n, 31n, 32n, 45n, 53n, 60n, 63n, 64n, 1000n].flatMap((bits) =>
  [-2n, -1n, 0n, 1n, 2n].flatMap((step) => [2n ** bits + step, -(2n ** bits) + step]),
)

export const bigints: fc.Arbitrary<bigint> = fc.oneof(
  fc.constantFrom(...borders),
  fc.bigInt(),
  fc.bigInt({ min: -(10n ** 800n), max: 10n ** 800n }),
  fc.tuple(fc.nat(5000), fc.bigInt()).map(([shift, value]) => value << BigInt(shift)),
)

const safeBorders = borders.map(Number).filter(Number.isSafeInteger)

export const numbers: fc.Arbitrary<number> = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(
    ...safeBorders,
    0,
    -0,
    Number.NaN,
    Infinity,
    -Infinity,
    2 ** 53,
    -(2 ** 53),
    2 ** 60,
    5e-324,
    Number.MAX_VALUE,
  ),
  fc.double(),
  fc.float(),
)

const bytes = fc.oneof(
  fc.uint8Array(),
  fc.uint8Array().map((array) => Buffer.from(array)),
)
const scalars = fc.oneof(
  fc.constantFrom(null, undefined, true, false),
  numbers,
  bigints,
  short,
  bytes,
)

/** What can be a key in Python: scalars, arrays (tuples) and Sets (frozensets) of them. */
export const hashables: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 3, withCrossShrink: true }, scalars, tie('array'), tie('set')),
  array: fc.array(tie('value'), { maxLength: 4 }),
  set: fc.array(tie('value'), { maxLength: 4 }).map((items) => new Set(items)),
})).value

const names = fc.oneof(
  { arbitrary: short, weight: 3 },
  {
    arbitrary: fc.constantFrom(
      '__proto__',
      'constructor',
      'toString',
      '',
      '0',
      '10',
      '-1',
      'then',
      'length',
      'a',
    ),
    weight: 3,
  },
)

/** Any plain value. */
export const values: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    scalars,
    tie('array'),
    tie('object'),
    tie('map'),
    tie('set'),
  ),
  array: fc.array(tie('value'), { maxLength: 6 }),
  object: fc.array(fc.tuple(names, tie('value')), { maxLength: 6 }).map(objectOf),
  map: fc
    .array(fc.tuple(fc.oneof(names, hashables), tie('value')), { maxLength: 6 })
    .map((entries) => new Map(entries)),
  set: fc.array(hashables, { maxLength: 6 }).map((items) => new Set(items)),
})).value

/** As `Object.fromEntries`, which makes `__proto__` an ordinary key too. */
export function objectOf(entries: Iterable<readonly [string, unknown]>): Record<string, unknown> {
  return Object.fromEntries(entries)
}

/** What comes back for a value that was sent. */
export function arrived(value: unknown): unknown {
  if (value === undefined) return null
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value
  if (value instanceof PythonBytes) return new Uint8Array(value.bytes)
  if (value instanceof Uint8Array) return new Uint8Array(value)
  if (value instanceof ArrayBuffer) return new Uint8Array(value)
  if (ArrayBuffer.isView(value) || value instanceof Date || value instanceof PythonScalar)
    return value
  if (Array.isArray(value)) return Array.from(value, arrived)
  if (value instanceof Set) return new Set(Array.from(value, arrived))
  if (value instanceof Map) {
    const entries = Array.from(value, ([key, item]) => [arrived(key), arrived(item)] as const)
    return entries.every(([key]) => typeof key === 'string')
      ? objectOf(entries as [string, unknown][])
      : new Map(entries)
  }
  if (typeof value !== 'object' || value === null) return value
  return objectOf(Object.entries(value).map(([key, item]) => [key, arrived(item)]))
}

/** The keys of every Map and Set in a value, the inner ones first. */
export function keysWithin(value: unknown): unknown[][] {
  if (Array.isArray(value)) return value.flatMap(keysWithin)
  if (value instanceof Set) return [...[...value].flatMap(keysWithin), [...value]]
  if (value instanceof Map) return [...[...value].flat().flatMap(keysWithin), [...value.keys()]]
  if (value instanceof Uint8Array || typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(keysWithin)
}
