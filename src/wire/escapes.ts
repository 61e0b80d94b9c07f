import type { NaiveDates } from './values/python-date.ts'

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
