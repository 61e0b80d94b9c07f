import { PythreadsError } from '../../errors/index.ts'
import { integerToJson, timeToJson } from './times.ts'

/** The typed array that holds the items of each dtype. */
export interface NdArrayData {
  /** One byte for each item: 0 or 1. */
  bool: Uint8Array
  /** Signed integers of 8 bits. */
  int8: Int8Array
  /** Unsigned integers of 8 bits. */
  uint8: Uint8Array | Uint8ClampedArray
  /** Signed integers of 16 bits. */
  int16: Int16Array
  /** Unsigned integers of 16 bits. */
  uint16: Uint16Array
  /** Signed integers of 32 bits. */
  int32: Int32Array
  /** Unsigned integers of 32 bits. */
  uint32: Uint32Array
  /** Signed integers of 64 bits. */
  int64: BigInt64Array
  /** Unsigned integers of 64 bits. */
  uint64: BigUint64Array
  /** The bits of each number. In newer engines a `Float16Array` can read the same buffer. */
  float16: Uint16Array
  /** Floats of 32 bits. */
  float32: Float32Array
  /** Floats of 64 bits. */
  float64: Float64Array
  /** Real and imaginary part of each number, one after the other, of 32 bits each. */
  complex64: Float32Array
  /** Real and imaginary part of each number, one after the other, of 64 bits each. */
  complex128: Float64Array
  /** How many units have passed since 1970. The smallest number is "not a time". */
  [datetime: `datetime64${string}`]: BigInt64Array
  /** How many units it is. The smallest number is "not a time". */
  [timedelta: `timedelta64${string}`]: BigInt64Array
}

/** The type of the items of an {@link NdArray}, by its name in numpy. */
export type DType = keyof NdArrayData

type PlainDType =
  | ('bool' | 'int8' | 'uint8' | 'int16' | 'uint16' | 'int32' | 'uint32' | 'int64' | 'uint64')
  | ('float16' | 'float32' | 'float64' | 'complex64' | 'complex128')

/** An item of an {@link NdArray}. */
export type NdItem<D extends DType> = D extends 'bool'
  ? boolean
  : D extends 'int64' | 'uint64' | `datetime64${string}` | `timedelta64${string}`
    ? bigint
    : D extends 'complex64' | 'complex128'
      ? readonly [re: number, im: number]
      : number

/** An item, or lists in lists: a level for each dimension. */
export type Nested<T> = T | Nested<T>[]

/** What the constructor of {@link NdArray} takes. */
export interface NdArraySource<D extends DType> {
  /** The typed array that holds the items. It is not copied. */
  readonly data: NdArrayData[D]
  /** How many items each dimension has. */
  readonly shape: readonly number[]
  /**
   * The distance between neighbours in each dimension, in items. Default: the last dimension is the
   * innermost, without gaps.
   */
  readonly strides?: readonly number[] | undefined
  /** The index of the first item. Default 0. */
  readonly offset?: number | undefined
  /** The type of the items. Default: that of the typed array, e.g. `float64` for `Float64Array`. */
  readonly dtype?: D | undefined
}

const KINDS: Readonly<Record<PlainDType, string>> = {
  bool: 'Uint8Array',
  int8: 'Int8Array',
  uint8: 'Uint8Array',
  int16: 'Int16Array',
  uint16: 'Uint16Array',
  int32: 'Int32Array',
  uint32: 'Uint32Array',
  int64: 'BigInt64Array',
  uint64: 'BigUint64Array',
  float16: 'Uint16Array',
  float32: 'Float32Array',
  float64: 'Float64Array',
  complex64: 'Float32Array',
  complex128: 'Float64Array',
}
/** Dtypes that are never the default of a typed array: its items are plain numbers by default. */
const SPECIAL: readonly string[] = [
  'bool',
  'float16',
  'complex64',
  'complex128',
] satisfies PlainDType[]
const DTYPES: ReadonlyMap<string, PlainDType> = new Map([
  ...Object.entries(KINDS).flatMap(([dtype, kind]) =>
    SPECIAL.includes(dtype) ? [] : [[kind, dtype as PlainDType] as const],
  ),
  ['Uint8ClampedArray', 'uint8'],
])
const TIME = /^(datetime64|timedelta64)(\[\d*(Y|M|W|D|h|m|s|ms|us|ns|ps|fs|as)\])?$/
/** numpy's own limit since version 2. */
const MAX_DIMENSIONS = 64

/**
 * An array of any number of dimensions. A numpy array arrives as an `NdArray`, except that an array
 * of one dimension arrives as a typed array where one can hold its items. As an argument it becomes
 * a `numpy.ndarray`, without a copy where its `data` needs none.
 *
 * @example
 * ```ts
 * const m = new NdArray({ data: new Float64Array([1, 2, 3, 4, 5, 6]), shape: [2, 3] })
 * m.get(1, 0) // 4
 * m.toArray() // [[1, 2, 3], [4, 5, 6]]
 * ```
 * @typeParam D - The type of the items, by its name in numpy.
 */
export class NdArray<D extends DType = DType> {
  /** The typed array that holds the items. */
  readonly data: NdArrayData[D]
  /** How many items each dimension has. */
  readonly shape: readonly number[]
  /** The distance between neighbours in each dimension, in items. */
  readonly strides: readonly number[]
  /** The index of the first item. */
  readonly offset: number
  /** The type of the items, by its name in numpy. */
  readonly dtype: D

  /**
   * Makes an array that shares the memory of `source.data`.
   *
   * @param source - The items, and how they are arranged.
   * @throws `ERR_PYTHREADS_ARGUMENT` when the parts do not match, e.g. when the shape reaches
   * beyond the data.
   */
  constructor(source: NdArraySource<D>) {
    const { data, shape, strides, offset = 0 } = source
    const kind = Object.prototype.toString.call(data).slice(8, -1)
    const dtype = source.dtype ?? (DTYPES.get(kind) as D | undefined)
    if (dtype === undefined) refuse(`\`data\` must be a typed array; got ${kind}`)
    const wanted = TIME.test(dtype) ? 'BigInt64Array' : KINDS[dtype as PlainDType]
    if (wanted === undefined) refuse(`${JSON.stringify(dtype)} is not a supported dtype`)
    if (kind !== wanted && !(dtype === 'uint8' && kind === 'Uint8ClampedArray')) {
      refuse(`\`data\` of dtype ${dtype} must be a ${wanted}; got a ${kind}`)
    }
    if (!isListOf(shape, (length) => length >= 0))
      refuse('`shape` must be an array of whole numbers from 0')
    if (shape.length > MAX_DIMENSIONS)
      refuse(`it has ${shape.length} dimensions; at most ${MAX_DIMENSIONS} are possible`)
    if (
      strides !== undefined &&
      !(isListOf(strides, () => true) && strides.length === shape.length)
    ) {
      refuse('`strides` must be an array with one whole number for each dimension')
    }
    if (!Number.isSafeInteger(offset)) refuse('`offset` must be a whole number')
    this.data = data
    this.shape = Object.freeze([...shape])
    this.strides = Object.freeze(strides === undefined ? packed(shape) : [...strides])
    this.offset = offset
    this.dtype = dtype
    this.#checkReach()
    Object.freeze(this)
  }

  /** How many items there are. */
  get size(): number {
    return this.shape.reduce((size, length) => size * length, 1)
  }

  /**
   * Reads one item.
   *
   * @param indices - The index in each dimension, from 0.
   * @returns The item.
   * @throws `ERR_PYTHREADS_ARGUMENT` when there is no such item.
   */
  get(...indices: number[]): NdItem<D> {
    const { shape, strides } = this
    let at = this.offset
    if (indices.length !== shape.length)
      refuse(`it has ${shape.length} dimensions; got ${indices.length} indices`)
    for (const [axis, index] of indices.entries()) {
      if (!(Number.isInteger(index) && index >= 0 && index < (shape[axis] as number))) {
        refuse(`index ${index} is outside of the shape [${shape.join(', ')}]`)
      }
      at += index * (strides[axis] as number)
    }
    return this.#item(at)
  }

  /**
   * Copies the items into nested arrays.
   *
   * @returns One level of arrays for each dimension. Without dimensions: the item alone.
   */
  toArray(): Nested<NdItem<D>> {
    return this.#nested(0, this.offset)
  }

  /**
   * Copies the array for `JSON.stringify`.
   *
   * @returns The result of {@link toArray}, with dates in ISO 8601, durations as the count of their
   * unit, and `null` for "not a time". Integers beyond 2^53 stay `bigint`, which `JSON.stringify`
   * refuses.
   */
  toJSON(): Nested<unknown> {
    const { data, dtype } = this
    if (!(data instanceof BigInt64Array || data instanceof BigUint64Array)) return this.toArray()
    return this.#nested(0, this.offset, TIME.test(dtype) ? timeToJson(dtype) : integerToJson)
  }

  #nested(axis: number, at: number): Nested<NdItem<D>>
  #nested<T>(axis: number, at: number, item: (value: bigint) => T): Nested<T>
  #nested(axis: number, at: number, item?: (value: bigint) => unknown): Nested<unknown> {
    if (axis === this.shape.length)
      return item === undefined ? this.#item(at) : item(this.#item(at) as bigint)
    const stride = this.strides[axis] as number
    const inner = (i: number) =>
      this.#nested(axis + 1, at + i * stride, item as (value: bigint) => unknown)
    return Array.from({ length: this.shape[axis] as number }, (_, i) => inner(i))
  }

  #item(at: number): NdItem<D> {
    const data = this.data as Uint16Array
    const { dtype } = this
    if (dtype === 'bool') return (data[at] !== 0) as NdItem<D>
    if (dtype === 'float16') return fromFloat16(data[at] as number) as NdItem<D>
    if (isComplex(dtype)) return [data[at * 2], data[at * 2 + 1]] as unknown as NdItem<D>
    return data[at] as NdItem<D>
  }

  /** Checks that every item lies in `data`. */
  #checkReach(): void {
    if (this.size === 0) return
    let [low, high] = [this.offset, this.offset]
    for (const [axis, length] of this.shape.entries()) {
      const reach = (length - 1) * (this.strides[axis] as number)
      if (reach < 0) low += reach
      else high += reach
    }
    const items = isComplex(this.dtype) ? this.data.length / 2 : this.data.length
    if (low >= 0 && high < items) return
    refuse(
      `with shape [${this.shape.join(', ')}] it reaches from item ${low} to item ${high}, and \`data\` has ${items} items`,
    )
  }
}

function isComplex(dtype: DType): boolean {
  return dtype === 'complex64' || dtype === 'complex128'
}

function packed(shape: readonly number[]): number[] {
  const strides: number[] = new Array(shape.length).fill(1)
  for (let axis = shape.length - 2; axis >= 0; axis--)
    strides[axis] = (strides[axis + 1] as number) * (shape[axis + 1] as number)
  return strides
}

function isListOf(
  value: unknown,
  accepts: (number: number) => boolean,
): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && accepts(item))
}

function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (1024 + fraction) * 2 ** (exponent - 25)
}

function refuse(reason: string): never {
  throw new PythreadsError('ERR_PYTHREADS_ARGUMENT', `Invalid NdArray: ${reason}`)
}
