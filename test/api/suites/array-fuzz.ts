import { inspect, isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DType, NdArray, type NdArrayData, type Python } from '../../../src/index.ts'
import { ARRAYS, allReturned, shared } from '../../support/arrays.ts'
import { type Placement, start } from '../../support/placement.ts'

const NUMPY = `${new URL('../../python/numpy_arrays.py', import.meta.url).pathname}`
const RUNS = 150

/** The class of the data of each dtype, and the size of an item of the array. */
const kinds: Record<
  string,
  readonly [kind: new (buffer: ArrayBuffer) => ArrayBufferView, size: number]
> = {
  bool: [Uint8Array, 1],
  int8: [Int8Array, 1],
  uint8: [Uint8Array, 1],
  int16: [Int16Array, 2],
  uint16: [Uint16Array, 2],
  int32: [Int32Array, 4],
  uint32: [Uint32Array, 4],
  int64: [BigInt64Array, 8],
  uint64: [BigUint64Array, 8],
  float16: [Uint16Array, 2],
  float32: [Float32Array, 4],
  float64: [Float64Array, 8],
  complex64: [Float32Array, 8],
  complex128: [Float64Array, 16],
  'datetime64[ns]': [BigInt64Array, 8],
  'datetime64[D]': [BigInt64Array, 8],
  'timedelta64[25us]': [BigInt64Array, 8],
}
const dtypes = fc.constantFrom(...Object.keys(kinds))
/** Those whose typed array says all, in one dimension. */
const isTyped = (dtype: string) => /^u?int|^float(32|64)/.test(dtype)

const seeds = fc.nat(2 ** 31)
const shapes: fc.Arbitrary<readonly number[]> = fc.oneof(
  { arbitrary: fc.array(fc.nat(5), { maxLength: 5 }), weight: 8 },
  // too large for a frame
  {
    arbitrary: fc.tuple(fc.integer({ min: 30, max: 200 }), fc.integer({ min: 30, max: 60 })),
    weight: 1,
  },
  { arbitrary: fc.tuple(fc.integer({ min: 1_000, max: 9_000 })), weight: 1 },
)

/**
 * An array that numpy makes: as a part of a larger one, in any order, of any byte order, turned
 * round.
 */
const made = shapes.chain((shape) =>
  fc.record({
    dtype: dtypes,
    seed: seeds,
    shape: fc.constant([...shape]),
    steps: fc.array(fc.constantFrom(1, 1, 1, 2, 3, -1, -2), {
      minLength: shape.length,
      maxLength: shape.length,
    }),
    axes: fc.shuffledSubarray([...shape.keys()], {
      minLength: shape.length,
      maxLength: shape.length,
    }),
    order: fc.constantFrom('C', 'F'),
    swapped: fc.boolean(),
    readonly: fc.boolean(),
  }),
)

/** An NdArray of any strides that stay within its data. */
const ours = fc
  .record({
    dtype: dtypes,
    shape: shapes,
    seed: seeds,
    before: fc.nat(5),
    after: fc.nat(5),
    skipped: fc.nat(3),
  })
  .chain(({ shape, ...source }) =>
    fc.record({
      ...{ source: fc.constant(source), shape: fc.constant([...shape]) },
      strides: fc.oneof(
        fc.constant(undefined),
        fc.array(fc.integer({ min: -7, max: 7 }), {
          minLength: shape.length,
          maxLength: shape.length,
        }),
      ),
    }),
  )
  .map(({ source: { dtype, seed, before, after, skipped }, shape, strides }) => {
    const [kind, size] = kinds[dtype] as (typeof kinds)[string]
    const total = shape.reduce((product, length) => product * length, 1)
    const reaches = (strides ?? []).map(
      (stride, axis) => stride * Math.max((shape[axis] as number) - 1, 0),
    )
    const low =
      strides === undefined || total === 0
        ? 0
        : reaches.reduce((sum, reach) => sum + Math.min(reach, 0), 0)
    const high =
      strides === undefined
        ? Math.max(total - 1, 0)
        : reaches.reduce((sum, reach) => sum + Math.max(reach, 0), 0)
    const items = before - low + high + 1 + after
    const step = kind === Float32Array || kind === Float64Array ? size : Math.max(size, 8)
    const all = new ArrayBuffer(skipped * step + items * size)
    noise(new Uint8Array(all), seed, dtype === 'bool')
    const Part = kind as unknown as new (buffer: ArrayBuffer, offset: number) => NdArrayData[DType]
    const data = new Part(all, skipped * step)
    return new NdArray({ dtype: dtype as DType, data, shape, strides, offset: before - low })
  })

/** Fills memory with any bits; for booleans with zeros and ones. */
function noise(bytes: Uint8Array, seed: number, isBool: boolean): void {
  let state = seed | 1
  for (let i = 0; i < bytes.length; i++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes[i] = isBool ? state & 1 : state
  }
}

/** Whole numbers as they come from Python. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  return typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value
}

/** The items of a result. */
function itemsOf(array: unknown): unknown {
  return plain(array instanceof NdArray ? array.toArray() : Array.from(array as Float64Array))
}

/** As `toEqual`, which takes long for many items. */
function same(actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected))
    expect.fail(`${inspect(actual)} is not ${inspect(expected)}`)
}

/** Arrays of any dtype, shape and layout against what numpy says that they are. */
export function arrayFuzzSuite(place: Placement): void {
  describe('arrays of any kind', () => {
    let py: Python
    beforeAll(async () => {
      py = await start(place, { workers: 2 })
    })
    afterAll(() => py.close())

    it('come from numpy', async () => {
      const before = await shared(py)
      const property = fc.asyncProperty(made, async (spec) => {
        const [array, items, shape] = await py.run<[unknown, unknown, number[]]>(`${NUMPY}:make`, [
          spec,
        ])
        const [kind] = kinds[spec.dtype] as (typeof kinds)[string]
        if (spec.shape.length === 1 && isTyped(spec.dtype)) {
          expect(Object.getPrototypeOf(array)).toBe(kind.prototype)
        } else {
          expect(array).toBeInstanceOf(NdArray)
          const { dtype, data, shape: its } = array as NdArray
          expect({ dtype, shape: its }).toEqual({ dtype: spec.dtype, shape })
          expect(Object.getPrototypeOf(data)).toBe(kind.prototype)
        }
        same(itemsOf(array), items)
      })
      await fc.assert(property, { numRuns: RUNS })
      await allReturned(py, before)
    })

    it('go to numpy', async () => {
      const before = await shared(py)
      const property = fc.asyncProperty(ours, fc.boolean(), async (array, readonly) => {
        const answer = await py.run<unknown[]>(`${NUMPY}:describe`, [array], { readonly })
        const [kind, dtype, shape, writable, items] = answer
        expect({ kind, dtype, shape }).toEqual({
          kind: 'ndarray',
          dtype: array.dtype,
          shape: [...array.shape],
        })
        if (array.size > 0) expect(writable).toBe(!readonly)
        same(items, plain(array.toArray()))
      })
      await fc.assert(property, { numRuns: RUNS })
      await allReturned(py, before)
    })

    it('go to numpy and come back', async () => {
      const before = await shared(py)
      const property = fc.asyncProperty(ours, async (array) => {
        const back = await py.run(`${ARRAYS}:identity`, [array])
        same(itemsOf(back), plain(array.toArray()))
        const sync = py.sync.run(`${ARRAYS}:identity`, [{ array }]) as { array: unknown }
        same(itemsOf(sync.array), plain(array.toArray()))
      })
      await fc.assert(property, { numRuns: RUNS / 3 })
      await allReturned(py, before)
    })

    it('are summed as numpy sums them, whatever their size', async () => {
      for (const length of [0, 1, 4_095, 4_096, 4_097, 500_000]) {
        const data = Float64Array.from({ length }, (_, i) => i)
        const array = new NdArray({ data, shape: [length] })
        const sum = data.reduce((all, x) => all + x, 0)
        const [answer, back] = await py.run<[number, Float64Array]>(`${NUMPY}:total`, [array])
        expect([answer, back.length, back.at(-1)]).toEqual([
          sum,
          length,
          length > 0 ? length : undefined,
        ])
      }
    })

    it('are written to in place where that is promised', async () => {
      for (const length of [12, 12_000]) {
        for (const [data, sees] of [
          [new Float64Array(length), place.isolation !== 'process'],
          [py.alloc(Float64Array, length), true],
        ] as const) {
          const array = new NdArray({ data, shape: [length / 4, 2], strides: [4, -1], offset: 1 })
          await py.run(`${NUMPY}:fill`, [array, 3])
          expect([...data.subarray(0, 5)]).toEqual(sees ? [3, 3, 0, 0, 3] : [0, 0, 0, 0, 0])
        }
      }
    })
  })
}
