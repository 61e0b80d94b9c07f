type Source = Iterable<unknown> | AsyncIterable<unknown>
type Opened = Iterator<unknown> | AsyncIterator<unknown>
type Step = { value: unknown; done?: boolean | undefined }

/**
 * A JavaScript iterable that Python iterates. The iterator is opened when the iterable is encoded,
 * so that no item is lost that its source emits before Python's first step. The iterator is closed
 * once: by Python, when Python drops it, or when its call is not made.
 */
export class ExportedIterator {
  /** Whether its steps are promises. */
  readonly isAsync: boolean
  readonly #source: Source
  readonly #iterator: Opened
  /** The first step of an asynchronous iterable, taken when the call is made. */
  #firstStep: Promise<unknown> | undefined
  #done = false

  /** @throws the error of the source's `[Symbol.iterator]()` or `[Symbol.asyncIterator]()` */
  constructor(source: Source) {
    this.#source = source
    const openAsync = Reflect.get(source, Symbol.asyncIterator) as (() => Opened) | null | undefined
    this.isAsync = openAsync != null
    this.#iterator =
      openAsync != null ? openAsync.call(source) : (source as Iterable<unknown>)[Symbol.iterator]()
    checkObject(this.#iterator, 'The iterator')
  }

  /**
   * Whether the source can be iterated only once: it is its own asynchronous iterator, or a stream.
   * A second iterator would take items away from the first one.
   */
  get isOnce(): boolean {
    return this.isAsync && ((this.#iterator as object) === this.#source || isStream(this.#source))
  }

  /**
   * Takes the first step of an asynchronous iterable, as `for await` would. From then on, a stream
   * (or a generator that iterates one) has listeners, so an error of the stream rejects this step.
   * Without the step it would be an uncaught exception.
   */
  start(): void {
    if (!this.isAsync || this.#firstStep !== undefined || this.#done) return
    const iterator = this.#iterator
    this.#firstStep = new Promise((resolve) => resolve(iterator.next()))
    this.#firstStep.catch(() => {}) // Python gets the error at its first step
  }

  /** `'next'` returns `[value]`, or null at the end. `'return'` closes the iterator early. */
  step(method: unknown): unknown {
    if (method === 'return') return this.#return()
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

  /** Closes the iterator: Python has dropped it, or its call is not made. */
  dropped(): void {
    try {
      const ended = this.#return()
      if (ended instanceof Promise) ended.catch(() => {}) // no caller is left to get the error
    } catch {
      // no caller is left to get the error
    }
  }

  #read(step: unknown): [unknown] | null {
    const { done, value } = checkObject(step, 'The result of an iterator') as Step
    if (done !== true) return [value]
    this.#done = true
    return null
  }

  /** Like `for of`, does not close an iterator whose step throws: it has ended. */
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
    // A stream's iterator destroys the stream only after its pending step, which may never settle.
    if (this.isAsync && isStream(this.#source)) this.#source.destroy()
    return this.isAsync ? Promise.resolve(ended).then(() => null) : null
  }
}

/** Whether the source is a readable stream of Node, or of a package like `readable-stream`. */
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
