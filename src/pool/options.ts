import type { Observer } from '../observe/index.ts'
import type { Handle, Write } from '../references/index.ts'
import type { CallLimits, Lease } from '../scheduler/index.ts'
import type { Reviver } from '../wire/index.ts'
import type {
  Listeners,
  OutputListener,
  PoolSize,
  Recycling,
  WorkerSource,
} from '../worker/index.ts'

/** What a pool needs to know. */
export interface PoolOptions {
  /** Where its workers come from. */
  readonly source: WorkerSource
  readonly size: PoolSize
  /** What every worker calls before it takes others. */
  readonly initialize: Write | undefined
  /** How many calls may wait; `null`: any number. */
  readonly maxQueue: number | null
  /** How long calls may take, and wait, that say nothing of it. */
  readonly callLimits: CallLimits
  /** How long a cancelled call may go on. */
  readonly graceMs: number
  readonly closeGraceMs: number
  readonly startTimeoutMs: number
  readonly maxWedged: number
  readonly recycle: Recycling
  /** Whether Python may not write to the arrays of calls that say nothing of it. */
  readonly readonly: boolean
  /** Whether values of subclasses of plain types stay in Python. */
  readonly exact?: boolean
  /** What a datetime without a zone is. */
  readonly naiveDates?: Reviver['naiveDates']
  /** Makes what callers get for an object that stays in Python. */
  readonly proxyFor: (handle: Handle) => unknown
  /** Gets what is printed, where it is asked for. */
  readonly onLine?: OutputListener | undefined
  /** Get warnings, and records of `logging`. */
  readonly listeners?: Listeners
  readonly observer: Observer
}

/** How a call is made, besides its kind and payload. */
export interface SubmitOptions extends CallLimits {
  /** The number of the worker that has to take it; `undefined`: any. */
  readonly workerIndex?: number | undefined
  /** The worker that has to take it is this one. */
  readonly lease?: Lease | undefined
  /**
   * How deeply its result is copied rather than referred to: 0 not at all, `Infinity` completely.
   */
  readonly copy?: number | undefined
  /** Whether values of subclasses of plain types stay in Python. */
  readonly exact?: boolean | undefined
  /** Whether Python may not write to the arrays in it. */
  readonly readonly?: boolean | undefined
  /** The higher, the sooner it has its turn. */
  readonly priority?: number | undefined
  /** How often it may be made again when its worker dies. */
  readonly retry?: number | undefined
}

/**
 * The options of a call that has none. Each is a property of its own, so that a changed
 * `Object.prototype` gives none.
 */
export const NO_SUBMIT_OPTIONS: SubmitOptions = Object.freeze({
  workerIndex: undefined,
  lease: undefined,
  copy: undefined,
  exact: undefined,
  readonly: undefined,
  priority: undefined,
  retry: undefined,
  signal: undefined,
  timeoutMs: undefined,
  queueTimeoutMs: undefined,
})
