/** Keyword arguments of a Python call, made by {@link kw}. */
export class Keywords {
  readonly values: Readonly<Record<string, unknown>>

  constructor(values: Readonly<Record<string, unknown>>) {
    this.values = values
  }
}

/**
 * Keyword arguments, as the last argument of a call.
 *
 * @example
 * ```ts
 * await json.dumps({ id: 1 }, kw({ indent: 2 }))
 * ```
 */
export function kw(values: Readonly<Record<string, unknown>>): Keywords {
  return new Keywords(values)
}

const NONE: Readonly<Record<string, unknown>> = Object.freeze({})

/** Parts the arguments of a call into positional and keyword ones. */
export function splitArguments(args: readonly unknown[]): [readonly unknown[], Readonly<Record<string, unknown>>] {
  const last = args.at(-1)
  return last instanceof Keywords ? [args.slice(0, -1), last.values] : [args, NONE]
}
