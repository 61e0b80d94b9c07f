import { inspect } from 'node:util'
import { ERROR_CODES, PythonError, PythreadsError, raise } from '../../../src/errors/index.ts'

export interface Fault {
  readonly what: string
  readonly where: string
}

/** Faults of the host: what a hostile worker did to it that it must not be able to do. */
export class Faults {
  readonly #found = new Map<string, Fault>()

  /**
   * `where`: the case in which it was seen. The first one of a seed is kept, and all of a corpus.
   */
  add(what: string, where: string): void {
    const key = where.startsWith('corpus') ? `${what} ${where}` : what
    if (!this.#found.has(key)) this.#found.set(key, { what, where })
  }

  get found(): readonly Fault[] {
    return [...this.#found.values()]
  }
}

/** What every object inherits, by which a program can be poisoned. */
const PROTOTYPES: readonly object[] = [
  ...[
    Object,
    Array,
    Function,
    String,
    Number,
    Boolean,
    Promise,
    Map,
    Set,
    Error,
    Date,
    RegExp,
    Uint8Array,
    ArrayBuffer,
  ],
].map(({ prototype }) => prototype as object)

function descriptors(): string {
  return inspect(
    PROTOTYPES.map((prototype) =>
      Reflect.ownKeys(prototype).map((key) => [
        key,
        Object.getOwnPropertyDescriptor(prototype, key),
      ]),
    ),
    { depth: 4, maxArrayLength: null, showHidden: false },
  )
}

/**
 * Tells whether anything was put into the prototypes of JavaScript, or changed there, since it was
 * called.
 */
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

/**
 * Does with what a call returned or threw what a program does that prints it. Returns what goes
 * wrong.
 */
export function lookAt(outcome: unknown): string | undefined {
  try {
    if (outcome instanceof PythonError) raised(outcome)
    if (outcome instanceof Error && !(outcome instanceof PythreadsError))
      return `a call ends by an error without a code: ${outcome.message}`
    if (outcome instanceof PythreadsError && !Object.hasOwn(ERROR_CODES, outcome.code))
      return 'an error has a code that is none of ours'
    inspect(outcome, { depth: 3 })
    if (outcome instanceof Error)
      void [
        outcome.stack,
        outcome.message,
        String(outcome),
        outcome.name,
        (outcome as { args?: unknown }).args,
      ]
    return undefined
  } catch (error) {
    return `printing what a call returned or threw throws ${inspect(error).split('\n')[0]}`
  }
}
