import { types } from 'node:util'
import { PythreadsError } from '../../errors/index.ts'

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
 * An immutable Python value for which JavaScript has no type: a `Decimal`, a `datetime` without a
 * zone, a `UUID`. It holds the text from which Python makes the same value again. It belongs to no
 * worker, and a program may construct it.
 *
 * @example
 * ```ts
 * const price = new PythonScalar('decimal.Decimal', '19.90')
 * String(await py.eval`${price} * 2`) // '39.80'
 * ```
 */
export class PythonScalar {
  /** Its type in Python. */
  readonly type: ScalarType
  /**
   * The text as Python's `str` or `isoformat` writes it. A timedelta is `P1DT2.000003S`, days and
   * seconds; a timedelta64 is `5[ns]`. Facts that `isoformat` leaves out follow in brackets:
   * `[fold=1]`, the key of the zone of a time, the unit of a datetime64.
   */
  readonly text: string

  /**
   * Makes a value for Python.
   *
   * @param type - The type in Python.
   * @param text - The value as a text; see {@link text}.
   * @throws `ERR_PYTHREADS_ARGUMENT` for an unknown type. Python checks the text when it gets the
   * value.
   */
  constructor(type: ScalarType, text: string) {
    if (!SCALAR_TYPES.includes(type) || typeof text !== 'string') {
      throw new PythreadsError(
        'ERR_PYTHREADS_ARGUMENT',
        `A PythonScalar takes one of the types ${SCALAR_TYPES.join(', ')}, and a text; got the type ${String(type)}`,
      )
    }
    this.type = type
    this.text = text
    Object.freeze(this)
  }

  /**
   * Writes the value as a text.
   *
   * @returns Its text.
   */
  toString(): string {
    return this.text
  }

  /**
   * Writes the value for `JSON.stringify`.
   *
   * @returns Its text.
   */
  toJSON(): string {
    return this.text
  }
}

/** Bytes that are a `bytes` object in Python. {@link Python.bytes} makes them. */
export class PythonBytes {
  /** A copy of the bytes that were passed to {@link Python.bytes}. */
  readonly bytes: Uint8Array

  /** @internal */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }
}

/** A number that is a float in Python, whole or not. {@link Python.float} makes it. */
export class PythonFloat {
  /** The number. */
  readonly value: number

  /** @internal */
  constructor(value: number) {
    this.value = value
  }

  /**
   * Writes the number for `JSON.stringify`.
   *
   * @returns The number.
   */
  toJSON(): number {
    return this.value
  }
}

/** Marks a number as a float of Python. @throws `ERR_PYTHREADS_ARGUMENT` when it is no number */
export function toFloat(value: number): PythonFloat {
  if (typeof value === 'number') return new PythonFloat(value)
  throw new PythreadsError(
    'ERR_PYTHREADS_ARGUMENT',
    `float takes a number; got a value of type ${typeof value}`,
  )
}

/** Copies bytes for Python. @throws `ERR_PYTHREADS_ARGUMENT` when the value holds no bytes */
export function toBytes(value: Uint8Array | ArrayBuffer): PythonBytes {
  if (types.isUint8Array(value) || types.isArrayBuffer(value))
    return new PythonBytes(new Uint8Array(value))
  throw new PythreadsError(
    'ERR_PYTHREADS_ARGUMENT',
    `bytes takes a Uint8Array or an ArrayBuffer; got a value of type ${typeof value}`,
  )
}
