import { PythreadsError } from '../errors/index.ts'

/**
 * A frame is a header of 12 bytes and a payload of marshal data, all little-endian: payload length
 * (u32), request id (u32), kind (u8), flags (u8), the microseconds that a reply took (u16, at
 * most). The kernel's `frames.py` holds the same tables; a test compares the two.
 */
export const HEADER_BYTES = 12

/** The kinds of frames. Those up to 63 go to Python, the others come from it. */
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
  CALLBACK_RESULT: 16,
  CALLBACK_ERROR: 17,
  CALLBACK_PENDING: 18,
  CALLBACK_CANCELLED: 19,
  /** JavaScript cannot see the memory of this worker: it sends everything. */
  INLINE: 20,
  /** The bytes of a loan that the worker has asked for; the request id is its cell. */
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
  /**
   * The worker cannot see the memory of a loan: it asks for the bytes. The request id is the cell.
   */
  FETCH: 75,
  /** The error of a request that could not be read: nothing that crossed in it has arrived. */
  UNREAD: 76,
  /**
   * How many microseconds a request held the worker's thread, before a reply that has no room for
   * it.
   */
  THREAD_TIME: 77,
  /** A record of Python's `logging`. */
  LOG: 78,
  /** A subinterpreter has refused to load an extension module; the payload is its name. */
  REFUSED: 80,
} as const

/** Flags of frames to Python, beside the kind. */
export const FLAG = {
  /** The payload has escapes. */
  ESCAPED: 0x100,
  /** The result is to be copied deeply, rather than referred to. */
  COPY: 0x200,
  /** Arrays in it cannot be written to. */
  READONLY: 0x400,
  /** Values of subclasses of plain types stay in Python. */
  EXACT: 0x800,
} as const

/**
 * Requests with `FLAG.COPY` say in the upper half of the kind how many objects, one in the other,
 * are copied; 0: all of them.
 */
const DEPTH_UNIT = 0x1_0000

/** The flags for a result that is copied so deeply: 0 is not at all, `Infinity` completely. */
export function copyFlags(depth: number): number {
  if (depth === 0) return 0
  return FLAG.COPY | (Number.isFinite(depth) ? depth * DEPTH_UNIT : 0)
}

export type Kind = (typeof KIND)[keyof typeof KIND]

/** No payload is longer: marshal counts in signed 32-bit numbers. */
export const MAX_PAYLOAD_BYTES: number = 2 ** 31 - 1

/** The kinds from here on come from Python. */
const FIRST_FROM_PYTHON = 64

/** Kinds that are always small: a longer one is no frame. */
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

/**
 * How many bytes the payload of each kind has at the most; -1: there is no such kind from Python.
 */
const MOST_BYTES: Float64Array = new Float64Array(256).fill(-1)
for (const kind of Object.values(KIND)) {
  if (kind >= FIRST_FROM_PYTHON) MOST_BYTES[kind] = SMALL[kind] ?? MAX_PAYLOAD_BYTES
}

/** How much of a frame is believed before it comes; memory for more is taken as it comes. */
const BELIEVED_BYTES = 2 ** 20

/** Writes a header at `offset`; the payload follows it. `kind`: with its flags. */
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

/** A frame whose payload is encoded already. */
export function frame(kind: Kind, payload: Uint8Array = EMPTY, id: number = 0): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + payload.length)
  writeHeader(bytes, 0, payload.length, id, kind)
  bytes.set(payload, HEADER_BYTES)
  return bytes
}

const EMPTY = new Uint8Array(0)

/** The error for what went wrong while a frame was read: whatever it is, the bytes are at fault. */
export function frameError(cause: unknown): PythreadsError {
  if (cause instanceof PythreadsError && cause.code !== 'ERR_PYTHREADS_VALUE') return cause
  return new PythreadsError(
    'ERR_PYTHREADS_PROTOCOL',
    'Malformed value from Python: a frame that is not what its kind says',
    {
      cause,
    },
  )
}

/** What takes the frames of a {@link FrameParser}. The payload is only valid during the call. */
export type FrameSink = (kind: Kind, id: number, bytes: Buffer, start: number, end: number) => void

/** What stands in a reply for all times that are longer: a frame TOOK before it says them. */
export const MAX_REPLY_TIME = 0xffff

/**
 * How many microseconds a reply says that its request held the worker's thread. `start`: of its
 * payload.
 */
export function replyTime(bytes: Buffer, start: number): number {
  return bytes.readUInt16LE(start - 2)
}

/**
 * Cuts the stream of bytes from Python into frames. Hostile input throws `ERR_PYTHREADS_PROTOCOL`.
 */
export class FrameParser {
  /** What has come of a frame, in a buffer that grows with it. */
  #partial: Buffer | undefined
  #filled = 0
  /** How long that frame is, as far as it is known. */
  #needed = 0
  #isStopped = false
  /** What came behind the frame at which it was stopped. */
  #rest: Buffer | undefined
  readonly #sink: FrameSink

  constructor(sink: FrameSink) {
    this.#sink = sink
  }

  /** Takes the next bytes of the stream; they may be reused by the caller afterwards. */
  push(chunk: Buffer): void {
    if (this.#rest === undefined) this.#read(chunk)
    else this.#rest = Buffer.concat([this.#rest, chunk])
  }

  /** Gives no more frames until `resume`, for a sink that cannot take more now. */
  stop(): void {
    this.#isStopped = true
  }

  /** Gives the frames that came meanwhile. */
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

  /** Goes on with the frame that an earlier chunk began; returns where the chunk's next byte is. */
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

  /** Keeps the beginning of a frame. */
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
 * Checks a header, all of it at once: what is no frame must not be waited for. Returns the
 * payload's length.
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
