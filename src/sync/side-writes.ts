import { isBacklog } from '../worker/index.ts'

/** The bytes to write to the side socket of the worker for sync calls, in order. */
export class SideWrites {
  readonly #write: (bytes: Buffer) => number | undefined
  readonly #chunks: Buffer[] = []
  #bytes = 0

  /** `write`: as `SyncSockets.write`. */
  constructor(write: (bytes: Buffer) => number | undefined) {
    this.#write = write
  }

  get isEmpty(): boolean {
    return this.#chunks.length === 0
  }

  /** Whether a worker that does not read gets no more replies until it does. */
  get isFull(): boolean {
    return isBacklog(this.#bytes)
  }

  /** Adds bytes. Returns whether no earlier bytes wait. */
  push(bytes: Buffer): boolean {
    this.#bytes += bytes.length
    return this.#chunks.push(bytes) === 1
  }

  /** Writes what the socket takes: all (`empty`) or a part (`blocked`). `failed`: it is closed. */
  flush(): 'empty' | 'blocked' | 'failed' {
    for (let bytes = this.#chunks[0]; bytes !== undefined; bytes = this.#chunks[0]) {
      const sent = this.#write(bytes)
      if (sent === undefined) return 'failed'
      if (sent < 0) return 'blocked'
      this.#bytes -= sent
      if (sent < bytes.length) this.#chunks[0] = bytes.subarray(sent)
      else this.#chunks.shift()
    }
    return 'empty'
  }
}
