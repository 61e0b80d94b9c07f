/** NdArray by itself: what it accepts and where its items are. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NdArray, type NdArraySource } from '../../src/index.ts'

const make = (source: object) => new NdArray(source as NdArraySource<'float64'>)
const data = Float64Array.from({ length: 24 }, (_, i) => i)

describe('an NdArray', () => {
  it('has the items of its data in the order of its strides', () => {
    const c = make({ data, shape: [2, 3, 4] })
    expect([c.strides, c.offset, c.dtype, c.size]).toEqual([[12, 4, 1], 0, 'float64', 24])
    expect([c.get(0, 0, 0), c.get(1, 2, 3), c.get(1, 0, 2)]).toEqual([0, 23, 14])
    const f = make({ data, shape: [2, 3, 4], strides: [1, 2, 6] })
    expect([f.get(1, 0, 0), f.get(0, 1, 0), f.get(0, 0, 1)]).toEqual([1, 2, 6])
    const turned = make({ data, shape: [2, 2], strides: [-2, -1], offset: 10 })
    expect(turned.toArray()).toEqual([
      [10, 9],
      [8, 7],
    ])
    expect(make({ data, shape: [3], strides: [0], offset: 5 }).toArray()).toEqual([5, 5, 5])
    expect(make({ data, shape: [], offset: 7 }).toArray()).toBe(7)
    expect(make({ data, shape: [], offset: 7 }).get()).toBe(7)
  })

  it('may be empty, whatever its strides and its data', () => {
    expect(make({ data: new Float64Array(0), shape: [0] }).toArray()).toEqual([])
    expect(make({ data: new Float64Array(0), shape: [2, 0] }).toArray()).toEqual([[], []])
    expect(
      make({
        data: new Float64Array(0),
        shape: [0, 2],
        strides: [100, -100],
        offset: 50,
      }).toArray(),
    ).toEqual([])
  })

  it('finds each item by strides and offset', () => {
    const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 })
    const sources = shapes.chain((shape) =>
      fc.record({
        shape: fc.constant(shape),
        strides: fc.tuple(...shape.map(() => fc.integer({ min: -9, max: 9 }))),
      }),
    )
    const property = fc.property(sources, ({ shape, strides }) => {
      const reach = strides.map((stride, axis) => stride * ((shape[axis] as number) - 1))
      const offset = reach.reduce((sum, part) => sum - Math.min(part, 0), 0)
      const items = offset + reach.reduce((sum, part) => sum + Math.max(part, 0), 0) + 1
      const array = make({
        data: Float64Array.from({ length: items }, (_, i) => i),
        shape,
        strides,
        offset,
      })
      const indices = shape.map((length) => length - 1)
      const at =
        offset + indices.reduce((sum, index, axis) => sum + index * (strides[axis] as number), 0)
      expect(array.get(...indices)).toBe(at)
      expect(
        (shape.length === 0 ? [array.toArray()] : (array.toArray() as unknown[])).flat(9).at(-1),
      ).toBe(at)
      expect(() => make({ data: array.data.subarray(1), shape, strides, offset })).toThrow()
    })
    fc.assert(property)
  })

  it('has items of its dtype', () => {
    const of = (source: object) => make(source).toArray()
    expect(of({ data: new Uint8Array([0, 1, 2]), shape: [3], dtype: 'bool' })).toEqual([
      false,
      true,
      true,
    ])
    expect(of({ data: new Uint16Array([0x3c00, 0xc000]), shape: [2], dtype: 'float16' })).toEqual([
      1, -2,
    ])
    expect(of({ data: new Float32Array([1, 2, 3, 4]), shape: [2], dtype: 'complex64' })).toEqual([
      [1, 2],
      [3, 4],
    ])
    expect(
      make({
        data: new Float64Array([1, 2, 3, 4]),
        shape: [1],
        offset: 1,
        dtype: 'complex128',
      }).get(0),
    ).toEqual([3, 4])
    expect(of({ data: new BigInt64Array([5n]), shape: [1], dtype: 'datetime64[ns]' })).toEqual([5n])
    for (const kind of [
      Int8Array,
      Uint8Array,
      Int16Array,
      Uint16Array,
      Int32Array,
      Uint32Array,
      Float32Array,
      Float64Array,
    ]) {
      expect(make({ data: new kind(1), shape: [1] }).dtype).toBe(
        kind.name.replace('Array', '').toLowerCase(),
      )
    }
    expect(make({ data: new Uint8ClampedArray(1), shape: [1] }).dtype).toBe('uint8')
    expect(make({ data: new BigInt64Array(1), shape: [1] }).dtype).toBe('int64')
    expect(make({ data: new BigUint64Array(1), shape: [1] }).dtype).toBe('uint64')
    expect(make({ data: Buffer.from([1]), shape: [1] }).dtype).toBe('uint8')
  })

  it('has read-only properties', () => {
    const shape = [2, 3]
    const array = make({ data, shape })
    shape[0] = 1000
    expect(array.shape).toEqual([2, 3])
    expect(() => Object.assign(array, { offset: 5 })).toThrow(TypeError)
    expect(() => (array.strides as number[]).push(1)).toThrow(TypeError)
    expect(() => ((array.shape as number[])[0] = 5)).toThrow(TypeError)
  })

  const refused: Record<string, object> = {
    'out of reach': { data, shape: [25] },
    'out of reach by its offset': { data, shape: [24], offset: 1 },
    'out of reach by its strides': { data, shape: [2], strides: [24] },
    'out of reach backwards': { data, shape: [2], strides: [-1] },
    'out of reach, as complex': { data, shape: [13], dtype: 'complex128' },
    'of a negative offset': { data, shape: [1], offset: -1 },
    'of a broken offset': { data, shape: [1], offset: 0.5 },
    'of a negative length': { data, shape: [-1] },
    'of a broken length': { data, shape: [1.5] },
    'of too large a shape': { data, shape: [2 ** 52, 2 ** 52] },
    'of a shape that is none': { data, shape: 'abc' },
    'without a shape': { data },
    'of too few strides': { data, shape: [2, 2], strides: [1] },
    'of broken strides': { data, shape: [2], strides: [Number.NaN] },
    'of 65 dimensions': { data, shape: Array(65).fill(1) },
    'of a dtype that is none': { data, shape: [1], dtype: 'float128' },
    'of a unit that is none': { data: new BigInt64Array(1), shape: [1], dtype: 'datetime64[x]' },
    'of another dtype than its data': { data, shape: [1], dtype: 'int32' },
    'of data that is a list': { data: [1, 2], shape: [2] },
    'of data that is a DataView': { data: new DataView(new ArrayBuffer(8)), shape: [1] },
    'without data': { shape: [0] },
    'of a dtype from a prototype': { data, shape: [1], dtype: 'constructor' },
  }
  it.each(Object.keys(refused))('%s is refused', (name) => {
    expect(() => make(refused[name] as object)).toThrow(
      expect.objectContaining({ code: 'ERR_PYTHREADS_ARGUMENT' }),
    )
  })

  it.each([
    [[0, 0]],
    [[0, 0, 0, 0]],
    [[2, 0, 0]],
    [[0, 0, -1]],
    [[0.5, 0, 0]],
    [[Number.NaN, 0, 0]],
  ])('has no item %s', (indices) => {
    const array = make({ data, shape: [2, 3, 4] })
    expect(() => array.get(...indices)).toThrow(
      expect.objectContaining({ code: 'ERR_PYTHREADS_ARGUMENT' }),
    )
  })
})
