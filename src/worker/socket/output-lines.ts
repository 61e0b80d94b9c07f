import type { Readable, Writable } from 'node:stream'
import { PythreadsError, tellListener } from '../../errors/index.ts'
import type { OutputLine } from '../../options/index.ts'

/** How many lines are remembered for the day a worker dies, and how much of each. */
const LAST_LINES = 20
const LAST_CHARACTERS = 2_000
/** The longest text of a line; a longer line comes in pieces. */
const MOST_CHARACTERS = 1 << 20

/**
 * How many lines without an end are held, and how many characters of them; beyond, the oldest goes
 * out as a piece.
 */
const MOST_HELD_LINES = 10_000
const MOST_HELD_CHARACTERS = 1 << 26

const NEWLINE = 10

export type OutputListener = (line: OutputLine) => void

type Source = Omit<OutputLine, 'text' | 'end'>

/** A line that has begun, in the pieces that came. */
interface Partial {
  readonly source: Source
  pieces: string[]
  length: number
  /**
   * Whether a carriage return came last: it ends a line by itself, or together with a newline that
   * is still to come.
   */
  returned: boolean
}

/** Puts the text of one worker together to lines. Looks at each character once. */
export class OutputLines {
  readonly #worker: number | null
  readonly #listener: OutputListener
  /** By stream, call and thread. */
  readonly #partial = new Map<string, Partial>()
  /** How many characters these are. */
  #held = 0
  /** Whether the last line that came is overwritten by the next one. */
  #overwritten = false

  constructor(worker: number | null, listener: OutputListener) {
    this.#worker = worker
    this.#listener = listener
  }

  /** The last lines that came. */
  readonly last: string[] = []

  /** Takes the payload of an OUTPUT frame. */
  take(payload: unknown): void {
    if (!isOutput(payload)) {
      throw new PythreadsError(
        'ERR_PYTHREADS_PROTOCOL',
        'Malformed value from Python: output without its fields',
      )
    }
    const [stream, call, text, last, thread] = payload
    this.#text(
      { stream: stream === 2 ? 'stderr' : 'stdout', worker: this.#worker, call },
      thread,
      text,
      last,
    )
  }

  /** Takes what C code and child processes of a worker process print. */
  listen(readable: Readable, stream: OutputLine['stream']): void {
    readable.setEncoding('utf8')
    const source = { stream, worker: this.#worker, call: null }
    readable.on('data', (text: string) => this.#text(source, 0, text, false))
    readable.on('end', () => this.#text(source, 0, '', true))
  }

  /** The worker is gone: what it began is a line too. */
  end(): void {
    for (const partial of this.#partial.values()) this.#finish(partial)
    this.#partial.clear()
  }

  #text(source: Source, thread: number, text: string, last: boolean): void {
    const key = `${source.stream} ${source.call} ${thread}`
    const partial = this.#partial.get(key) ?? { source, pieces: [], length: 0, returned: false }
    let start = 0
    if (partial.returned && text !== '') {
      partial.returned = false
      const isNewline = text.charCodeAt(0) === NEWLINE
      if (isNewline) start = 1
      this.#line(partial, isNewline ? undefined : '\r')
    }
    // Most text has no carriage return in it: it is looked for once, not once a line.
    let returned = text.indexOf('\r', start)
    for (let newline = text.indexOf('\n', start); newline >= 0 || returned >= 0; ) {
      if (returned >= 0 && (newline < 0 || returned < newline)) {
        this.#add(partial, text.slice(start, returned))
        start = returned + 1
        if (start === text.length) partial.returned = true
        else if (start === newline) {
          this.#line(partial, undefined)
          newline = text.indexOf('\n', ++start)
        } else this.#line(partial, '\r')
        returned = text.indexOf('\r', start)
      } else {
        this.#add(partial, text.slice(start, newline))
        this.#line(partial, undefined)
        start = newline + 1
        newline = text.indexOf('\n', start)
      }
    }
    this.#add(partial, start === 0 ? text : text.slice(start))
    if (last) this.#finish(partial)
    if (partial.length > 0 || partial.returned) this.#partial.set(key, partial)
    else this.#partial.delete(key)
    if (this.#partial.size > MOST_HELD_LINES || this.#held > MOST_HELD_CHARACTERS) this.#letOut()
  }

  /** Lets the oldest lines out that have no end: a worker may begin any number of them. */
  #letOut(): void {
    for (const [key, partial] of this.#partial) {
      if (this.#partial.size <= MOST_HELD_LINES && this.#held <= MOST_HELD_CHARACTERS) return
      this.#partial.delete(key)
      if (partial.length > 0) this.#line(partial, '')
    }
  }

  /** Adds to a line; what is too long goes out. */
  #add(partial: Partial, text: string): void {
    let rest = text
    while (partial.length + rest.length > MOST_CHARACTERS) {
      const cut = wholeCharacters(rest, MOST_CHARACTERS - partial.length)
      partial.pieces.push(rest.slice(0, cut))
      rest = rest.slice(cut)
      this.#line(partial, '')
    }
    if (rest === '') return
    partial.pieces.push(rest)
    partial.length += rest.length
    this.#held += rest.length
  }

  #finish(partial: Partial): void {
    if (partial.length > 0 || partial.returned) this.#line(partial, undefined)
    partial.returned = false
  }

  #line(partial: Partial, end: '\r' | '' | undefined): void {
    const { source, pieces } = partial
    const text = pieces.length === 1 ? (pieces[0] as string) : pieces.join('')
    partial.pieces = []
    this.#held -= partial.length
    partial.length = 0
    // The state of a progress bar often begins with a carriage return, which ends nothing.
    if (end === '\r' && text === '') return
    this.#tell(end === undefined ? { text, ...source } : { text, ...source, end })
  }

  #tell(line: OutputLine): void {
    if (this.#overwritten) this.last.pop()
    this.#overwritten = line.end === '\r'
    const { text } = line
    // A copy, as a part of a string keeps the whole of it.
    const kept =
      text.length > LAST_CHARACTERS ? Buffer.from(text.slice(-LAST_CHARACTERS)).toString() : text
    if (this.last.push(kept) > LAST_LINES) this.last.shift()
    tellListener(this.#listener, line)
  }
}

type OutputPayload = readonly [
  stream: number,
  call: number | null,
  text: string,
  last: boolean,
  thread: number,
]

/** Whether it is what the kernel sends: anything else could take any time to be made a text. */
function isOutput(payload: unknown): payload is OutputPayload {
  if (!Array.isArray(payload) || payload.length !== 5) return false
  const [stream, call, text, last, thread] = payload
  const isOf = call === null || typeof call === 'number'
  return (
    typeof stream === 'number' &&
    isOf &&
    typeof text === 'string' &&
    typeof last === 'boolean' &&
    isInteger(thread)
  )
}

function isInteger(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'bigint'
}

/**
 * Where to cut a text so that no character is cut in two; a character is cut rather than none is
 * taken.
 */
function wholeCharacters(text: string, at: number): number {
  const before = text.charCodeAt(at - 1)
  return at > 1 && before >= 0xd800 && before < 0xdc00 ? at - 1 : at
}

/** A listener that writes lines to a stream. */
export function toStream(stream: Writable): OutputListener {
  return ({ text, end = '\n' }) => void stream.write(text + end)
}
