import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NdArray, type Python, type RemoteObject } from '../../../src/index.ts'
import { ARRAYS } from '../../support/arrays.ts'
import { collect } from '../../support/outcome.ts'
import { type Placement, start } from '../../support/placement.ts'

/** Results that are typed arrays, whatever has numbers in Python. */
const typed: readonly [source: string, expected: ArrayBufferView][] = [
  ['array.array("b", [1, -1])', new Int8Array([1, -1])],
  ['array.array("B", [1, 255])', new Uint8Array([1, 255])],
  ['array.array("h", [1, -1])', new Int16Array([1, -1])],
  ['array.array("H", [1])', new Uint16Array([1])],
  ['array.array("i", [1, -1])', new Int32Array([1, -1])],
  ['array.array("I", [1])', new Uint32Array([1])],
  ['array.array("l", [1, -1])', new BigInt64Array([1n, -1n])],
  ['array.array("q", [1, -1])', new BigInt64Array([1n, -1n])],
  ['array.array("Q", [1])', new BigUint64Array([1n])],
  ['array.array("f", [0.5])', new Float32Array([0.5])],
  ['array.array("d", [0.1])', new Float64Array([0.1])],
  ['array.array("d")', new Float64Array(0)],
  ['array.array("d", range(20_000))[::2]', Float64Array.from({ length: 10_000 }, (_, i) => i * 2)],
  ['memoryview(b"ab")', new Uint8Array([97, 98])],
  ['memoryview(b"")', new Uint8Array(0)],
  ['memoryview(bytearray(b"abcd"))[::-2]', new Uint8Array([100, 98])],
  ['memoryview(array.array("i", range(10)))[1:8:3]', new Int32Array([1, 4, 7])],
  [
    'memoryview(array.array("d", range(30_000)))[::-1]',
    Float64Array.from({ length: 30_000 }, (_, i) => 29_999 - i),
  ],
  ['memoryview((ctypes.c_double * 3)(1, 2, 3))', new Float64Array([1, 2, 3])],
  ['memoryview((ctypes.c_int16 * 2)(1, -2))', new Int16Array([1, -2])],
  ['memoryview(b"ab").cast("c")', new Uint8Array([97, 98])],
]

/** Results that have more than one dimension, or a dtype that JavaScript has not. */
const shaped: readonly [
  source: string,
  expected: { dtype: string; shape: number[]; items: unknown },
][] = [
  ['memoryview(bytes(range(6))).cast("B", (2, 3))', { dtype: 'uint8', shape: [2, 3], items: [[0, 1, 2], [3, 4, 5]] }], // biome-ignore format: a matrix
  [
    'memoryview(bytearray(b"\\1\\0")).cast("?")',
    { dtype: 'bool', shape: [2], items: [true, false] },
  ],
  ['memoryview(ctypes.c_int(5))', { dtype: 'int32', shape: [], items: 5 }],
  ['memoryview(((ctypes.c_int * 2) * 2)((1, 2), (3, 4)))', { dtype: 'int32', shape: [2, 2], items: [[1, 2], [3, 4]] }], // biome-ignore format: a matrix
]

/** Results of numpy besides those that are made at random. */
const ofNumpy: readonly [
  source: string,
  expected: { dtype: string; shape: number[]; items: unknown },
][] = [
  ['numpy.zeros((0, 3))', { dtype: 'float64', shape: [0, 3], items: [] }],
  ['memoryview(numpy.zeros((0, 3)))', { dtype: 'float64', shape: [0, 3], items: [] }],
  ['memoryview(numpy.zeros((2, 0)))', { dtype: 'float64', shape: [2, 0], items: [[], []] }],
  ['memoryview(numpy.array([1 + 2j]))', { dtype: 'complex128', shape: [1], items: [[1, 2]] }],
  ['memoryview(numpy.arange(6).reshape(2, 3).T)', { dtype: 'int64', shape: [3, 2], items: [[0n, 3n], [1n, 4n], [2n, 5n]] }], // biome-ignore format: a matrix
  ['memoryview(numpy.array([1, -0.5], "f2"))', { dtype: 'float16', shape: [2], items: [1, -0.5] }],
  ['numpy.array(5)', { dtype: 'int64', shape: [], items: 5n }],
  ['numpy.array(1j, "c8")', { dtype: 'complex64', shape: [], items: [0, 1] }],
  ['numpy.broadcast_to(numpy.arange(2), (2, 2))', { dtype: 'int64', shape: [2, 2], items: [[0n, 1n], [0n, 1n]] }], // biome-ignore format: a matrix
  [
    'numpy.array(["1970-01-02", "NaT"], "M8[D]")',
    { dtype: 'datetime64[D]', shape: [2], items: [1n, -(2n ** 63n)] },
  ],
  ['numpy.array([3], "m8[25s]")', { dtype: 'timedelta64[25s]', shape: [1], items: [3n] }],
  ['numpy.array([256], ">M8[us]")', { dtype: 'datetime64[us]', shape: [1], items: [256n] }],
  ['numpy.asfortranarray([[1, 2], [3, 4]])', { dtype: 'int64', shape: [2, 2], items: [[1n, 2n], [3n, 4n]] }], // biome-ignore format: a matrix
]

/** What arrays of Python are in JavaScript, and whose memory that is. */
export function arrayResultSuite(place: Placement): void {
  /** Whether a result is the memory that Python has. */
  const shares = place.isolation === 'thread'
  const withNumpy = place.isolation !== 'subinterpreter' && place.packages !== null

  describe('an array as a result', () => {
    let py: Python
    beforeAll(async () => {
      py = await start(place, { workers: 1 })
      await py.exec('import array, ctypes')
      py.sync.exec('import array, ctypes')
      if (withNumpy) await py.exec('import numpy')
    })
    afterAll(() => py.close())

    it.each(typed)('%s is a typed array', async (source, expected) => {
      expect(await py.eval(source)).toStrictEqual(expected)
      expect(py.sync.eval(source)).toStrictEqual(expected)
      expect(await py.eval(`[{"a": ${source}}]`)).toStrictEqual([{ a: expected }])
      expect(await collect(await py.eval<RemoteObject>(`iter([${source}])`))).toStrictEqual([
        expected,
      ])
    })

    const all = withNumpy ? [...shaped, ...ofNumpy] : shaped
    it.each(all)('%s is an NdArray', async (source, { dtype, shape, items }) => {
      const array = await py.eval<NdArray>(source)
      expect(array).toBeInstanceOf(NdArray)
      expect({ dtype: array.dtype, shape: array.shape, items: array.toArray() }).toEqual({
        dtype,
        shape,
        items,
      })
    })

    it.each(['array.array("u", "ab")', 'memoryview(bytes(8)).cast("P")'])(
      '%s is none',
      async (source) => {
        expect(typeof ((await py.eval(source)) as RemoteObject).$repr).toBe('function')
      },
    )

    it('is once in JavaScript what is once in Python', async () => {
      const [a, b] = await py.eval<[Float64Array, Float64Array]>('[array.array("d", range(9))] * 2')
      expect(a).toBe(b)
    })

    it(`is ${shares ? "Python's own memory" : 'a copy'} where it can be written to`, async () => {
      for (const length of [3, 10_000, 100_000]) {
        const array = await py.run<Float64Array>(`${ARRAYS}:give_and_keep`, ['it', length])
        await py.run(`${ARRAYS}:write`, ['it', 1, 100])
        expect(array[1]).toBe(shares ? 100 : 1)
        array[2] = 200
        expect(await py.run(`${ARRAYS}:read`, ['it', 2])).toBe(shares ? 200 : 2)
        await py.run(`${ARRAYS}:drop`, ['it'])
        expect(array[length - 1]).toBe(length === 3 ? 200 : length - 1)
      }
    })

    it('is a copy where it cannot be written to', async () => {
      for (const length of [3, 10_000, 100_000]) {
        await py.exec(`source = array.array("d", range(${length}))`)
        const array = await py.eval<Float64Array>('memoryview(source).toreadonly()')
        array[0] = 100
        expect(await py.eval('source[0]')).toBe(0)
        await py.exec('del source')
      }
      await py.exec('text = bytes(100_000)')
      const bytes = await py.eval<Uint8Array>('text')
      bytes.fill(1)
      expect(await py.eval('sum(text)')).toBe(0)
    })

    it('of JavaScript is itself when it comes home', async () => {
      for (const length of [3, 10_000]) {
        const array = py.alloc(Int32Array, length)
        const back = await py.eval<Int32Array>`${array}`
        back[0] = 5
        expect([back.length, array[0]]).toEqual([length, shares ? 5 : 0])
      }
    })

    it('is large beside other large things', async () => {
      const [text, list, bytes, inner] = await py.eval<
        [string, number[], Uint8Array, Uint8Array[]]
      >(
        '["x€" * 200_000, list(range(100_000)), bytes(300_000), [bytes([i]) * 1_000 for i in range(200)]]',
      )
      expect(text === 'x€'.repeat(200_000)).toBe(true)
      expect(list.every((x, i) => x === i)).toBe(true)
      expect([bytes.length, inner.length]).toEqual([300_000, 200])
      await py.eval('"y" * 1_000_000') // would be written over the others, were they not theirs
      expect(
        inner.every((part, i) => part.length === 1_000 && part.every((byte) => byte === i)),
      ).toBe(true)
    })

    it.runIf(withNumpy)('stays in Python where JavaScript has no equal', async () => {
      for (const source of [
        'numpy.array([object()])',
        'numpy.array([(1, 2)], "i4,i4")',
        'numpy.array(["a"])',
        'numpy.zeros(2, "g")',
      ]) {
        const remote = await py.eval<RemoteObject>(source)
        expect(await remote.$type()).toBe('numpy:ndarray')
      }
      const texts = await py.eval<RemoteObject>('numpy.array(["a", "b"])')
      expect(await texts.toJS()).toEqual(['a', 'b'])
    })

    it.runIf(withNumpy)('keeps the order of its memory where that has no gaps', async () => {
      const c = await py.eval<NdArray>('numpy.zeros((2, 3, 4))')
      const f = await py.eval<NdArray>('numpy.zeros((2, 3, 4), order="F")')
      const gaps = await py.eval<NdArray>('numpy.zeros((4, 3, 4))[::2]')
      expect([c.strides, f.strides, gaps.strides]).toEqual([
        [12, 4, 1],
        [1, 2, 6],
        [12, 4, 1],
      ])
    })

    it.runIf(withNumpy)(
      `is ${shares ? "numpy's own memory" : 'a copy'}, of numpy too`,
      async () => {
        await py.exec('matrix = numpy.arange(30_000.0).reshape((100, 300), order="F")')
        const array = await py.eval<NdArray<'float64'>>('matrix')
        array.data[1] = -5
        expect(await py.eval('float(matrix[1, 0])')).toBe(shares ? -5 : 1)
        await py.exec('matrix[0, 0] = 7')
        expect(array.get(0, 0)).toBe(shares ? 7 : 0)
        await py.exec('del matrix')
        expect(array.get(99, 299)).toBe(29_999)
      },
    )
  })
}
