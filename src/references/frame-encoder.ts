import { Encoder, FLAG, HEADER_BYTES, type Kind, type Loan, writeHeader } from '../wire/index.ts'
import { EMPTY, type FrameReferences } from './frame-references.ts'

/**
 * A buffer is given up for a new one when it is this full; the calls that wait in it keep it alive.
 */
const SLAB_BYTES = 60 * 1024

/** A payload of so many bytes is lent rather than sent, where it can be. */
const LENT_FRAME_BYTES = 256 * 1024

/** Where an encoded frame is, and what goes along with it. */
export interface EncodedFrame {
  readonly slab: Buffer
  readonly start: number
  readonly end: number
  readonly references: FrameReferences
}

/** Writes a request's payload. */
export type Write = (encoder: Encoder) => void

/** Encodes frames one behind the other into slabs. */
export class FrameEncoder {
  #encoder: Encoder | undefined = new Encoder()

  /**
   * Encodes a frame; what `write` throws leaves no trace. A getter of an argument may make a call
   * of its own meanwhile. `flags`: of `FLAG`, besides `ESCAPED`.
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
      const escaped = encoder.finish(start + HEADER_BYTES) ? FLAG.ESCAPED : 0
      const end = encoder.position
      references.encoded()
      if (end - start >= LENT_FRAME_BYTES) {
        const loan = references.lend(encoder.buffer.subarray(start + HEADER_BYTES, end))
        if (loan !== undefined)
          return lentFrame(kind | flags | FLAG.ESCAPED, loan, escaped !== 0, references)
      }
      writeHeader(encoder.buffer, start, end - start - HEADER_BYTES, 0, kind | flags | escaped)
      return {
        slab: encoder.buffer,
        start,
        end,
        references: references.isEmpty ? EMPTY : references,
      }
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
 * A frame that says where its payload is. The encoder of that one is not used again, as it may be
 * lent itself.
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

/** The bytes of an encoded frame, with its request id. */
export function frameBytes({ slab, start, end }: EncodedFrame, id: number): Buffer {
  slab.writeUInt32LE(id, start + 4)
  return slab.subarray(start, end)
}
