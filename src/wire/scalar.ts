import { PythreadsError } from '../errors/index.ts'

/** The types of {@link PythonScalar}, as Python names them. */
export const SCALAR_TYPES = [
  'complex',
  'datetime.datetime',
  'datetime.date',
  'datetime.time',
  'datetime.timedelta',
  'decimal.Decimal',
  'fractions.Fraction',
  'uuid.UUID',
  'pathlib.PosixPath',
  'pathlib.WindowsPath',
  'pathlib.PurePosixPath',
  'pathlib.PureWindowsPath',
  'numpy.datetime64',
  'numpy.timedelta64',
] as const

/** The type of a {@link PythonScalar}. */
export type ScalarType = (typeof SCALAR_TYPES)[number]

/**
 * An immutable Python value with no equal in JavaScript, kept as the text from which Python makes the same value again:
 * a `Decimal`, a naive `datetime`, a `UUID`. It belongs to no worker, and may be made in JavaScript.
 *
 * @example
 * ```ts
 * const price = new PythonScalar('decimal.Decimal', '19.90')
 * String(await py.eval`${price} * 2`) // '39.80'
 * ```
 */
export class PythonScalar {
  readonly type: ScalarType
  /**
   * As Python's `str` or `isoformat` writes it; a timedelta as `P1DT2.000003S`, days and seconds; a timedelta64 as `5[ns]`. What the text
   * does not say stands behind it: `[fold=1]`, the key of a time's zone, the unit of a datetime64.
   */
  readonly text: string

  /** @throws `ERR_PYTHREADS_ARGUMENT` for an unknown type; whether the text is one of the type, Python says when it gets it. */
  constructor(type: ScalarType, text: string) {
    if (!SCALAR_TYPES.includes(type) || typeof text !== 'string') {
      throw new PythreadsError(
        'ERR_PYTHREADS_ARGUMENT',
        `A PythonScalar has a text and one of the types ${SCALAR_TYPES.join(', ')}; got ${String(type)}`,
      )
    }
    this.type = type
    this.text = text
    Object.freeze(this)
  }

  toString(): string {
    return this.text
  }

  toJSON(): string {
    return this.text
  }
}

/** Bytes that are a `bytes` object in Python: a copy of them. Made by {@link Python.bytes}. */
export class PythonBytes {
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }
}

/** A number that is a float in Python, whole or not. Made by {@link Python.float}. */
export class PythonFloat {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }

  toJSON(): number {
    return this.value
  }
}
