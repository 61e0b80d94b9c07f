import { forTarget } from '../errors/index.ts'
import type { CallOutcome } from '../observe/index.ts'
import {
  type EncodedFrame,
  type FrameReferences,
  frameBytes,
  handleOf,
} from '../references/index.ts'
import type { Expected } from './call-profiles.ts'
import type { Linked, LinkedQueue } from './linked-queue.ts'

/**
 * What a call calls: `module:attribute`, or the attribute of a remote object; `undefined`: nothing
 * that has a name.
 */
export type CallTarget = string | { readonly object: object; readonly path: string } | undefined

/** What errors and channels say of it. */
export function nameOf(target: CallTarget): string | undefined {
  if (target === undefined || typeof target === 'string') return target
  const type = handleOf(target.object)?.type.replace(/ object$/, '') ?? 'object'
  return target.path === '' ? type : `${type}.${target.path}`
}

/** What the dispatcher knows of one worker. Nobody else writes here. */
export class DispatchNotes {
  /** Whether the list of idle workers holds it. */
  listed = false
  /** How long the calls before it are expected to take, the longest of them. */
  expected: Expected = 'long'
}

/** A worker, as the scheduler sees it. */
export interface DispatchTarget {
  readonly index: number
  /** Whether it takes calls. */
  readonly serving: boolean
  /** Whether it takes only calls that name it. */
  readonly retiring: boolean
  readonly idle: boolean
  /**
   * Whether its thread waits for a callback, so that it can take a call which the callback made.
   */
  readonly waits: boolean
  /** Whether a call that it has waits, or waited, for a callback in which others run. */
  readonly isWithinCallback: boolean
  /** The number of calls before it. */
  readonly depth: number
  /** When the call began that others stand behind, in `performance.now()`. */
  readonly runningSince: number
  readonly notes: DispatchNotes
  /** Whether another call is before this one. */
  isBehind(task: Task): boolean
  send(task: Task): void
  /** Takes back the calls that it has not begun. */
  takeBack(): Task[]
  /** Ends a call for which nobody waits any more. */
  cancel(task: Task): void
}

/** What a call is besides its frame; everything is decided. */
export interface TaskOptions {
  readonly order: number
  /** The number of the worker that has to take it, `undefined`: any. */
  readonly workerIndex: number | undefined
  /**
   * The worker whose callback made this call, if one did: it waits for it, so it may take it in
   * between.
   */
  readonly origin: DispatchTarget | undefined
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

/**
 * A call: its frame, ready to be sent, and its promise. Arguments are encoded when the call is
 * made, never later.
 */
export class Task implements Linked<Task>, EncodedFrame {
  next: Task | undefined
  previous: Task | undefined
  /** The queue in which it waits. */
  queue: LinkedQueue<Task> | undefined
  readonly order: number
  readonly workerIndex: number | undefined
  origin: DispatchTarget | undefined
  readonly priority: number
  readonly key: string | undefined
  readonly #target: CallTarget
  readonly home: object | undefined
  readonly isSetUp: boolean
  retries: number
  /** The worker that has it. */
  worker: DispatchTarget | undefined
  /** Its request id there. */
  id = 0
  /** When nobody waited for it any more; `undefined`: somebody does. */
  cancelledAt: number | undefined
  /** It runs as a coroutine, beside other calls. */
  coroutine = false
  /**
   * When its worker was last asked to interrupt it; whether its code has heard of that, and whether
   * it was asked a last time.
   */
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

  constructor(
    options: TaskOptions,
    frame: EncodedFrame,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ) {
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

  /**
   * It came to nothing with the end of its worker or its pool, as others may have; so `error` may
   * be that of many.
   */
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

  /**
   * The frame with its request id. Made again, it is a copy: the bytes of the first one may still
   * be on their way.
   */
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
