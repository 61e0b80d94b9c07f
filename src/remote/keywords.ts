import { PythreadsError } from '../errors/index.ts'
import { isKeywordValues, type KeywordValues } from '../options/index.ts'

/**
 * Keyword arguments of a Python call, made by {@link kw}. As the type of a function's last parameter it says which ones there are:
 * `dumps(value: unknown, options?: Keywords<{ indent?: number }>): string`.
 */
export class Keywords<T extends object = KeywordValues> {
  readonly #values: T // private, so that no other object has this type

  constructor(values: T) {
    this.#values = values
  }

  get values(): T {
    return this.#values
  }
}

/**
 * Keyword arguments, as the last argument of a call.
 *
 * @example
 * ```ts
 * await json.dumps({ id: 1 }, kw({ indent: 2 }))
 * ```
 * @throws `ERR_PYTHREADS_ARGUMENT` when the values are no object, or an array, a `Map` or a `Set`
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
  return Array.isArray(value) ? 'an array' : value === null ? 'null' : `a value of type ${typeof value}`
}

const NONE: Readonly<Record<string, unknown>> = Object.freeze({})

/** Parts the arguments of a call into positional and keyword ones. */
export function splitArguments(args: readonly unknown[]): [readonly unknown[], Readonly<Record<string, unknown>>] {
  const last = args.at(-1)
  return last instanceof Keywords ? [args.slice(0, -1), last.values as Readonly<Record<string, unknown>>] : [args, NONE]
}
