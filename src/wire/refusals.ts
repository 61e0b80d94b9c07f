import { inspect, types } from 'node:util'
import { PythreadsError } from '../errors/index.ts'
import { PythonScalar } from './values/scalar.ts'

/** Stands in a decoded value for one that JavaScript cannot hold. */
export const REFUSED: unique symbol = Symbol('refused')

/** What was read of a value that is refused, why, and the keys that lead to the place in it. */
export interface Refused {
  readonly reason: string
  readonly value: unknown
  readonly keys: readonly unknown[]
}

const refusals = new WeakMap<Error, Refused>()

/** What was read of the value that an error refuses. */
export function refusedValue(error: Error): Refused | undefined {
  return refusals.get(error)
}

/**
 * The error for a value in which `culprit` cannot be held. All of the value has been read
 * nevertheless: its objects would be held in Python, and its memory lent, for good.
 */
export function refusal(
  reason: string,
  value: unknown,
  culprit: unknown,
  cause?: unknown,
): PythreadsError {
  const keys = keysOf(value, culprit)
  const options = cause === undefined ? {} : { cause }
  const path = pathOf('value', keys)
  const error = new PythreadsError('ERR_PYTHREADS_VALUE', `A value from Python ${reason}`, {
    ...options,
    path,
  })
  refusals.set(error, { reason, value, keys })
  return error
}

/** How long a path is, and a key in it: many levels may have one long key. */
const MOST_OF_PATH = 10_000
const MOST_OF_KEY = 200

/** The path that errors name: `args[0]["a"]`. */
export function pathOf(name: string, keys: readonly unknown[]): string {
  let path = name
  for (const key of keys) {
    if (path.length > MOST_OF_PATH) return `${path}...`
    path += `[${shown(key)}]`
  }
  return path
}

/** A key of any type. As a text, an array that is in itself many times over would have no end. */
function shown(key: unknown): string {
  if (typeof key === 'string')
    return JSON.stringify(key.length > MOST_OF_KEY ? `${key.slice(0, MOST_OF_KEY)}...` : key)
  if (typeof key !== 'object' || key === null) return String(key).slice(0, MOST_OF_KEY)
  if (Array.isArray(key))
    return key.some(isObject) ? inspect(key, SHORTLY) : String(key).slice(0, MOST_OF_KEY)
  return key instanceof Date || key instanceof PythonScalar
    ? String(key)
    : Object.prototype.toString.call(key)
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

const SHORTLY = {
  depth: 1,
  maxArrayLength: 10,
  maxStringLength: MOST_OF_KEY,
  breakLength: Number.POSITIVE_INFINITY,
}

interface Step {
  readonly item: unknown
  readonly key: unknown
  readonly parent: Step | undefined
}

/**
 * The keys that lead to the first place of `wanted` in `root`, which may be nested deeply, or
 * cyclic.
 */
function keysOf(root: unknown, wanted: unknown): readonly unknown[] {
  const seen = new Set<unknown>()
  const open: Step[] = [{ item: root, key: undefined, parent: undefined }]
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    if (step.item === wanted) return keysTo(step)
    if (typeof step.item !== 'object' || step.item === null || seen.has(step.item)) continue
    seen.add(step.item)
    const steps: Step[] = []
    for (const [key, item] of entriesOf(step.item)) steps.push({ item, key, parent: step })
    for (let next = steps.pop(); next !== undefined; next = steps.pop()) open.push(next)
  }
  return []
}

function keysTo(step: Step): readonly unknown[] {
  const keys: unknown[] = []
  for (let at = step; at.parent !== undefined; at = at.parent) keys.push(at.key)
  return keys.reverse()
}

function entriesOf(value: object): Iterable<readonly [key: unknown, item: unknown]> {
  if (types.isProxy(value)) return []
  if (Array.isArray(value)) return value.entries()
  if (value instanceof Map) return mapEntries(value)
  if (value instanceof Set) return Array.from(value, (item, index) => [index, item] as const)
  return Object.getPrototypeOf(value) === Object.prototype ? Object.entries(value) : []
}

/** A culprit may be a key. */
function* mapEntries(map: ReadonlyMap<unknown, unknown>): Iterable<readonly [unknown, unknown]> {
  for (const [key, item] of map) {
    yield [key, key]
    yield [key, item]
  }
}
