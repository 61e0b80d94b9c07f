// Requests and replies as lines of JSON, matched by number: what one writes oneself (with
// python/rpc.py on the other side).

interface Answer {
  readonly i: number
  readonly r?: unknown
  readonly e?: string
}

interface Waiting {
  resolve(value: unknown): void
  reject(error: Error): void
}

/** The calls of one child that have no reply yet. */
export class Calls {
  readonly #waiting = new Map<number, Waiting>()
  #next = 0

  /** Sends a request. */
  call(
    send: (request: { i: number; f: string; a: readonly unknown[] }) => void,
    name: string,
    args: readonly unknown[],
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const i = this.#next++
      this.#waiting.set(i, { resolve, reject })
      send({ i, f: name, a: args })
    })
  }

  answer({ i, r, e }: Answer): void {
    const waiting = this.#waiting.get(i)
    this.#waiting.delete(i)
    if (e === undefined) waiting?.resolve(r)
    else waiting?.reject(new Error(e))
  }

  fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}
