import type { TimesSummary } from '../observe/index.ts'

/** What a pool has done so far. */
export interface PoolStats {
  readonly workers: readonly WorkerStats[]
  /** Calls that wait for a worker. */
  readonly queued: number
  /** Calls that a worker has. */
  readonly running: number
  /** Calls that workers have taken since the start, and those of them that failed. */
  readonly calls: number
  readonly errors: number
  /** Workers that ended unasked, or got stuck, and were replaced. */
  readonly replaced: number
  /** Worker processes that were replaced because it was time. */
  readonly recycled: number
  /** Workers that do not come back from a call that was cancelled, replaced or not. */
  readonly wedged: number
  /** Objects in Python that JavaScript holds. */
  readonly objects: number
  /** JavaScript functions and iterators that Python holds. */
  readonly callbacks: number
  /** How long calls waited for a worker, in milliseconds; those that a worker took at once are not among them. */
  readonly queueTimes: TimesSummary
  /** How long calls held a worker's thread, in milliseconds; 65.535 stands for anything longer. */
  readonly runTimes: TimesSummary
}

/** What one worker has done so far. */
export interface WorkerStats {
  readonly worker: number
  /**
   * `stopped`: it is not needed now. `down`: it did not start, and will be tried again. `wedged`: it does not come back from a
   * call that was cancelled.
   */
  readonly state: 'stopped' | 'starting' | 'idle' | 'busy' | 'down' | 'wedged'
  /** The process it runs in. */
  readonly pid: number | undefined
  readonly calls: number
  readonly errors: number
  /** Milliseconds that its thread spent on calls that are over, and those of them on a processor. */
  readonly busyMs: number
  readonly cpuMs: number
}
