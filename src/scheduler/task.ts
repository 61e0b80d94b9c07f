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
 * The target of a call: `module:attribute`, or the attribute of a remote object. `undefined` for a
 * request without a target, such as the end of a session.
 */
export type CallTarget = string | { readonly object: object; readonly path: string } | undefined

/** The name of a target in errors and channels. */
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
  /** Whether the worker takes calls. */
  readonly serving: boolean
  /** Whether the worker takes only calls that name it. */
  readonly retiring: boolean
  readonly idle: boolean
  /** Whether the worker waits for a callback, and so can take calls that the callback made. */
  readonly waits: boolean
  /** Whether a call of the worker waits, or waited, for a callback within which other calls run. */
  readonly isWithinCallback: boolean
  /** How many calls the worker has. */
  readonly depth: number
  /** When the running call began, in `performance.now()`. */
  readonly runningSince: number
  readonly notes: DispatchNotes
  /** Whether another call is before this one. */
  isBehind(task: Task): boolean
  send(task: Task): void
  /** Takes back the calls that the worker has not begun. */
  takeBack(): Task[]
  /** Ends a call whose caller does not wait any more. */
  cancel(task: Task): void
}

/** Everything about a call except its frame. */
export interface TaskOptions {
  readonly order: number
  /** The number of the worker that must take the call; `undefined`: any worker. */
  readonly workerIndex: number | undefined
  /** The worker whose callback made the call. While it waits, it may take the call. */
  readonly origin: DispatchTarget | undefined
  readonly priority: number
  /** The kind of the call, for `CallProfiles`; `undefined`: the kind is not known. */
  readonly key: string | undefined
  readonly target?: CallTarget
  /** How often the call may be sent again when its worker dies. */
  readonly retries: number
  /** The worker that the call needs, not its replacement; `undefined`: any worker will do. */
  readonly home: object | undefined
  /** Whether the call sets up a worker before it serves: no caller made the call. */
  readonly isSetUp?: boolean
}

/**
 * A call: its encoded frame, and its promise. Arguments are encoded when the call is made, never
 * later: the caller may change them afterwards.
 */
export class Task implements Linked<Task>, EncodedFrame {
  next: Task | undefined
  previous: Task | undefined
  /** The queue in which the call waits. */
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
  /** The worker that has the call. */
  worker: DispatchTarget | undefined
  /** The id of the request on that worker. */
  id = 0
  /** When the call was cancelled; `undefined`: the caller still waits. */
  cancelledAt: number | undefined
  /** Whether the call runs as a coroutine, beside other calls. */
  coroutine = false
  /** When the worker was last asked to interrupt the call. */
  lastInterruptAt = 0
  /** Whether Python has acknowledged the interrupt. */
  acknowledged = false
  /** Whether the worker was asked for the last time. */
  finalInterrupt = false
  /** How many workers have ended when they were about to begin the call. */
  deaths = 0
  /** When the call began to wait for a worker. */
  queuedAt: number | undefined
  /** How long the call waited before a worker last took it; negative: no worker has. */
  queuedMs = -1
  /** How long the call held its worker's thread, in milliseconds; `undefined`: not known. */
  threadMs: number | undefined
  /** Publishes the end of the call; set where a channel has subscribers. */
  onEnd: ((outcome: CallOutcome, error?: unknown) => void) | undefined
  /** Removes timers and listeners when the call is settled. */
  onSettled: (() => void) | undefined
  readonly #resolve: (value: unknown) => void
  readonly #reject: (error: unknown) => void
  readonly references: FrameReferences
  // The fields of the frame, not an object: that saves one object for each waiting call.
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

  /** The name of the target. */
  get target(): string | undefined {
    return nameOf(this.#target)
  }

  resolve(value: unknown): void {
    if (this.onEnd !== undefined) this.#ended('fulfilled')
    this.#resolve(value)
    this.#settled()
  }

  /** `error`: an error of this call alone, which names its target. */
  reject(error: unknown): void {
    this.#fail(error, 'rejected')
  }

  /** Rejects the call when its worker or its pool ends. Other calls may have the same `error`. */
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

  /** Rejects the promise of a cancelled call at once. The worker ends the call itself later. */
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
   * Returns the frame with its request id. The second time it is a copy: the socket may still hold
   * the bytes of the first one, with another id.
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

  /** Rejects a call that will not be sent any more, and takes its references back. */
  drop(error: unknown, outcome?: CallOutcome): void {
    this.references.retract()
    this.lose(error, outcome)
  }
}
