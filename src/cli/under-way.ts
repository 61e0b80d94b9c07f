interface Entry<T> {
  readonly promise: Promise<T>
  isSettled: boolean
}

/** Pending promises, which are taken in their order or as they settle. */
export class UnderWay<T> {
  readonly #entries: Entry<T>[] = []
  #wake: (() => void) | undefined

  get size(): number {
    return this.#entries.length
  }

  add(promise: Promise<T>): void {
    const entry: Entry<T> = { promise, isSettled: false }
    const settle = () => {
      entry.isSettled = true
      this.wake()
    }
    promise.then(settle, settle)
    this.#entries.push(entry)
  }

  /** Takes a settled promise: only the oldest one if `ordered`, otherwise any. */
  take(ordered: boolean): Promise<T> | undefined {
    const at = ordered
      ? this.#entries[0]?.isSettled === true
        ? 0
        : -1
      : this.#entries.findIndex(({ isSettled }) => isSettled)
    return at < 0 ? undefined : this.#entries.splice(at, 1)[0]?.promise
  }

  /** Resolves when a promise settles, or `wake` is called. */
  news(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  wake(): void {
    this.#wake?.()
    this.#wake = undefined
  }
}
