import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'

/** One flag of a command: its notation, its help, and its parser. */
export interface Flag<T> {
  /** In commander's notation, e.g. `--workers <n>`. */
  readonly flags: string
  readonly description: string
  readonly parse?: (text: string) => Exclude<T, undefined>
  readonly choices?: readonly string[]
  readonly default?: T
  /** Whether the flag can be given several times; its value is then a list. */
  readonly isRepeated?: boolean
  /** The keys of the flags that cannot be combined with this one. */
  readonly conflicts?: string | string[]
  /** Another notation of the same flag, which the help does not list. */
  readonly alias?: string
}

/** The flags of a command by the keys of its options. A missing flag is a compiler error. */
export type Flags<T> = { readonly [K in keyof T]-?: Flag<T[K]> }

/** Adds flags to a command. */
export function addFlags<T>(command: Command, flags: Flags<T>): void {
  for (const flag of Object.values<Flag<unknown>>(flags)) {
    const made = option(flag.flags, flag)
    command.addOption(made)
    // Not by commander's `default`: the help would say `(default: false)` for every switch.
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

/** Parses `500ms`, `1.5s`, `2m` or `1h` into whole milliseconds. */
export function duration(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? []
  if (amount === undefined || unit === undefined)
    throw new InvalidArgumentError('Give a number and a unit: 500ms, 1s, 2m, 1h.')
  const ms = Math.round(Number(amount) * (UNITS[unit] as number))
  if (ms < 1 || ms > MAX_MS) throw new InvalidArgumentError('Give a time from 1ms to 596h.')
  return ms
}

const MAX_COUNT = 2 ** 31 - 1

/** A parser of a whole number from 1 to `most`. */
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

/** Parses `a,b,c`. */
export function names(text: string): string[] {
  return text.split(',').filter((name) => name !== '')
}

/** Parses the path of an existing folder. */
export function folder(text: string): string[] {
  if (statSync(text, { throwIfNoEntry: false })?.isDirectory() === true) return [resolve(text)]
  throw new InvalidArgumentError('There is no such folder.')
}

/** A parser of a JSON array or object, which stays a text; `-` means standard input. */
export function json(kind: 'array' | 'object'): (text: string) => string {
  return (text) => {
    const wrong = text === '-' ? undefined : notJson(text, kind)
    if (wrong !== undefined) throw new InvalidArgumentError(wrong)
    return text
  }
}

/**
 * Says what is wrong with the text of a JSON array or object; `undefined`: nothing. The text may be
 * a template ({@link JsonTemplate}).
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

/** JSON in which `$thread`, `$worker` and `$call`, with or without quotes, stand for numbers. */
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
