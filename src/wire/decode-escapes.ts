import { ESCAPE, type Loan, type Reviver } from './escapes.ts'
import { malformed } from './marshal/malformed.ts'
import { type DType, NdArray } from './values/ndarray.ts'
import { naiveDate, type PythonDate, pythonDate } from './values/python-date.ts'
import { PythonScalar, type ScalarType } from './values/scalar.ts'
import { ARRAY_KINDS } from './values/typed-arrays.ts'

/** Makes a value of the fields of an escape. `reviver` finds values that were not copied. */
type ReadEscape = (fields: readonly unknown[], reviver: Reviver | undefined) => unknown

/**
 * The functions, by the code of the escape. A new value type of Python is a row here. The decoder
 * itself reads the escapes of collections, chunks and lent payloads.
 */
const READERS: Readonly<Record<number, ReadEscape | undefined>> = {
  [ESCAPE.DATE]: (fields) => {
    const [first] = fields
    if (typeof first !== 'number') return misfit(fields)
    return fields.length === 1 ? new Date(first) : toDate(fields)
  },
  [ESCAPE.SCALAR]: (fields, reviver) => {
    const [type, text] = fields
    if (fields.length !== 2 || typeof type !== 'string' || typeof text !== 'string')
      return misfit(fields)
    return toScalar(type as ScalarType, text, reviver)
  },
  [ESCAPE.ARRAY]: (fields) => {
    const [format, bytes] = fields
    if (fields.length !== 2 || !(bytes instanceof Uint8Array)) return misfit(fields)
    return toTypedArray(format, bytes)
  },
  [ESCAPE.SHARED]: (fields, reviver) => {
    if (!isLoan(fields)) return misfit(fields)
    return new Uint8Array(revive(reviver).memory(fields))
  },
  [ESCAPE.NDARRAY]: (fields) => {
    const [dtype, shape, strides, format, bytes] = fields
    if (!(bytes instanceof Uint8Array)) return misfit(fields)
    const data = toTypedArray(format, bytes)
    return toNdArray(dtype as DType, shape as number[], strides as number[], data)
  },
  [ESCAPE.FUNCTION]: (fields, reviver) => {
    const [id] = fields
    if (fields.length !== 1 || typeof id !== 'number') return misfit(fields)
    return revive(reviver).local(id)
  },
  [ESCAPE.OBJECT]: (fields, reviver) => {
    const [id, type, traits] = fields
    if (typeof id !== 'number' || typeof type !== 'string' || typeof traits !== 'number')
      return misfit(fields)
    return revive(reviver).object(id, type, traits)
  },
}

/** The value of an escape. */
export function readEscape(
  code: unknown,
  fields: readonly unknown[],
  reviver: Reviver | undefined,
): unknown {
  const read = typeof code === 'number' ? READERS[code] : undefined
  return read === undefined ? misfit(fields) : read(fields, reviver)
}

function misfit(fields: readonly unknown[]): never {
  return malformed(`an escape of ${fields.length} fields that is none`)
}

export function isLoan(values: readonly unknown[]): values is Loan {
  return values.length === 4 && values.every((value) => typeof value === 'number')
}

export function revive(reviver: Reviver | undefined): Reviver {
  return reviver ?? malformed('a reference where there can be none')
}

function toScalar(
  type: ScalarType,
  text: string,
  reviver: Reviver | undefined,
): PythonScalar | PythonDate {
  const { naiveDates = 'exact' } = reviver ?? {}
  const date =
    naiveDates !== 'exact' && type === 'datetime.datetime' ? naiveDate(text, naiveDates) : undefined
  if (date !== undefined) return date
  try {
    return new PythonScalar(type, text)
  } catch {
    return malformed('a scalar of an unknown type')
  }
}

function toDate([milliseconds, nanoseconds, offset, zone, fold]: readonly unknown[]): PythonDate {
  const isWhole = (value: unknown): value is number => Number.isSafeInteger(value)
  if (
    !isWhole(milliseconds) ||
    !isWhole(nanoseconds) ||
    !isWhole(offset) ||
    typeof zone !== 'string' ||
    !isWhole(fold)
  ) {
    malformed('a date whose parts do not go together')
  }
  return pythonDate(milliseconds, { nanoseconds, offset, zone, fold })
}

function toTypedArray(format: unknown, bytes: Uint8Array): ArrayBufferView {
  const Kind = typeof format === 'string' ? ARRAY_KINDS.get(format) : undefined
  if (Kind === undefined || bytes.byteLength % Kind.BYTES_PER_ELEMENT !== 0)
    malformed('a bad array')
  return new Kind(bytes.buffer as ArrayBuffer)
}

function toNdArray(
  dtype: DType,
  shape: number[],
  strides: number[],
  data: ArrayBufferView,
): NdArray {
  try {
    if (typeof dtype !== 'string' || !isPlainShape(shape, data.byteLength))
      malformed('an array with more items than its data')
    return new NdArray({ dtype, shape, strides, data: data as Float64Array })
  } catch {
    return malformed('an array whose parts do not go together')
  }
}

/** How many lists an array of no items may be. */
const MOST_EMPTY_LISTS = 2 ** 24

/**
 * Whether the lists that an array would be in JavaScript are in proportion to its bytes: it has no
 * items that overlap.
 */
function isPlainShape(shape: readonly number[], bytes: number): boolean {
  let lists = 1
  if (!Array.isArray(shape) || !shape.every(Number.isSafeInteger)) return false
  for (const length of shape) {
    if (length === 0) return lists <= MOST_EMPTY_LISTS
    lists *= length
    if (lists > Math.max(bytes, MOST_EMPTY_LISTS)) return false
  }
  return lists <= Math.max(bytes, 1)
}
