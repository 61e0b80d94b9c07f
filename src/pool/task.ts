import { Encoder, HEADER_BYTES, type Kind, writeHeader } from '../wire/index.ts'
import type { Linked } from './fifo.ts'

/** A buffer is given up for a new one when it is this full; the calls that wait in it keep it alive. */
const SLAB_BYTES = 60 * 1024

/** A call: its frame, ready to be sent, and its promise. Arguments are encoded when the call is made, never later. */
export class Task implements Linked<Task> {
  next: Task | undefined
  readonly order: number
  /** The worker that has to take it, `undefined`: any. */
  readonly slot: number | undefined
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  readonly #slab: Buffer
  readonly #start: number
  readonly #end: number

  constructor(
    order: number,
    slot: number | undefined,
    frame: EncodedFrame,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    this.order = order
    this.slot = slot
    this.#slab = frame.slab
    this.#start = frame.start
    this.#end = frame.end
    this.resolve = resolve
    this.reject = reject
  }

  /** The frame with its request id. */
  frame(id: number): Buffer {
    this.#slab.writeUInt32LE(id, this.#start + 4)
    return this.#slab.subarray(this.#start, this.#end)
  }
}

/** Where an encoded frame is. */
export interface EncodedFrame {
  readonly slab: Buffer
  readonly start: number
  readonly end: number
}

/** Writes a request's payload. */
export type Write = (encoder: Encoder) => void

/** Encodes requests one behind the other into slabs. */
export class FrameEncoder {
  #encoder: Encoder | undefined = new Encoder()

  /** Encodes a frame; what `write` throws leaves no trace. A getter of an argument may make a call of its own meanwhile. */
  encode(kind: Kind, write: Write): EncodedFrame {
    const encoder = this.#encoder ?? new Encoder()
    this.#encoder = undefined
    const start = encoder.position
    try {
      encoder.reserve(HEADER_BYTES)
      encoder.position += HEADER_BYTES
      write(encoder)
      const end = encoder.position
      writeHeader(encoder.buffer, start, end - start - HEADER_BYTES, 0, kind)
      return { slab: encoder.buffer, start, end }
    } catch (error) {
      encoder.rewind(start)
      throw error
    } finally {
      this.#encoder = encoder.position < SLAB_BYTES ? encoder : new Encoder()
    }
  }

  /** Encodes a payload without a frame, for a reader that is done with it before the next one is made. */
  payload(kind: Kind, write: Write): Buffer {
    const { slab, start, end } = this.encode(kind, write)
    return slab.subarray(start + HEADER_BYTES, end)
  }
}
