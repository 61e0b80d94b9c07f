type Step = { value: unknown; done?: boolean | undefined }

/** A JavaScript iterable that Python goes through. It is opened by the first step, and told when Python loses interest. */
export class Steps {
  /** Whether its steps are promises. */
  readonly isAsync: boolean
  readonly #source: Iterable<unknown> | AsyncIterable<unknown>
  #iterator: Iterator<unknown> | AsyncIterator<unknown> | undefined
  #done = false

  constructor(source: Iterable<unknown> | AsyncIterable<unknown>) {
    this.#source = source
    this.isAsync = Symbol.asyncIterator in source
  }

  /** `'next'` answers `[value]`, or null at the end; `'return'` ends it early. */
  step(what: unknown): unknown {
    if (what === 'return') return this.#return()
    if (this.#done) return null
    this.#iterator ??=
      Symbol.asyncIterator in this.#source ? this.#source[Symbol.asyncIterator]() : this.#source[Symbol.iterator]()
    const step = this.#iterator.next()
    return this.isAsync ? Promise.resolve(step).then((settled) => this.#read(settled)) : this.#read(step as Step)
  }

  /** Python has dropped it, perhaps before its end. */
  dropped(): void {
    try {
      const ended = this.#return()
      if (ended instanceof Promise) ended.catch(() => {}) // nobody is left to tell
    } catch {
      // likewise
    }
  }

  #read(step: Step): [unknown] | null {
    if (typeof step !== 'object' || step === null) throw new TypeError(`Iterator result ${String(step)} is not an object`)
    if (step.done !== true) return [step.value]
    this.#done = true
    return null
  }

  #return(): unknown {
    if (this.#done) return null
    this.#done = true
    const ended = this.#iterator?.return?.()
    return this.isAsync ? Promise.resolve(ended).then(() => null) : null
  }
}
