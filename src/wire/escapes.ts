import type { NaiveDates } from './values/python-date.ts'

/**
 * The codes of escapes. A value that marshal cannot represent is sent as an escape: a tuple of
 * Ellipsis, a code, and the fields of that code. No other tuple begins with Ellipsis. The kernel's
 * `escapes.py` has the same table, and lists the fields of each code.
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

/** Bits of an `OBJECT` escape: the abilities of an object that is sent as a reference. */
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

/** The references in one frame to Python. The encoder asks it for values that are not copied. */
export interface References {
  /**
   * The escape of a value; `undefined` for a value without one. Throws an error when the value
   * cannot be sent.
   */
  of(value: object): Escape | undefined
  /** Lends the bytes of an array; `undefined` when they are to be copied. */
  lend(bytes: Uint8Array): Loan | undefined
}

/**
 * Memory that the other side sees. `segment` and `flag` locate the byte that the other side sets
 * when it has dropped the memory.
 */
export type Loan = readonly [size: number, position: number, segment: number, flag: number]

/** Makes JavaScript values of the references in frames from Python. */
export interface Reviver {
  /** How a datetime without a zone is represented. Default: `'exact'`. */
  readonly naiveDates?: NaiveDates
  /** A remote object for an object that stays in Python. */
  object(id: number, type: string, traits: number): unknown
  /** The JavaScript value that Python sends back. */
  local(id: number): unknown
  /** A view of a loan's memory; the loan ends when the buffer is collected. */
  memory(loan: Loan): ArrayBuffer
  /**
   * Reads the memory of a loan, and ends the loan. `mayChange`: a worker process can write to the
   * memory during the read.
   */
  read<T>(loan: Loan, use: (bytes: ArrayBuffer, mayChange: boolean) => T): T
}
