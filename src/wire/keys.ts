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
  if (typeof key === 'number') return Number.isInteger(key) ? String(BigInt(key)) : Number.isNaN(key) ? nan() : String(key)
  if (Array.isArray(key)) return `(${Array.from(key, canonical).join()})`
  if (key instanceof Set) return `{${Array.from(key, canonical).sort().join()}}`
  return typeof key === 'object' ? `b${Buffer.from(key as Uint8Array).toString('hex')}` : String(key)
}

let nans = 0

/** No NaN is equal to another. */
function nan(): string {
  return `nan${nans++}`
}
