import { PythreadsError } from '../errors/index.ts'
import { isKeywordValues, type KeywordValues } from '../options/index.ts'

/**
 * Keyword arguments of a Python call; {@link kw} makes them. As the type of a function's last
 * parameter, it declares the keyword arguments:
 * `dumps(value: unknown, options?: Keywords<{ indent?: number }>): string`.
 *
 * @typeParam T - The names of the arguments, and the types of their values.
 */
export class Keywords<T extends object = KeywordValues> {
  readonly #values: T // private, so that no other object has this type

  /** @internal */
  constructor(values: T) {
    this.#values = values
  }

  /** The arguments by name. */
  get values(): T {
    return this.#values
  }
}

/**
 * Marks an object as the keyword arguments of a call. It is the last argument of the call.
 *
 * @example
 * ```ts
 * await json.dumps({ id: 1 }, kw({ indent: 2 }))
 * ```
 * @typeParam T - The names of the arguments, and the types of their values.
 * @param values - An object whose properties are the keyword arguments.
 * @returns The last argument of a call.
 * @throws `ERR_PYTHREADS_ARGUMENT` when `values` is no object, or an array, a `Map` or a `Set`.
 */
export function kw<T extends object = KeywordValues>(values: NoInfer<T>): Keywords<T> {
  if (!isKeywordValues(values)) {
    throw new PythreadsError(
      'ERR_PYTHREADS_ARGUMENT',
      `kw takes an object whose properties are the keyword arguments; got ${kind(values)}`,
    )
  }
  return new Keywords<T>(values)
}

function kind(value: unknown): string {
  return Array.isArray(value)
    ? 'an array'
    : value === null
      ? 'null'
      : `a value of type ${typeof value}`
}

const NONE: Readonly<Record<string, unknown>> = Object.freeze({})

/** Separates the arguments of a call into positional and keyword arguments. */
export function splitArguments(
  args: readonly unknown[],
): [readonly unknown[], Readonly<Record<string, unknown>>] {
  const last = args.at(-1)
  return last instanceof Keywords
    ? [args.slice(0, -1), last.values as Readonly<Record<string, unknown>>]
    : [args, NONE]
}
