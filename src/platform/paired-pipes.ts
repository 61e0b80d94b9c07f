import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

/** Two pipes as one stream: what comes on `reads`, and what is written to `writes`. */
export class PairedPipes extends Duplex {
  readonly #reads: Socket
  readonly #writes: Socket

  constructor(reads: Socket, writes: Socket) {
    super({ allowHalfOpen: false, emitClose: true })
    this.#reads = reads
    this.#writes = writes
    reads.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) reads.pause()
    })
    reads.pause()
    reads.once('end', () => this.push(null))
    for (const pipe of [reads, writes]) {
      pipe.on('error', () => {}) // `close` follows
      pipe.once('close', () => this.destroy())
    }
    writes.resume() // nothing comes here except its end
  }

  ref(): this {
    this.#reads.ref()
    this.#writes.ref()
    return this
  }

  unref(): this {
    this.#reads.unref()
    this.#writes.unref()
    return this
  }

  override _read(): void {
    this.#reads.resume()
  }

  override _write(
    chunk: Buffer,
    _encoding: BufferEncoding,
    done: (error?: Error | null) => void,
  ): void {
    this.#writes.write(chunk, done)
  }

  override _final(done: () => void): void {
    this.#writes.end(done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#reads.destroy()
    this.#writes.destroy()
    done(error)
  }
}
