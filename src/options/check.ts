import type { Writable } from 'node:stream'
import { PythreadsError } from '../errors/index.ts'
import { isRecord } from '../own.ts'
import type { KeywordValues } from './options.ts'

/**
 * Throws `ERR_PYTHREADS_OPTION` unless `ok`: what was expected, for which option, and what came.
 */
export function check(ok: boolean, name: string, expected: string, value: unknown): asserts ok {
  if (!ok)
    throw new PythreadsError(
      'ERR_PYTHREADS_OPTION',
      `The option \`${name}\` must be ${expected}; got ${show(value)}`,
    )
}

/**
 * Whether it can be keyword arguments: an object whose properties are its contents, which those of
 * an array or a `Map` are not.
 */
export function isKeywordValues(value: unknown): value is KeywordValues {
  return isRecord(value) && !(Symbol.iterator in value)
}

/** Whether it is an `AbortSignal`, of this realm or another one. */
export function isSignal(value: unknown): value is AbortSignal {
  return has(value, {
    aborted: 'boolean',
    addEventListener: 'function',
    removeEventListener: 'function',
  })
}

/** Whether it is a stream to write to, of Node or of a package like it. */
export function isWritable(value: unknown): value is Writable {
  return has(value, { write: 'function', end: 'function', on: 'function' })
}

/** Whether it is a `URL`, of this realm or another one. */
export function isUrl(value: unknown): value is URL {
  return has(value, { href: 'string', protocol: 'string', pathname: 'string' })
}

/**
 * By its properties, as `instanceof` says no for what comes from a vm context or another package.
 */
function has(
  value: unknown,
  properties: Readonly<Record<string, 'boolean' | 'function' | 'string'>>,
): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(properties).every(
    ([name, type]) => typeof Reflect.get(value, name) === type,
  )
}

/** The longest time that a timer can wait. */
export const MAX_MS: number = 2 ** 31 - 1

/** The names of options, each without a value. */
export type Unset<K extends string> = Readonly<Record<K, undefined>>

export function unset<const K extends string>(keys: readonly K[]): Unset<K> {
  return Object.freeze(Object.fromEntries(keys.map((key) => [key, undefined]))) as Unset<K>
}

/**
 * The options that an object has itself, all others undefined: what `Object.prototype` has is no
 * option. Refuses those that do not exist, and suggests the one that was meant. `what` has the
 * options that `none` has; `name` is what they are called where they are an option themselves.
 *
 * @throws `ERR_PYTHREADS_UNKNOWN_OPTION`
 */
export function ownOptions<T extends object>(
  what: string,
  options: T,
  none: Unset<string>,
  name: string = 'options',
): T {
  check(isRecord(options), name, 'an object', options)
  for (const key of Object.keys(options)) {
    if (Object.hasOwn(none, key)) continue
    const keys = Object.keys(none)
    const near = keys.map((name) => ({
      name,
      distance: distance(key.toLowerCase(), name.toLowerCase()),
    }))
    const best = near.sort((a, b) => a.distance - b.distance)[0]
    const hint =
      best !== undefined && best.distance <= 3
        ? `did you mean \`${best.name}\`?`
        : `it knows ${keys.map((name) => `\`${name}\``).join(', ')}`
    throw new PythreadsError(
      'ERR_PYTHREADS_UNKNOWN_OPTION',
      `${what} has no option \`${key}\`: ${hint}`,
    )
  }
  return { ...none, ...(options as T) }
}

export function text(name: string, value: unknown): string {
  check(typeof value === 'string' && value !== '', name, 'a non-empty string', value)
  return value
}

export function integer(
  name: string,
  value: unknown,
  least: number,
  most: number,
  or = '',
): number {
  const ok =
    typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most
  // each call with options has some: a text would cost more
  if (!ok) check(ok, name, `${or}a whole number from ${least} to ${most}`, value)
  return value
}

export function oneOf<T extends string>(
  name: string,
  value: unknown,
  values: readonly T[],
  or = '',
): T {
  check(
    values.includes(value as T),
    name,
    `${or}one of ${values.map((one) => `'${one}'`).join(', ')}`,
    value,
  )
  return value as T
}

/** A time in milliseconds; `null`: no limit, `undefined`: nothing is said. */
export function duration(
  name: string,
  value: number | null | undefined,
): number | null | undefined {
  return value == null ? value : integer(name, value, 1, MAX_MS, 'null or ')
}

export function flag(name: string, value: boolean | undefined): boolean | undefined {
  check(value === undefined || typeof value === 'boolean', name, 'true or false', value)
  return value
}

/** An array of texts, and of whatever else `isOther` says may be in it. */
export function list<T>(
  name: string,
  value: readonly T[],
  what: string,
  isOther: (item: unknown) => boolean = () => false,
): readonly T[] {
  check(Array.isArray(value), name, `an array of ${what}`, value)
  for (const [i, item] of value.entries()) if (!isOther(item)) text(`${name}[${i}]`, item)
  return value
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number' || typeof value === 'boolean' || value == null) return String(value)
  return Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`
}

/** How many letters have to change to turn one word into the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replace = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replace, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    row = next
  }
  return row[b.length] as number
}
