import { inspect } from 'node:util'
import { PythonError, raise } from '../../../src/errors/index.ts'

/** Faults of the host: what a hostile worker did to it that it must not be able to do. */
export class Faults {
  readonly #found = new Map<string, string>()

  /** `where`: the first case in which it was seen. */
  add(what: string, where: string): void {
    if (!this.#found.has(what)) this.#found.set(what, where)
  }

  get found(): readonly { readonly what: string; readonly where: string }[] {
    return Array.from(this.#found, ([what, where]) => ({ what, where }))
  }
}

/** What every object inherits, by which a program can be poisoned. */
const PROTOTYPES: readonly object[] = [
  ...[Object, Array, Function, String, Number, Boolean, Promise, Map, Set, Error, Date, RegExp, Uint8Array, ArrayBuffer],
].map(({ prototype }) => prototype as object)

function descriptors(): string {
  return inspect(
    PROTOTYPES.map((prototype) =>
      Reflect.ownKeys(prototype).map((key) => [key, Object.getOwnPropertyDescriptor(prototype, key)]),
    ),
    { depth: 4, maxArrayLength: null, showHidden: false },
  )
}

/** Tells whether anything was put into the prototypes of JavaScript, or changed there, since it was called. */
export function watchPrototypes(): () => boolean {
  const before = descriptors()
  return () => descriptors() !== before
}

/** Makes the stack that callers get. */
function raised(error: PythonError): void {
  try {
    raise(error)
  } catch {
    // what it is for
  }
}

/** Does with what a call returned or threw what a program does that prints it. Returns what goes wrong. */
export function lookAt(outcome: unknown): string | undefined {
  try {
    if (outcome instanceof PythonError) raised(outcome)
    inspect(outcome, { depth: 3 })
    if (outcome instanceof Error) void [outcome.stack, outcome.message, String(outcome), outcome.name]
    return undefined
  } catch (error) {
    return `printing what a call returned or threw throws ${inspect(error).split('\n')[0]}`
  }
}
