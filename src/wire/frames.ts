import { PythreadsError } from '../errors/index.ts'

/**
 * A frame is a header of 12 bytes and a payload of marshal data. The header is little-endian:
 * payload length (u32), request id (u32), kind (u8), flags (u8), and for a reply the microseconds
 * that its request took (u16). The kernel's `frames.py` has the same tables; a test compares them.
 */
export const HEADER_BYTES = 12

/** The kinds of frames. Kinds below 64 go to Python, the others come from Python. */
export const KIND = {
  START: 1,
  CALL: 2,
  GET: 3,
  IMPORT: 4,
  EVAL: 5,
  EXEC: 6,
  MAP: 7,
  CLOSE: 8,
  OPERATE: 9,
  MODULE: 10,
  RELEASE: 11,
  CANCEL: 12,
  END_SESSION: 13,
  TRIM: 14,
  /** A sync call's target is about to be called by number. */
  PREPARE: 15,
  CALLBACK_RESULT: 16,
  CALLBACK_ERROR: 17,
  CALLBACK_PENDING: 18,
  CALLBACK_CANCELLED: 19,
  /** JavaScript cannot see the worker's memory: from now on the worker copies everything. */
  INLINE: 20,
  /** The bytes of a loan that the worker has requested; the request id is the loan's flag. */
  MEMORY: 21,
  CALLBACK_REFUSED: 22,
  READY: 64,
  RESULT: 65,
  ERROR: 66,
  PENDING: 67,
  CALLBACK: 68,
  RELEASED: 69,
  OUTPUT: 70,
  WARNING: 71,
  SKIPPED: 72,
  ACKNOWLEDGED: 73,
  GIL_ENABLED: 74,
  /** The worker cannot see a loan's memory, and requests the bytes. The request id is its flag. */
  FETCH: 75,
  /** The error of a request that Python could not read: no reference in it has arrived. */
  UNREAD: 76,
  /** The microseconds that a request held the worker's thread; for times above `MAX_REPLY_TIME`. */
  THREAD_TIME: 77,
  /** A record of Python's `logging`. */
  LOG: 78,
  /** A subinterpreter has refused an extension module; the payload is the name of the module. */
  REFUSED: 80,
} as const

/** Flags of frames to Python; they are written together with the kind. */
export const FLAG = {
  /** The payload has escapes. */
  ESCAPED: 0x100,
  /** The result is copied deeply, rather than sent as a reference. */
  COPY: 0x200,
  /** Python cannot write to the arrays in the frame. */
  READONLY: 0x400,
  /** Values of subclasses of plain types stay in Python. */
  EXACT: 0x800,
} as const

/** With `FLAG.COPY`, the upper 16 bits of the kind hold the depth of the copy; 0: no limit. */
const DEPTH_UNIT = 0x1_0000

/** The flags for a copy to this depth: 0 copies nothing, `Infinity` copies everything. */
export function copyFlags(depth: number): number {
  if (depth === 0) return 0
  return FLAG.COPY | (Number.isFinite(depth) ? depth * DEPTH_UNIT : 0)
}

export type Kind = (typeof KIND)[keyof typeof KIND]

/** The longest payload: marshal counts in signed 32-bit numbers. */
export const MAX_PAYLOAD_BYTES: number = 2 ** 31 - 1

/** Kinds from this number on come from Python. */
const FIRST_FROM_PYTHON = 64

/** The longest payload of kinds that are always small. A longer frame is malformed. */
const SMALL: Readonly<Partial<Record<Kind, number>>> = {
  [KIND.READY]: 2 ** 20,
  [KIND.PENDING]: 0,
  [KIND.SKIPPED]: 0,
  [KIND.ACKNOWLEDGED]: 0,
  [KIND.GIL_ENABLED]: 2 ** 16,
  [KIND.FETCH]: 0,
  [KIND.THREAD_TIME]: 16,
  [KIND.REFUSED]: 2 ** 16,
}

/** The longest payload of each kind from Python; -1 for other numbers. */
const MOST_BYTES: Float64Array = new Float64Array(256).fill(-1)
for (const kind of Object.values(KIND)) {
  if (kind >= FIRST_FROM_PYTHON) MOST_BYTES[kind] = SMALL[kind] ?? MAX_PAYLOAD_BYTES
}

/** The most memory that is allocated for a frame before its bytes have come: the length may lie. */
const BELIEVED_BYTES = 2 ** 20

/** Writes a header at `offset`. `kind`: the kind and its flags. */
export function writeHeader(
  target: Buffer,
  offset: number,
  length: number,
  id: number,
  kind: number,
): void {
  target.writeUInt32LE(length, offset)
  target.writeUInt32LE(id, offset + 4)
  target.writeUInt32LE(kind, offset + 8)
}

/** Makes a frame of an encoded payload. */
export function frame(kind: Kind, payload: Uint8Array = EMPTY, id: number = 0): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + payload.length)
  writeHeader(bytes, 0, payload.length, id, kind)
  bytes.set(payload, HEADER_BYTES)
  return bytes
}

const EMPTY = new Uint8Array(0)

/** The error of reading a frame. Any exception there means that the bytes are malformed. */
export function frameError(cause: unknown): PythreadsError {
  if (cause instanceof PythreadsError && cause.code !== 'ERR_PYTHREADS_VALUE') return cause
  return new PythreadsError(
    'ERR_PYTHREADS_PROTOCOL',
    'Malformed value from Python: a frame does not match its kind',
    {
      cause,
    },
  )
}

/** The error for a frame that nobody asked for. `who`: what sent it. */
export function unexpectedFrame(who: string, kind: Kind, id: number): PythreadsError {
  const what = `${who} sent frame ${kind} for request ${id}, which nobody made`
  return new PythreadsError('ERR_PYTHREADS_PROTOCOL', what)
}

/** Receives the frames of a {@link FrameParser}. The payload is valid only during the call. */
export type FrameSink = (kind: Kind, id: number, bytes: Buffer, start: number, end: number) => void

/** The largest time in a reply's header. For longer times, a frame THREAD_TIME comes first. */
export const MAX_REPLY_TIME = 0xffff

/** The microseconds that a request held the worker's thread. `start`: of the reply's payload. */
export function replyTime(bytes: Buffer, start: number): number {
  return bytes.readUInt16LE(start - 2)
}

/**
 * Cuts the stream of bytes from Python into frames. Hostile input throws `ERR_PYTHREADS_PROTOCOL`.
 */
export class FrameParser {
  /** The beginning of an incomplete frame, in a buffer that grows with it. */
  #partial: Buffer | undefined
  #filled = 0
  /** The length of that frame; until its header has come, the length of a header. */
  #needed = 0
  #isStopped = false
  /** The bytes behind the frame at which the sink called `stop`. */
  #rest: Buffer | undefined
  readonly #sink: FrameSink

  constructor(sink: FrameSink) {
    this.#sink = sink
  }

  /** Takes the next bytes of the stream. The caller may reuse the buffer afterwards. */
  push(chunk: Buffer): void {
    if (this.#rest === undefined) this.#read(chunk)
    else this.#rest = Buffer.concat([this.#rest, chunk])
  }

  /** Holds frames back until `resume`: a sink calls this when it cannot take more. */
  stop(): void {
    this.#isStopped = true
  }

  /** Passes on the frames that were held back. */
  resume(): void {
    const rest = this.#rest
    this.#isStopped = false
    this.#rest = undefined
    if (rest !== undefined) this.#read(rest)
  }

  #read(chunk: Buffer): void {
    let offset = 0
    while (this.#partial !== undefined && offset < chunk.length) {
      offset = this.#fill(this.#partial, chunk, offset)
      if (this.#isStopped) return this.#hold(chunk, offset)
    }
    while (chunk.length - offset >= HEADER_BYTES) {
      const end = offset + HEADER_BYTES + payloadLength(chunk, offset)
      if (end > chunk.length) break
      this.#emit(chunk, offset, end)
      offset = end
      if (this.#isStopped) return this.#hold(chunk, offset)
    }
    if (offset < chunk.length) this.#keep(chunk, offset)
  }

  #hold(chunk: Buffer, offset: number): void {
    this.#rest = Buffer.from(chunk.subarray(offset))
  }

  /** Adds bytes of a chunk to the incomplete frame; returns the offset of the next byte. */
  #fill(partial: Buffer, chunk: Buffer, offset: number): number {
    const taken = chunk.copy(partial, this.#filled, offset)
    this.#filled += taken
    if (this.#filled < partial.length) return offset + taken
    if (this.#needed === HEADER_BYTES) this.#needed += payloadLength(partial, 0)
    if (this.#filled === this.#needed) {
      this.#partial = undefined
      this.#emit(partial, 0, this.#needed)
    } else {
      this.#partial = Buffer.allocUnsafe(
        Math.min(this.#needed, Math.max(this.#filled * 2, BELIEVED_BYTES)),
      )
      partial.copy(this.#partial)
    }
    return offset + taken
  }

  /** Copies the beginning of an incomplete frame. */
  #keep(chunk: Buffer, offset: number): void {
    const isKnown = chunk.length - offset >= HEADER_BYTES
    this.#needed = isKnown ? HEADER_BYTES + payloadLength(chunk, offset) : HEADER_BYTES
    this.#partial = Buffer.allocUnsafe(Math.min(this.#needed, BELIEVED_BYTES))
    this.#filled = chunk.copy(this.#partial, 0, offset)
  }

  #emit(bytes: Buffer, start: number, end: number): void {
    this.#sink(
      bytes[start + 8] as Kind,
      bytes.readUInt32LE(start + 4),
      bytes,
      start + HEADER_BYTES,
      end,
    )
  }
}

/**
 * Checks a header before its payload has come: the parser must not wait for the payload of a
 * malformed frame. Returns the payload's length.
 */
function payloadLength(bytes: Buffer, offset: number): number {
  const length = bytes.readUInt32LE(offset)
  const kind = bytes.readUInt16LE(offset + 8)
  const most = MOST_BYTES[kind] ?? -1
  if (most < 0) throw new PythreadsError('ERR_PYTHREADS_PROTOCOL', `Unknown frame kind ${kind}`)
  if (length > most) {
    throw new PythreadsError(
      'ERR_PYTHREADS_PROTOCOL',
      `A frame of kind ${kind} claims ${length} bytes; ${most} is the most`,
    )
  }
  return length
}
