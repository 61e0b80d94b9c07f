import type { Duplex } from 'node:stream'
import { FrameParser, type FrameSink } from '../../wire/index.ts'

/**
 * How many frames that run code of the program are dealt with before the event loop gets its turn.
 */
const MOST_AT_ONCE = 256
/** How many bytes of replies may wait for a worker that does not read. */
const MOST_WAITING = 2 ** 20

/**
 * Whether so many bytes of replies wait to be written that their socket is not read before they are
 * gone: what asks for them does not read them.
 */
export function isBacklog(bytes: number): boolean {
  return bytes > MOST_WAITING
}

/**
 * Reads the frames of one socket of a worker. A worker that floods it is read as fast as its frames
 * can be dealt with: no faster than it reads the answers, where those go over the same socket, and
 * never so fast that the event loop has no turn.
 */
export class FrameReader {
  readonly #socket: Duplex
  readonly #parser: FrameParser
  readonly #failed: (error: unknown) => void
  readonly #held: (step: number) => void
  #left = 0
  /** Why it is not read for now: how many reasons there are. */
  #holds = 0
  #isFull = false
  #isLast = false

  /**
   * `failed`: takes what is wrong with what came. `held`: hears that the socket is not read for now
   * (1), and is again (-1).
   */
  constructor(
    socket: Duplex,
    sink: FrameSink,
    failed: (error: unknown) => void,
    held: (step: number) => void,
  ) {
    this.#socket = socket
    this.#parser = new FrameParser(sink)
    this.#failed = failed
    this.#held = held
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
  }

  /** Counts a frame that runs code of the program. */
  spend(): void {
    if (--this.#left > 0 || this.#isLast) return
    this.#left = MOST_AT_ONCE
    this.#hold()
    setImmediate(() => this.#release())
  }

  /** An answer was written: where too many wait, the socket is not read before they are gone. */
  wrote(): void {
    if (this.#isFull || this.#isLast || !isBacklog(this.#socket.writableLength)) return
    this.#isFull = true
    this.#hold()
    this.#socket.once('drain', () => {
      this.#isFull = false
      this.#release()
    })
  }

  /** The worker has ended: all that it has written is read. */
  finish(): void {
    this.#isLast = true
    if (this.#holds === 0) return
    this.#holds = 1
    this.#release()
  }

  #hold(): void {
    if (this.#holds++ > 0) return
    this.#parser.stop()
    this.#socket.pause()
    this.#held(1)
  }

  #release(): void {
    if (this.#holds === 0 || --this.#holds > 0) return
    this.#held(-1)
    this.#take()
    if (this.#holds === 0) this.#socket.resume()
  }

  /** Takes what has come; `undefined`: what came before it was held. */
  #take(chunk?: Buffer): void {
    this.#left = MOST_AT_ONCE
    try {
      if (chunk === undefined) this.#parser.resume()
      else this.#parser.push(chunk)
    } catch (error) {
      this.#failed(error)
    }
  }
}
