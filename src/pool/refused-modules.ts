/** The number of refused modules whose names are kept. */
const MOST_REFUSED = 1_000
/** A name of this length is not kept. */
const MOST_OF_NAME = 1_000

/**
 * The extension modules that subinterpreters have refused to load, those of workers that are gone
 * and of sync calls too.
 */
export class RefusedModules {
  readonly #names = new Set<string>()

  get names(): ReadonlySet<string> {
    return this.#names
  }

  /** `module`: a name from a worker. The worker may be hostile, so it may be any value. */
  note(module: unknown): void {
    const isName = typeof module === 'string' && module.length < MOST_OF_NAME
    if (isName && this.#names.size < MOST_REFUSED) this.#names.add(module)
  }
}
