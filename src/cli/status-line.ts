import { WriteStream } from 'node:tty'

const INTERVAL_MS = 150

/** Whether a stream is a terminal on which a line can be overwritten. */
export function isScreen(stream: NodeJS.WritableStream): stream is WriteStream {
  return stream instanceof WriteStream && process.env['TERM'] !== 'dumb'
}

/** Shows a line at the bottom of a terminal that is updated now and then. */
export class StatusLine {
  readonly #stream: WriteStream | undefined
  readonly #timer: NodeJS.Timeout | undefined
  readonly #text: () => string
  #shown = false

  constructor(stream: NodeJS.WritableStream, text: () => string) {
    this.#text = text
    if (!isScreen(stream)) return
    this.#stream = stream
    this.#timer = setInterval(() => this.#show(), INTERVAL_MS)
    this.#timer.unref()
  }

  /** Removes the line before other text is printed. */
  clear(): void {
    if (!this.#shown) return
    this.#stream?.write('\r\u001b[2K')
    this.#shown = false
  }

  end(): void {
    clearInterval(this.#timer)
    this.clear()
  }

  #show(): void {
    const width = Math.max(10, (this.#stream?.columns ?? 80) - 1)
    this.#stream?.write(`\r\u001b[2K${this.#text().slice(0, width)}`)
    this.#shown = true
  }
}
