import { formatOf } from './escapes.ts'
import { PythonFloat, PythonScalar } from './scalar.ts'

/** A Map or a Set. */
export interface KeyHolder {
  keys(): Iterable<unknown>
}

/**
 * Finds two keys of a Map or a Set that JavaScript tells apart and Python does not: 1, 1n and true; null and undefined; two
 * arrays, Sets or byte arrays with equal contents. The keys must be hashable in Python and not cyclic.
 */
export function equalInPython(holder: KeyHolder): readonly [unknown, unknown] | undefined {
  if (plain(holder.keys())) return undefined
  const seen = new Map<string, unknown>()
  for (const key of holder.keys()) {
    const text = canonical(key)
    if (seen.has(text)) return [seen.get(text), key]
    seen.set(text, key)
  }
  return undefined
}

/** Strings and numbers are as distinct in Python as they are in JavaScript. */
function plain(keys: Iterable<unknown>): boolean {
  for (const key of keys) if (typeof key !== 'string' && typeof key !== 'number') return false
  return true
}

/** A text that is the same for keys that are equal in Python. */
function canonical(key: unknown): string {
  if (key === null || key === undefined) return 'None'
  if (typeof key === 'string') return JSON.stringify(key)
  if (typeof key === 'boolean') return key ? '1' : '0'
  if (typeof key === 'number') return Number.isInteger(key) ? String(BigInt(key)) : Number.isNaN(key) ? unique() : String(key)
  if (Array.isArray(key)) return `(${Array.from(key, canonical).join()})`
  if (key instanceof Set) return `{${Array.from(key, canonical).sort().join()}}`
  if (key instanceof PythonFloat) return canonical(key.value)
  if (typeof key === 'bigint') return String(key)
  // Of the rest only Python knows, which refuses it when it comes to that.
  if (key instanceof Date) return `date${key.getTime()}`
  if (key instanceof PythonScalar) return `${key.type} ${key.text}`
  const bytes = bytesOf(key)
  return bytes === undefined ? unique() : `b${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`
}

/** The bytes of what is bytes in Python. */
function bytesOf(key: unknown): ArrayBufferView | undefined {
  if (key instanceof ArrayBuffer || key instanceof SharedArrayBuffer) return new Uint8Array(key)
  return ArrayBuffer.isView(key) && formatOf(key) === 'B' ? key : undefined
}

let uniques = 0

/** What is equal to nothing else, as a NaN is. */
function unique(): string {
  return `unique${uniques++}`
}
