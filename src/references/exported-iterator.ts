type Source = Iterable<unknown> | AsyncIterable<unknown>
type Opened = Iterator<unknown> | AsyncIterator<unknown>
type Step = { value: unknown; done?: boolean | undefined }

/**
 * A JavaScript iterable that Python goes through. It is opened when it is encoded, so that nothing
 * is lost which its source emits before Python asks, and closed once: by Python, or when Python
 * drops it, or when its call is not made.
 */
export class ExportedIterator {
  /** Whether its steps are promises. */
  readonly isAsync: boolean
  readonly #source: Source
  readonly #iterator: Opened
  /** The first step of an asynchronous iterable, taken when the call is made. */
  #firstStep: Promise<unknown> | undefined
  #done = false

  /** @throws whatever opening the source throws */
  constructor(source: Source) {
    this.#source = source
    const openLater = Reflect.get(source, Symbol.asyncIterator) as (() => Opened) | null | undefined
    this.isAsync = openLater != null
    this.#iterator =
      openLater != null ? openLater.call(source) : (source as Iterable<unknown>)[Symbol.iterator]()
    checkObject(this.#iterator, 'The iterator')
  }

  /**
   * Whether the source is its own asynchronous iterator, or a stream: another pass over it would
   * share its items.
   */
  get isOnce(): boolean {
    return this.isAsync && ((this.#iterator as object) === this.#source || isStream(this.#source))
  }

  /**
   * Takes the first step of an asynchronous iterable, as `for await` would. A stream, or a
   * generator that goes through one, listens from then on: an error of the stream is an error of
   * this step rather than an uncaught one.
   */
  start(): void {
    if (!this.isAsync || this.#firstStep !== undefined || this.#done) return
    const iterator = this.#iterator
    this.#firstStep = new Promise((resolve) => resolve(iterator.next()))
    this.#firstStep.catch(() => {}) // told when Python asks
  }

  /** `'next'` returns `[value]`, or null at the end; `'return'` ends it early. */
  step(what: unknown): unknown {
    if (what === 'return') return this.#return()
    if (this.#done) return null
    if (!this.isAsync) return this.#ending(() => this.#read(this.#iterator.next()))
    const first = this.#firstStep
    this.#firstStep = undefined
    const step = first ?? new Promise((resolve) => resolve(this.#iterator.next()))
    return step.then(
      (settled) => this.#ending(() => this.#read(settled)),
      (error) => this.#ending(() => raise(error)),
    )
  }

  /** Python has dropped it, perhaps before its end; or its call is not made. */
  dropped(): void {
    try {
      const ended = this.#return()
      if (ended instanceof Promise) ended.catch(() => {}) // nobody is left to tell
    } catch {
      // nobody is left to tell
    }
  }

  #read(step: unknown): [unknown] | null {
    const { done, value } = checkObject(step, 'The result of an iterator') as Step
    if (done !== true) return [value]
    this.#done = true
    return null
  }

  /** An iterator whose step throws is over: it is not closed. */
  #ending<T>(read: () => T): T {
    try {
      return read()
    } catch (error) {
      this.#done = true
      throw error
    }
  }

  #return(): unknown {
    if (this.#done) return null
    this.#done = true
    const ended = this.#iterator.return?.()
    // The iterator of a stream ends it only after a step that is awaited, and that may never come.
    if (this.isAsync && isStream(this.#source)) this.#source.destroy()
    return this.isAsync ? Promise.resolve(ended).then(() => null) : null
  }
}

/** Whether it is a readable stream of Node, or of a package like it. */
function isStream(source: object): source is { destroy(): void } {
  const { destroy, pipe, on } = source as Record<'destroy' | 'pipe' | 'on', unknown>
  return typeof destroy === 'function' && typeof pipe === 'function' && typeof on === 'function'
}

function checkObject<T>(value: T, what: string): T {
  if ((typeof value === 'object' || typeof value === 'function') && value !== null) return value
  throw new TypeError(`${what} is not an object: ${String(value)}`)
}

function raise(error: unknown): never {
  throw error
}
