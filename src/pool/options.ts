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

/** The options and parts that a pool is made from. */
export interface PoolOptions extends Pick<ResolvedPythonOptions, PoolKey> {
  /** Makes the links of the workers. */
  readonly source: WorkerSource
  readonly size: PoolSize
  /** The call that every worker makes before it takes calls. */
  readonly initialize: Write | undefined
  /** Makes the proxy that callers get for an object that stays in Python. */
  readonly proxyFor: (handle: Handle) => unknown
  /** Gets the lines that Python prints, if the option `output` asks for them. */
  readonly onLine?: OutputListener | undefined
  /** Gets warnings, and records of `logging`. */
  readonly listeners?: Listeners
  readonly observer: Observer
}
