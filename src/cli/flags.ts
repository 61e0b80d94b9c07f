import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'

/**
 * One flag of a command: how it is written, what it says in the help, and how its text becomes a
 * value.
 */
export interface Flag<T> {
  /** As commander has it, e.g. `--workers <n>`. */
  readonly flags: string
  readonly description: string
  readonly parse?: (text: string) => Exclude<T, undefined>
  readonly choices?: readonly string[]
  readonly default?: T
  /** It can be given several times; the value is a list of what is given. */
  readonly isRepeated?: boolean
  /** The options that cannot be given together with this one, as they are called in code. */
  readonly conflicts?: string | string[]
  /** Another name for the same flag, hidden from the list but named in the description. */
  readonly alias?: string
}

/** A command's flags, from the type of its options: one that is missing here does not compile. */
export type Flags<T> = { readonly [K in keyof T]-?: Flag<T[K]> }

/** Adds flags to a command. */
export function addFlags<T>(command: Command, flags: Flags<T>): void {
  for (const flag of Object.values<Flag<unknown>>(flags)) {
    const made = option(flag.flags, flag)
    command.addOption(made)
    // Not the option's own default: the help would say `(default: false)` of each.
    if (flag.default === false)
      command.setOptionValueWithSource(made.attributeName(), false, 'default')
    if (flag.alias !== undefined)
      command.addOption(option(flag.alias, { ...flag, default: undefined }).hideHelp())
  }
}

function option(text: string, flag: Flag<unknown>): Option {
  const made = new Option(text, flag.description)
  const { parse } = flag
  if (flag.isRepeated === true) {
    made.argParser((value, before: unknown) => [
      ...((before as unknown[] | undefined) ?? []),
      ...((parse?.(value) ?? [value]) as unknown[]),
    ])
  } else if (parse !== undefined) {
    made.argParser(parse)
  }
  if (flag.choices !== undefined) made.choices(flag.choices)
  if (flag.conflicts !== undefined) made.conflicts(flag.conflicts)
  if (flag.default !== undefined && flag.default !== false) made.default(flag.default)
  return made
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** The longest time that a timer can wait. */
const MAX_MS = 2 ** 31 - 1

/** `500ms`, `1.5s`, `2m`, `1h` as whole milliseconds. */
export function duration(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? []
  if (amount === undefined || unit === undefined)
    throw new InvalidArgumentError('Give a number and a unit: 500ms, 1s, 2m, 1h.')
  const ms = Math.round(Number(amount) * (UNITS[unit] as number))
  if (ms < 1 || ms > MAX_MS) throw new InvalidArgumentError('Give a time from 1ms to 596h.')
  return ms
}

const MAX_COUNT = 2 ** 31 - 1

/** A whole number from 1 to `most`. */
export function upTo(most: number): (text: string) => number {
  return (text) => {
    const number = Number(text)
    if (!/^\d+$/.test(text) || number < 1 || number > most) {
      throw new InvalidArgumentError(`Give a whole number from 1 to ${most}.`)
    }
    return number
  }
}

export const count: (text: string) => number = upTo(MAX_COUNT)

/** `a,b,c`. */
export function names(text: string): string[] {
  return text.split(',').filter((name) => name !== '')
}

/** A folder that is there. */
export function folder(text: string): string[] {
  if (statSync(text, { throwIfNoEntry: false })?.isDirectory() === true) return [resolve(text)]
  throw new InvalidArgumentError('There is no such folder.')
}

/** The text of a JSON array or object; `-` stands for what standard input has. */
export function json(kind: 'array' | 'object'): (text: string) => string {
  return (text) => {
    const wrong = text === '-' ? undefined : notJson(text, kind)
    if (wrong !== undefined) throw new InvalidArgumentError(wrong)
    return text
  }
}

/**
 * What is wrong with a text that is to be a JSON array or object. `$thread` and its like may stand
 * in it for numbers.
 */
export function notJson(text: string, kind: 'array' | 'object'): string | undefined {
  let value: unknown
  try {
    value = JSON.parse(new JsonTemplate(text).fill(0, 0))
  } catch (error) {
    return `It is not JSON: ${(error as Error).message}`
  }
  const fits =
    kind === 'array'
      ? Array.isArray(value)
      : typeof value === 'object' && value !== null && !Array.isArray(value)
  return fits ? undefined : `Give a JSON ${kind}.`
}

/**
 * JSON in which `$thread` (or `$worker`) and `$call` stand for numbers, with or without quotes
 * around them.
 */
export class JsonTemplate {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  fill(thread: number, call: number): string {
    if (!this.text.includes('$')) return this.text
    const put = (_: string, name: string) => String(name === 'call' ? call : thread)
    return this.text
      .replace(/"\$(thread|worker|call)"/g, put)
      .replace(/\$(thread|worker|call)\b/g, put)
  }
}
