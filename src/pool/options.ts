import type { Observer } from '../observe/index.ts'
import type { ResolvedPythonOptions } from '../options/index.ts'
import type { Handle, Write } from '../references/index.ts'
import type { Listeners, OutputListener, PoolSize, WorkerSource } from '../worker/index.ts'

/** The options of `Python.start` that a pool heeds, as they were resolved. */
type PoolKey =
  | 'maxQueue'
  | 'timeoutMs'
  | 'queueTimeoutMs'
  | 'graceMs'
  | 'closeGraceMs'
  | 'startTimeoutMs'
  | 'maxWedged'
  | 'recycle'
  | 'copy'
  | 'exact'
  | 'readonly'
  | 'naiveDates'

/** What a pool needs to know. */
export interface PoolOptions extends Pick<ResolvedPythonOptions, PoolKey> {
  /** Where its workers come from. */
  readonly source: WorkerSource
  readonly size: PoolSize
  /** What every worker calls before it takes others. */
  readonly initialize: Write | undefined
  /** Makes what callers get for an object that stays in Python. */
  readonly proxyFor: (handle: Handle) => unknown
  /** Gets what is printed, where it is asked for. */
  readonly onLine?: OutputListener | undefined
  /** Get warnings, and records of `logging`. */
  readonly listeners?: Listeners
  readonly observer: Observer
}
