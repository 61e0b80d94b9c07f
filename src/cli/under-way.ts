interface Entry<T> {
  readonly promise: Promise<T>
  isSettled: boolean
}

/** Promises that are under way, to be taken out in their order or as they settle. */
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

  /** Takes out one that has settled: the oldest if that one has, or any. */
  take(ordered: boolean): Promise<T> | undefined {
    const at = ordered
      ? this.#entries[0]?.isSettled === true
        ? 0
        : -1
      : this.#entries.findIndex(({ isSettled }) => isSettled)
    return at < 0 ? undefined : this.#entries.splice(at, 1)[0]?.promise
  }

  /** Resolves when one settles, or at `wake`. */
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
