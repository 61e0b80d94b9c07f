import { type Command, InvalidArgumentError, Option } from 'commander'

/** One flag of a command: how it is written, what it says in the help, and how its text becomes a value. */
export interface Flag<T> {
  /** As commander has it, e.g. `--workers <n>`. */
  readonly flags: string
  readonly description: string
  readonly parse?: (text: string) => Exclude<T, undefined>
  readonly choices?: readonly string[]
  readonly default?: T
  /** The option that cannot be given together with this one. */
  readonly conflicts?: string
  /** Another name for the same flag, hidden from the list but named in the description. */
  readonly alias?: string
}

/** A command's flags, from the type of its options: one that is missing here does not compile. */
export type Flags<T> = { readonly [K in keyof T]-?: Flag<T[K]> }

/** Adds flags to a command. */
export function addFlags<T>(command: Command, flags: Flags<T>): void {
  for (const flag of Object.values<Flag<unknown>>(flags)) {
    command.addOption(option(flag.flags, flag))
    if (flag.alias !== undefined) command.addOption(option(flag.alias, { ...flag, default: undefined }).hideHelp())
  }
}

function option(text: string, flag: Flag<unknown>): Option {
  const made = new Option(text, flag.description)
  if (flag.parse !== undefined) made.argParser(flag.parse)
  if (flag.choices !== undefined) made.choices(flag.choices)
  if (flag.conflicts !== undefined) made.conflicts(flag.conflicts)
  if (flag.default !== undefined) made.default(flag.default)
  return made
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** `500ms`, `1.5s`, `2m`, `1h` as milliseconds. */
export function duration(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? []
  if (amount === undefined || unit === undefined) throw new InvalidArgumentError('Give a number and a unit: 500ms, 1s, 2m, 1h.')
  return Number(amount) * (UNITS[unit] as number)
}

export function count(text: string): number {
  if (!/^\d+$/.test(text) || Number(text) < 1) throw new InvalidArgumentError('Give a whole number from 1.')
  return Number(text)
}

/** `a,b,c`. */
export function names(text: string): string[] {
  return text.split(',').filter((name) => name !== '')
}

/** A kind of JSON value, with `$worker` and `$call` in it. */
export function json(kind: 'array' | 'object'): (text: string) => JsonTemplate {
  return (text) => {
    const template = new JsonTemplate(text)
    let value: unknown
    try {
      value = template.fill(0, 0)
    } catch (error) {
      throw new InvalidArgumentError(`It is not JSON: ${(error as Error).message}`)
    }
    const fits = kind === 'array' ? Array.isArray(value) : typeof value === 'object' && value !== null && !Array.isArray(value)
    if (!fits) throw new InvalidArgumentError(`Give a JSON ${kind}.`)
    return template
  }
}

/** JSON in which `$worker` and `$call` stand for numbers, with or without quotes around them. */
export class JsonTemplate {
  readonly #text: string
  readonly #fixed: boolean

  constructor(text: string) {
    this.#text = text
    this.#fixed = !/\$(worker|call)\b/.test(text)
  }

  fill(worker: number, call: number): unknown {
    if (this.#fixed) return JSON.parse(this.#text)
    const values = { worker, call }
    const put = (_: string, name: 'worker' | 'call') => String(values[name])
    return JSON.parse(this.#text.replace(/"\$(worker|call)"/g, put).replace(/\$(worker|call)\b/g, put))
  }
}
