/**
 * The members of arrays that come one after the other: as an async generator would give them, but
 * without the turns of the microtask queue that each `yield` of one takes.
 */
export class FlattenedChunks<T> implements AsyncGenerator<T, void, undefined> {
  readonly #chunks: AsyncGenerator<readonly T[], void, undefined>
  #members: readonly T[] = []
  #at = 0
  /** Settles after the last step that was asked for; the next step waits for it. */
  #pending: Promise<void> | undefined

  constructor(arrays: AsyncGenerator<readonly T[], void, undefined>) {
    this.#chunks = arrays
  }

  next(): Promise<IteratorResult<T, void>> {
    if (this.#pending !== undefined || this.#at >= this.#members.length)
      return this.#inTurn(() => this.#member())
    return Promise.resolve({ done: false, value: this.#members[this.#at++] as T })
  }

  return(): Promise<IteratorResult<T, void>> {
    return this.#inTurn(() => this.#end(() => this.#chunks.return()))
  }

  throw(error: unknown): Promise<IteratorResult<T, void>> {
    return this.#inTurn(() => this.#end(() => this.#chunks.throw(error)))
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  /**
   * Takes a step after all earlier steps. Only `await` is used: a callback would hide the caller
   * from the stack of an error.
   */
  async #inTurn<R>(next: () => Promise<R>): Promise<R> {
    const before = this.#pending
    let over = () => {}
    const asked = new Promise<void>((resolve) => {
      over = resolve
    })
    this.#pending = asked
    try {
      if (before !== undefined) await before
      return await next()
    } finally {
      if (this.#pending === asked) this.#pending = undefined
      over()
    }
  }

  async #member(): Promise<IteratorResult<T, void>> {
    while (this.#at >= this.#members.length) {
      const step = await this.#chunks.next()
      if (step.done === true) return { done: true, value: undefined }
      this.#members = step.value
      this.#at = 0
    }
    return { done: false, value: this.#members[this.#at++] as T }
  }

  async #end(tell: () => Promise<unknown>): Promise<IteratorResult<T, void>> {
    this.#members = []
    this.#at = 0
    await tell()
    return { done: true, value: undefined }
  }
}
