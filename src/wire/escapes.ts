import type { NaiveDates } from './python-date.ts'

/**
 * What marshal cannot hold crosses as an escape: a tuple of Ellipsis, one of these codes, and what
 * the code needs. No other tuple begins with Ellipsis. The kernel's `escapes.py` holds the same
 * table, with what each code carries.
 */
export const ESCAPE = {
  NODE: 0,
  DEEP: 1,
  DATE: 2,
  SCALAR: 3,
  ARRAY: 4,
  MAP: 5,
  SET: 6,
  OBJECT: 7,
  FUNCTION: 8,
  ITERATOR: 9,
  TARGET: 10,
  SHARED: 11,
  NDARRAY: 12,
  FRAME: 13,
  TABLE: 14,
} as const

/**
 * What the kernel says of an object that crosses as a reference; the bits of an `OBJECT` escape.
 */
export const TRAIT = {
  CALLABLE: 1,
  ITERABLE: 2,
  ASYNC_ITERABLE: 4,
  ITERATOR_ITSELF: 8,
  CONTEXT: 16,
  ASYNC_CONTEXT: 32,
  GENERATOR: 64,
} as const

/** The fields of an escape, its code first. */
export type Escape = readonly (number | string | boolean)[]

/** Finds what stands for values that are not copied to Python. Made for one frame. */
export interface References {
  /**
   * The escape of a value, `undefined` where it has none. Throws what is wrong with it, as a text.
   */
  of(value: object): Escape | undefined
  /** Lends the bytes of an array; `undefined` where they are to be copied. */
  lend(bytes: Uint8Array): Loan | undefined
}

/**
 * Memory that the other side sees: its size, where it is, and where it is noted that nobody needs
 * it any more.
 */
export type Loan = readonly [size: number, position: number, space: number, cell: number]

/** Finds what values from Python that were not copied are in JavaScript. */
export interface Reviver {
  /** What a datetime without a zone is. Default: `'exact'`. */
  readonly naiveDates?: NaiveDates
  /** An object that stays in Python. */
  object(id: number, type: string, traits: number): unknown
  /** A value of this side that comes home. */
  local(id: number): unknown
  /** The memory of a loan, which is over when the buffer is collected. */
  memory(loan: Loan): ArrayBuffer
  /**
   * Reads the memory of a loan, which is over then. `mayChange`: a worker process can write there
   * meanwhile.
   */
  read<T>(loan: Loan, use: (bytes: ArrayBuffer, mayChange: boolean) => T): T
}

type ArrayKind =
  | Uint8ArrayConstructor
  | Int8ArrayConstructor
  | Int16ArrayConstructor
  | Uint16ArrayConstructor
  | Int32ArrayConstructor
  | Uint32ArrayConstructor
  | BigInt64ArrayConstructor
  | BigUint64ArrayConstructor
  | Float32ArrayConstructor
  | Float64ArrayConstructor

/**
 * Typed arrays by the format of their items, as Python's `struct` module names it. From Python,
 * bytes (`B`) need no escape.
 */
export const ARRAY_KINDS: ReadonlyMap<string, ArrayKind> = new Map<string, ArrayKind>([
  ['B', Uint8Array],
  ['b', Int8Array],
  ['h', Int16Array],
  ['H', Uint16Array],
  ['i', Int32Array],
  ['I', Uint32Array],
  ['q', BigInt64Array],
  ['Q', BigUint64Array],
  ['f', Float32Array],
  ['d', Float64Array],
])

const FORMATS = new Map<string, string>([
  ...Array.from(ARRAY_KINDS, ([format, kind]) => [kind.name, format] as const),
  ['Uint8ClampedArray', 'B'],
])
/** The name of a typed array's class, whatever a subclass says; `undefined` for a DataView. */
const kindOf = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
)?.get as (this: ArrayBufferView) => string | undefined

/**
 * The format of a typed array's items, `B` for bytes of any kind; `undefined` where Python has no
 * such items.
 */
export function formatOf(value: ArrayBufferView): string | undefined {
  const kind = kindOf.call(value)
  return kind === undefined ? 'B' : FORMATS.get(kind)
}
