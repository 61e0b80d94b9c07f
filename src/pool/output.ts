import type { Readable, Writable } from 'node:stream'
import type { OutputLine } from '../options/index.ts'

/** How many lines are remembered for the day a worker dies. */
const LAST_LINES = 20

export type OutputListener = (line: OutputLine) => void

/** Puts the text of one worker together to lines. */
export class Lines {
  readonly #worker: number | null
  readonly #listener: OutputListener
  readonly #partial = new Map<string, { rest: string; line: Omit<OutputLine, 'text'> }>()

  constructor(worker: number | null, listener: OutputListener) {
    this.#worker = worker
    this.#listener = listener
  }

  /** The last lines that came. */
  readonly last: string[] = []

  /** Takes the payload of an OUTPUT frame. */
  take(payload: unknown): void {
    const [stream, call, text, last] = payload as [number, number | null, string, boolean]
    this.#text({ stream: stream === 2 ? 'stderr' : 'stdout', worker: this.#worker, call }, text, last)
  }

  /** Takes what C code and child processes of a worker process print. */
  listen(source: Readable, stream: OutputLine['stream']): void {
    source.setEncoding('utf8')
    const line = { stream, worker: this.#worker, call: null }
    source.on('data', (text: string) => this.#text(line, text, false))
    source.on('end', () => this.#text(line, '', true))
  }

  /** The worker is gone: what it began is a line too. */
  end(): void {
    for (const { rest, line } of this.#partial.values()) this.#tell({ ...line, text: rest })
    this.#partial.clear()
  }

  #text(line: Omit<OutputLine, 'text'>, text: string, last: boolean): void {
    const key = `${line.stream} ${line.call}`
    const lines = ((this.#partial.get(key)?.rest ?? '') + text).split('\n')
    const rest = lines.pop() ?? ''
    for (const complete of lines) this.#tell({ ...line, text: complete.replace(/\r$/, '') })
    if (rest !== '' && !last) {
      this.#partial.set(key, { rest, line })
    } else {
      this.#partial.delete(key)
      if (rest !== '') this.#tell({ ...line, text: rest })
    }
  }

  #tell(line: OutputLine): void {
    if (this.last.push(line.text) > LAST_LINES) this.last.shift()
    try {
      this.#listener(line)
    } catch (error) {
      // The listener's error is the program's, not the worker's.
      process.nextTick(() => {
        throw error
      })
    }
  }
}

/** A listener that writes lines to a stream. */
export function toStream(stream: Writable): OutputListener {
  return ({ text }) => void stream.write(`${text}\n`)
}

/** Hands a warning of Python to the process, which prints it unless somebody listens to `warning`. */
export function emitWarning(payload: unknown, worker: number | null): void {
  const [category, message, file, line] = payload as [string, string, string, number]
  process.emitWarning(message, {
    type: category,
    code: 'PYTHREADS',
    detail: `${file}:${line}, Python worker ${worker ?? 'of sync calls'}`,
  })
}
