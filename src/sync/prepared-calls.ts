import type { SyncEntry } from '../native/index.ts'
import type { Kwargs } from '../options/index.ts'
import { type EncodedFrame, type FrameReferences, finishFrame } from '../references/index.ts'
import { decode, Encoder, frame, HEADER_BYTES, KIND, type Kind } from '../wire/index.ts'
import type { SyncReply } from './reply.ts'

/** The most targets that are remembered. */
const MOST_TARGETS = 4096
/** In the place of a number: a target that was called once, and one that has no number. */
const CALLED = -1
const NONE = 0

/** What the pools of one JavaScript thread share: all of their sync calls run in one interpreter. */
class SharedBuffer {
  readonly encoder = new Encoder()
  /** Arguments and results, which Python sees here too. */
  readonly buffer: Buffer = this.encoder.buffer
  readonly numbers = new Map<string, number>()
  /** Makes Python run the call in the buffer. Returns the length of a plain result. */
  enter: ((scope: number) => number) | undefined
  /** Whether the buffer is being written: a getter of an argument may make another call. */
  isBusy = false
}

let buffers: SharedBuffer | undefined

/**
 * Sync calls by the number of their target. A target gets a number when it is called a second time
 * (`prepared_calls.py`).
 */
export class PreparedCalls {
  readonly #entry: SyncEntry
  readonly #scope: number
  readonly #shared: SharedBuffer

  constructor(entry: SyncEntry, scope: number) {
    this.#entry = entry
    this.#scope = scope
    buffers ??= new SharedBuffer()
    this.#shared = buffers
  }

  /** The number by which a target can be called now; 0: by none. */
  numberOf(target: string): number {
    const { numbers, isBusy } = this.#shared
    const number = numbers.get(target)
    if (isBusy) return NONE
    if (number === CALLED) return this.#prepare(target)
    if (number === undefined && numbers.size < MOST_TARGETS) numbers.set(target, CALLED)
    return number ?? NONE
  }

  #prepare(target: string): number {
    const shared = this.#shared
    const { buffer, numbers } = shared
    const encoder = new Encoder()
    encoder.string(target)
    const request = frame(KIND.PREPARE, encoder.buffer.subarray(0, encoder.position))
    numbers.set(target, NONE)
    if (request.length > buffer.length) return NONE
    request.copy(buffer)
    const reply = this.#entry.requestIn(buffer, request.length)
    if (reply.readUInt32LE(8) !== KIND.RESULT) return NONE // the call says why
    const [address, number] = decode(reply, HEADER_BYTES) as [number, number]
    shared.enter ??= this.#entry.functionAt(address)
    numbers.set(target, number)
    return number
  }

  /**
   * Writes a call into the buffer. Returns `undefined` if {@link call} can make it, otherwise the
   * frame to send: something in the arguments is not plain, or they are too long.
   */
  write(
    number: number,
    args: readonly unknown[],
    kwargs: Kwargs,
    references: FrameReferences,
  ): EncodedFrame | undefined {
    const shared = this.#shared
    const { encoder, buffer } = shared
    shared.isBusy = true
    try {
      encoder.buffer = buffer
      encoder.position = HEADER_BYTES
      encoder.references = references
      encoder.tuple(3)
      encoder.number(number)
      encoder.items(args, 'args', 0)
      encoder.record(kwargs, 'kwargs')
      const isEscaped = encoder.finish(HEADER_BYTES)
      if (!isEscaped && encoder.buffer === buffer && references.isEmpty) return undefined
      return finishFrame(encoder, 0, KIND.CALL, isEscaped, references)
    } catch (error) {
      encoder.rewind(0)
      references.retract()
      throw error
    } finally {
      shared.isBusy = false
    }
  }

  /** Makes the call that was written. */
  call(): SyncReply {
    const { buffer, enter } = this.#shared
    const size = enter === undefined ? 0 : enter(this.#scope)
    if (size > 0)
      return { kind: KIND.RESULT, bytes: buffer, start: HEADER_BYTES, end: HEADER_BYTES + size }
    const bytes = this.#entry.reply(buffer, -size <= buffer.length ? -size : size)
    return { kind: bytes.readUInt32LE(8) as Kind, bytes, start: HEADER_BYTES }
  }
}
