import { types } from 'node:util'
import { timeOf, valuesOf } from './values/intrinsics.ts'
import { datePartsOf } from './values/python-date.ts'
import { PythonBytes, PythonFloat, PythonScalar } from './values/scalar.ts'
import { formatOf } from './values/typed-arrays.ts'

/**
 * Finds two keys that JavaScript tells apart and Python does not: 1, 1n and true; null and
 * undefined; two arrays, Sets or byte arrays with equal contents. The keys must be hashable in
 * Python and not cyclic. Keys that cross by an escape are compared by Python, too: only Python
 * knows whether two Decimals are equal.
 */
export function equalInPython(keys: Iterable<unknown>): readonly [unknown, unknown] | undefined {
  const seen = new Map<string, unknown>()
  for (const key of keys) {
    const text = canonical(key)
    if (seen.has(text)) return [seen.get(text), key]
    seen.set(text, key)
  }
  return undefined
}

/** Whether a key is as distinct in Python as it is in JavaScript. */
export function isDistinct(key: unknown): boolean {
  return typeof key === 'string' || typeof key === 'number'
}

/** A text that is the same for keys that are equal in Python. */
function canonical(key: unknown): string {
  if (key === null || key === undefined) return 'None'
  if (typeof key === 'string') return JSON.stringify(key)
  if (typeof key === 'boolean') return key ? '1' : '0'
  if (typeof key === 'number')
    return Number.isInteger(key) ? String(BigInt(key)) : Number.isNaN(key) ? unique() : String(key)
  if (Array.isArray(key)) return `(${Array.from(key, canonical).join()})`
  if (typeof key === 'bigint') return String(key)
  if (key instanceof Date || types.isDate(key)) return canonicalDate(key)
  if (key instanceof Set || types.isSet(key))
    return `{${Array.from(valuesOf(key), canonical).sort().join()}}`
  if (key instanceof PythonFloat) return canonical(key.value)
  if (key instanceof PythonScalar)
    return isNaNScalar(key) ? unique() : `${key.type} ${JSON.stringify(key.text)}`
  const bytes = bytesOf(key)
  return bytes === undefined
    ? unique()
    : `b${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`
}

/** Two moments are equal whatever their zones are; without a zone, two times on the clock. */
function canonicalDate(key: Date): string {
  const exact = datePartsOf(key)
  if (exact === undefined) return `date${timeOf(key)}`
  const [milliseconds, { nanoseconds, offset }] = exact
  return `${offset === null ? 'naive' : 'date'}${milliseconds}${nanoseconds === 0 ? '' : ` ${nanoseconds}`}`
}

/** A number that is not even equal to itself. */
function isNaNScalar({ type, text }: PythonScalar): boolean {
  return (type === 'decimal.Decimal' || type === 'complex') && /nan/i.test(text)
}

/** The bytes of what is bytes in Python. */
function bytesOf(key: unknown): ArrayBufferView | undefined {
  if (key instanceof PythonBytes) return key.bytes
  if (types.isAnyArrayBuffer(key)) return new Uint8Array(key)
  return ArrayBuffer.isView(key) && formatOf(key) === 'B' ? key : undefined
}

let uniques = 0

/** The key of a value that is equal to no other, such as a NaN. */
function unique(): string {
  return `unique${uniques++}`
}

/** Whether a key may be an index, which JavaScript objects move before other keys. */
export function startsWithDigit(key: string): boolean {
  const unit = key.charCodeAt(0)
  return unit >= 0x30 && unit <= 0x39
}
