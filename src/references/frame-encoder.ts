import { Encoder, FLAG, HEADER_BYTES, type Kind, type Loan, writeHeader } from '../wire/index.ts'
import { EMPTY, type FrameReferences } from './frame-references.ts'

/**
 * When a slab has this many bytes, later frames go to a new one. Waiting calls keep their slab
 * alive.
 */
const SLAB_BYTES = 60 * 1024

/** A payload of at least this size is lent through shared memory, where there is any. */
const LENT_FRAME_BYTES = 256 * 1024

/** An encoded frame: a part of a slab, and the references in it. */
export interface EncodedFrame {
  readonly slab: Buffer
  readonly start: number
  readonly end: number
  readonly references: FrameReferences
}

/** Writes a request's payload. */
export type Write = (encoder: Encoder) => void

/** Encodes frames one behind the other into slabs: a buffer for each call would cost more. */
export class FrameEncoder {
  /** `undefined` while a frame is encoded: a getter of an argument may make another call. */
  #encoder: Encoder | undefined = new Encoder()

  /**
   * Encodes a frame. When `write` throws, nothing stays behind in the slab or in the references.
   * `flags`: bits of `FLAG`, besides `ESCAPED`.
   */
  encode(kind: Kind, write: Write, references: FrameReferences, flags: number = 0): EncodedFrame {
    const encoder = this.#encoder ?? new Encoder()
    this.#encoder = undefined
    const start = encoder.position
    try {
      encoder.reserve(HEADER_BYTES)
      encoder.position += HEADER_BYTES
      encoder.references = references
      write(encoder)
      const isEscaped = encoder.finish(start + HEADER_BYTES)
      return finishFrame(encoder, start, kind | flags, isEscaped, references)
    } catch (error) {
      encoder.rewind(start)
      references.retract()
      throw error
    } finally {
      this.#encoder = encoder.position < SLAB_BYTES ? encoder : new Encoder()
    }
  }
}

/**
 * The frame of a payload that is written behind the room for its header. `kind`: with the flags
 * that the payload does not decide.
 */
export function finishFrame(
  encoder: Encoder,
  start: number,
  kind: number,
  isEscaped: boolean,
  references: FrameReferences,
): EncodedFrame {
  const end = encoder.position
  references.encoded()
  if (end - start >= LENT_FRAME_BYTES) {
    const loan = references.lend(encoder.buffer.subarray(start + HEADER_BYTES, end))
    if (loan !== undefined) return lentFrame(kind | FLAG.ESCAPED, loan, isEscaped, references)
  }
  const escaped = isEscaped ? FLAG.ESCAPED : 0
  writeHeader(encoder.buffer, start, end - start - HEADER_BYTES, 0, kind | escaped)
  return {
    slab: encoder.buffer,
    start,
    end,
    references: references.isEmpty ? EMPTY : references,
  }
}

/**
 * A frame that refers to a lent payload. It needs an encoder of its own, as Python may be reading
 * the slab of the payload.
 */
function lentFrame(
  kind: number,
  loan: Loan,
  escaped: boolean,
  references: FrameReferences,
): EncodedFrame {
  const encoder = new Encoder()
  encoder.position = HEADER_BYTES
  encoder.elsewhere(loan, escaped)
  writeHeader(encoder.buffer, 0, encoder.position - HEADER_BYTES, 0, kind)
  return { slab: encoder.buffer, start: 0, end: encoder.position, references }
}

/** Writes the request id into an encoded frame, and returns the frame's bytes. */
export function frameBytes({ slab, start, end }: EncodedFrame, id: number): Buffer {
  slab.writeUInt32LE(id, start + 4)
  return slab.subarray(start, end)
}
