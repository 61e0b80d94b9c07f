import type { Duplex } from 'node:stream'
import { FrameParser, type FrameSink } from '../../wire/index.ts'

/**
 * The number of frames that run code of the program (callbacks, listeners) before the event loop
 * has its turn.
 */
const MOST_AT_ONCE = 256
/** The most bytes of replies that may wait for a worker that does not read them. */
const MOST_WAITING = 2 ** 20

/**
 * Whether too many bytes of replies wait to be written, because the worker does not read them. Its
 * socket is not read until they are written.
 */
export function isBacklog(bytes: number): boolean {
  return bytes > MOST_WAITING
}

/**
 * Reads the frames of one socket of a worker, and pauses the socket of a worker that floods it. A
 * pause ends when the event loop has had its turn, and on a socket that also carries the replies,
 * when the worker has read them.
 */
export class FrameReader {
  readonly #socket: Duplex
  readonly #parser: FrameParser
  readonly #failed: (error: unknown) => void
  readonly #held: (step: number) => void
  #left = 0
  /** The number of reasons for which the socket is paused. */
  #holds = 0
  #isFull = false
  #isLast = false

  /**
   * `failed` gets the error of a malformed frame. `held` gets 1 when the socket is paused, and -1
   * when it is read again.
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

  /** A reply was written: pauses the socket if too many bytes of replies wait. */
  wrote(): void {
    if (this.#isFull || this.#isLast || !isBacklog(this.#socket.writableLength)) return
    this.#isFull = true
    this.#hold()
    this.#socket.once('drain', () => {
      this.#isFull = false
      this.#release()
    })
  }

  /** The worker has ended: reads the rest without pauses. */
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

  /** Parses a chunk; without one, parses the bytes that came before the pause. */
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
