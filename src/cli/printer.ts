import { once } from 'node:events'
import type { Writable } from 'node:stream'

const FLUSH_BYTES = 64 * 1024
const FLUSH_MS = 20

/** Collects lines and writes many at a time. Notices when the reader is slow, or has gone. */
export class Printer {
  /** Whether the reader has closed the pipe, or a write failed. Later lines are dropped. */
  closed = false
  /** Why a write failed; `undefined` when the reader has closed the pipe. */
  failure: Error | undefined
  readonly #stream: Writable
  readonly #before: () => void
  #pending: (string | Uint8Array)[] = []
  #bytes = 0
  #timer: NodeJS.Timeout | undefined

  /** `before`: called before each write, to remove a status line. */
  constructor(stream: Writable, before: () => void = () => {}) {
    this.#stream = stream
    this.#before = before
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') this.failure ??= error
      this.closed = true
    })
  }

  /** Returns a promise when the caller should wait before it prints more. */
  print(text: string | Uint8Array): Promise<void> | undefined {
    if (this.closed) return undefined
    this.#pending.push(text)
    this.#bytes += text.length
    if (this.#bytes >= FLUSH_BYTES) return this.flush()
    this.#timer ??= setTimeout(() => void this.flush(), FLUSH_MS)
    return undefined
  }

  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const pending = this.#pending
    if (pending.length === 0 || this.closed) return
    this.#pending = []
    this.#bytes = 0
    this.#before()
    const chunk = Buffer.concat(
      pending.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)),
    )
    if (!this.#stream.write(chunk) && !this.closed) await this.#writable()
  }

  /** Resolves when all lines have been written, or never will be. */
  async end(): Promise<void> {
    await this.flush()
    if (!this.closed) await new Promise<void>((resolve) => this.#stream.write('', () => resolve()))
  }

  /** Resolves when the stream takes more, or is closed. */
  async #writable(): Promise<void> {
    const settled = new AbortController()
    const { signal } = settled
    await Promise.race([
      once(this.#stream, 'drain', { signal }),
      once(this.#stream, 'close', { signal }),
    ]).catch(() => {})
    settled.abort()
  }
}
