import type { WorkerLife } from './life.ts'

/** How many workers there are. */
export interface PoolSize {
  readonly min: number
  readonly max: number
  /** How long a worker above `min` may be idle. */
  readonly idleMs: number
}

/** When a worker process is replaced by a new one; `null`: never for this reason. */
export interface Recycling {
  readonly calls: number | null
  readonly ageMs: number | null
  readonly memoryMb: number | null
}

export interface SupervisorOptions {
  /** Whether a worker that does not react can be killed. */
  readonly isKillable: boolean
  readonly size: PoolSize
  readonly recycle: Recycling
  /** The resident memory above which a worker process is killed. */
  readonly maxMemoryMb: number | null
  /** How many wedged workers may be replaced while they are still wedged. */
  readonly maxWedged: number
}

/** A worker, as its supervisor sees it. */
export interface SupervisedWorker {
  readonly index: number
  readonly life: WorkerLife
  /** The number of calls that the worker has taken. */
  readonly calls: number
  /** When the worker began to serve, in `performance.now()`. */
  readonly servingSince: number
  /** When the worker last became idle, in `performance.now()`. */
  readonly idleSince: number
  /** The memory of the worker process at the last measurement. */
  readonly residentMb: number
  /** The memory of the worker process before its first call. */
  readonly freshMb: number
  readonly idle: boolean
  /** Whether anything needs this worker and no other. */
  readonly isNeeded: boolean
  /** The worker is set up, and takes calls from now on. */
  serve(): void
  /** Measures the memory of the worker process. */
  measure(): void
  measureFresh(): void
  /** Returns the MB that count against this limit. */
  heldMb(limitMb: number): number
  /** The worker's thread does not come back: marks the worker as wedged. */
  wedge(): void
  /** Asks the worker to end. */
  close(): Promise<void>
  /** Ends the worker at once. */
  kill(): void
  /** Ends the worker at once; `how` says why, in words. */
  endAs(how: string): void
}

/** What a supervisor needs of its pool. */
export interface SupervisorHost<W extends SupervisedWorker> {
  /** The workers by number; there may be holes. */
  readonly workers: (W | undefined)[]
  make(index: number): W
  /**
   * Starts a worker and sets it up. `ready` is called when the worker can serve, in the same turn
   * of the event loop.
   */
  launch(worker: W, ready: () => void): Promise<void>
  /** The worker can take calls, for the first time or again. */
  free(worker: W): void
  /** The number of calls that wait. */
  readonly waiting: number
  /** Whether calls wait that only this worker can take. */
  isAwaited(index: number): boolean
  /** Whether the worker is leased to a session. */
  isLeased(worker: W): boolean
  /** No worker can take the waiting calls: all of them, or those that name one worker. */
  unavailable(error: unknown, index?: number): void
  started(worker: W, ms: number): void
  recycling(worker: W, why: string): void
  /** A new worker already holds more memory than `recycle.memoryMb` allows. */
  startedLarge(worker: W): void
}
