import { types } from 'node:util'
import { PythreadsError } from '../../errors/index.ts'
import { PythonScalar } from './scalar.ts'

/**
 * Maps and Sets from Python know what they are in JSON: `JSON.stringify` would write `{}`. The
 * function is a property of their own that does not show: with a class of ours they would not be
 * equal to a Map or a Set with the same contents.
 */
export function newMap(entries?: Iterable<readonly [unknown, unknown]>): Map<unknown, unknown> {
  return Object.defineProperty(new Map(entries), 'toJSON', MAP)
}

export function newSet(members?: Iterable<unknown>): Set<unknown> {
  return Object.defineProperty(new Set(members), 'toJSON', SET)
}

const MAP: PropertyDescriptor = { value: mapToJson, writable: true, configurable: true }
const SET: PropertyDescriptor = { value: setToJson, writable: true, configurable: true }

/**
 * An object: keys are texts in JSON, as Python's `json` writes them. Refuses those that are none,
 * and those that are the same text.
 */
function mapToJson(this: Map<unknown, unknown>, place?: unknown): Record<string, unknown> {
  const object: Record<string, unknown> = {}
  for (const [key, value] of this) {
    const name = textOf(key)
    if (name === undefined) refuseJson('a Map with a key that is no text in JSON', place)
    if (Object.hasOwn(object, name))
      refuseJson(`a Map with several keys that are ${JSON.stringify(name)} in JSON`, place)
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
 * Refuses the JSON of something. `place`: the key that `JSON.stringify` gives its `toJSON`; `why`
 * stands behind the sentence.
 */
export function refuseJson(what: string, place: unknown, why = ''): never {
  const path = typeof place === 'string' && place !== '' ? place : undefined
  const where = path === undefined ? '' : ` under ${JSON.stringify(path)}`
  const message = `${what}${where} cannot be written as JSON${why}`
  throw new PythreadsError('ERR_PYTHREADS_JSON', message, path === undefined ? {} : { path })
}
