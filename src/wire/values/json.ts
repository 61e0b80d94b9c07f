import { types } from 'node:util'
import { PythreadsError } from '../../errors/index.ts'
import { PythonScalar } from './scalar.ts'

/**
 * Makes the Maps for dicts from Python. They have a `toJSON` method, as `JSON.stringify` writes
 * `{}` for a plain Map. The method is a hidden property of the object: a subclass of Map would not
 * be deeply equal to a Map with the same entries.
 */
export function newMap(entries?: Iterable<readonly [unknown, unknown]>): Map<unknown, unknown> {
  return Object.defineProperty(new Map(entries), 'toJSON', MAP)
}

/** Makes the Sets for sets from Python, with a `toJSON` like that of {@link newMap}. */
export function newSet(members?: Iterable<unknown>): Set<unknown> {
  return Object.defineProperty(new Set(members), 'toJSON', SET)
}

const MAP: PropertyDescriptor = { value: mapToJson, writable: true, configurable: true }
const SET: PropertyDescriptor = { value: setToJson, writable: true, configurable: true }

/**
 * Makes an object of a Map. Keys become strings, as in Python's `json`; a key without a string form
 * is refused, and so are two keys with the same string.
 */
function mapToJson(this: Map<unknown, unknown>, place?: unknown): Record<string, unknown> {
  const object: Record<string, unknown> = {}
  for (const [key, value] of this) {
    const name = textOf(key)
    if (name === undefined) refuseJson('a Map with a key that JSON cannot write as a string', place)
    if (Object.hasOwn(object, name))
      refuseJson(`a Map with several keys that JSON writes as ${JSON.stringify(name)}`, place)
    Object.defineProperty(object, name, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    })
  }
  return object
}

function setToJson(this: Set<unknown>): unknown[] {
  return [...this]
}

function textOf(key: unknown): string | undefined {
  if (typeof key !== 'object' || key === null)
    return typeof key === 'function' ? undefined : String(key)
  if (types.isProxy(key)) return undefined
  if (key instanceof Date) return key.toISOString()
  return key instanceof PythonScalar ? key.text : undefined
}

/**
 * Throws the error of a value that has no JSON. `place`: the key that `JSON.stringify` passes to
 * `toJSON`. `why`: the end of the sentence.
 */
export function refuseJson(what: string, place: unknown, why = ''): never {
  const path = typeof place === 'string' && place !== '' ? place : undefined
  const where = path === undefined ? '' : ` under ${JSON.stringify(path)}`
  const message = `${what}${where} cannot be written as JSON${why}`
  throw new PythreadsError('ERR_PYTHREADS_JSON', message, path === undefined ? {} : { path })
}
