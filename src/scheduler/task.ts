import { forTarget } from '../errors/index.ts'
import type { CallOutcome } from '../observe/index.ts'
import { EMPTY, type FrameReferences, handleOf } from '../references/index.ts'
import { Encoder, FLAG, HEADER_BYTES, type Kind, type Loan, writeHeader } from '../wire/index.ts'
import type { Worker } from '../worker/index.ts'
import type { Linked, LinkedQueue } from './linked-queue.ts'

/** A buffer is given up for a new one when it is this full; the calls that wait in it keep it alive. */
const SLAB_BYTES = 60 * 1024

/** A payload of so many bytes is lent rather than sent, where it can be. */
const LENT_FRAME_BYTES = 256 * 1024

/** What a call calls: `module:attribute`, or the attribute of a remote object; `undefined`: nothing that has a name. */
export type CallTarget = string | { readonly object: object; readonly path: string } | undefined

/** What errors and channels say of it. */
export function nameOf(target: CallTarget): string | undefined {
  if (target === undefined || typeof target === 'string') return target
  const type = handleOf(target.object)?.type.replace(/ object$/, '') ?? 'object'
  return target.path === '' ? type : `${type}.${target.path}`
}

/** What a call is besides its frame; everything is decided. */
export interface TaskOptions {
  readonly order: number
  /** The number of the worker that has to take it, `undefined`: any. */
  readonly workerIndex: number | undefined
  /** The worker whose callback made this call, if one did: it waits for it, so it may take it in between. */
  readonly origin: Worker | undefined
  readonly priority: number
  /** What it calls, by which others of its kind are known; `undefined`: nothing that has a name. */
  readonly key: string | undefined
  readonly target?: CallTarget
  /** How often it may be made again when its worker dies. */
  readonly retries: number
  /** The worker without which it makes no sense; `undefined`: another one in its place will do. */
  readonly home: object | undefined
  /** It is a worker's own, before it serves: nobody made it. */
  readonly isSetUp?: boolean
}

/** A call: its frame, ready to be sent, and its promise. Arguments are encoded when the call is made, never later. */
export class Task implements Linked<Task>, EncodedFrame {
  next: Task | undefined
  previous: Task | undefined
  /** The queue in which it waits. */
  queue: LinkedQueue<Task> | undefined
  readonly order: number
  readonly workerIndex: number | undefined
  origin: Worker | undefined
  readonly priority: number
  readonly key: string | undefined
  readonly #target: CallTarget
  readonly home: object | undefined
  readonly isSetUp: boolean
  retries: number
  /** The worker that has it. */
  worker: Worker | undefined
  /** Its request id there. */
  id = 0
  /** When nobody waited for it any more; `undefined`: somebody does. */
  cancelledAt: number | undefined
  /** It runs as a coroutine, beside other calls. */
  coroutine = false
  /** When its worker was last asked to interrupt it; whether its code has heard of that, and whether it was asked a last time. */
  lastInterruptAt = 0
  acknowledged = false
  finalInterrupt = false
  /** How many workers have ended when they were to begin it. */
  deaths = 0
  /** When it had to wait for a worker. */
  queuedAt: number | undefined
  /** How long it had waited when a worker last took it; negative: none has. */
  queuedMs = -1
  /** How long it has held its worker's thread, in milliseconds; `undefined`: it is not known. */
  threadMs: number | undefined
  /** Tells that it is over, where somebody listens. */
  onEnd: ((outcome: CallOutcome, error?: unknown) => void) | undefined
  /** Runs when it is settled. */
  onSettled: (() => void) | undefined
  readonly #resolve: (value: unknown) => void
  readonly #reject: (error: unknown) => void
  readonly references: FrameReferences
  // The frame itself, as one object less for each call that waits.
  slab: Buffer
  start: number
  end: number
  #isSent = false

  constructor(options: TaskOptions, frame: EncodedFrame, resolve: (value: unknown) => void, reject: (error: unknown) => void) {
    this.order = options.order
    this.workerIndex = options.workerIndex
    this.origin = options.origin
    this.priority = options.priority
    this.key = options.key
    this.#target = options.target
    this.retries = options.retries
    this.home = options.home
    this.isSetUp = options.isSetUp === true
    this.references = frame.references
    this.slab = frame.slab
    this.start = frame.start
    this.end = frame.end
    this.#resolve = resolve
    this.#reject = reject
  }

  /** What it calls, in words. */
  get target(): string | undefined {
    return nameOf(this.#target)
  }

  resolve(value: unknown): void {
    if (this.onEnd !== undefined) this.#ended('fulfilled')
    this.#resolve(value)
    this.#settled()
  }

  /** `error`: its own, which names its target. */
  reject(error: unknown): void {
    this.#fail(error, 'rejected')
  }

  /** It came to nothing with the end of its worker or its pool, as others may have; so `error` may be that of many. */
  lose(error: unknown, outcome: CallOutcome = 'lost'): void {
    this.#fail(forTarget(error, this.target), outcome)
  }

  #fail(error: unknown, outcome: CallOutcome): void {
    if (this.onEnd !== undefined) this.#ended(outcome, error)
    this.#reject(error)
    this.#settled()
  }

  #ended(outcome: CallOutcome, error?: unknown): void {
    const { onEnd } = this
    this.onEnd = undefined
    onEnd?.(outcome, error)
  }

  /** Its caller gets to know at once; what becomes of the call itself is its worker's business. */
  giveUp(error: unknown): void {
    this.cancelledAt = performance.now()
    if (this.onEnd !== undefined) this.#ended('cancelled', error)
    this.#reject(error)
    this.onSettled?.()
  }

  #settled(): void {
    this.references.delivered()
    this.onSettled?.()
  }

  /** The frame with its request id. Made again, it is a copy: the bytes of the first one may still be on their way. */
  frame(): Buffer {
    if (this.#isSent) {
      this.slab = Buffer.from(this.slab.subarray(this.start, this.end))
      this.end -= this.start
      this.start = 0
    }
    this.#isSent = true
    return frameBytes(this, this.id)
  }

  /** It is not sent any more. */
  drop(error: unknown, outcome?: CallOutcome): void {
    this.references.retract()
    this.lose(error, outcome)
  }
}

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
   * Encodes a frame; what `write` throws leaves no trace. A getter of an argument may make a call of its own meanwhile.
   * `flags`: of `FLAG`, besides `ESCAPED`.
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
        if (loan !== undefined) return lentFrame(kind | flags | FLAG.ESCAPED, loan, escaped !== 0, references)
      }
      writeHeader(encoder.buffer, start, end - start - HEADER_BYTES, 0, kind | flags | escaped)
      return { slab: encoder.buffer, start, end, references: references.isEmpty ? EMPTY : references }
    } catch (error) {
      encoder.rewind(start)
      references.retract()
      throw error
    } finally {
      this.#encoder = encoder.position < SLAB_BYTES ? encoder : new Encoder()
    }
  }
}

/** A frame that says where its payload is. The encoder of that one is not used again, as it may be lent itself. */
function lentFrame(kind: number, loan: Loan, escaped: boolean, references: FrameReferences): EncodedFrame {
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
