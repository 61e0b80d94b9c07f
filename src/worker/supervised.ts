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
  /** Whether a worker that does not listen can be ended. */
  readonly isKillable: boolean
  readonly size: PoolSize
  readonly recycle: Recycling
  /** The resident memory above which a worker process is ended. */
  readonly maxMemoryMb: number | null
  /** How many wedged workers may be replaced while they are still wedged. */
  readonly maxWedged: number
}

/** A worker, as far as its number and its end depend on it. */
export interface SupervisedWorker {
  readonly index: number
  readonly life: WorkerLife
  /** How many calls it has taken. */
  readonly calls: number
  /** Since when it serves, and since when it is idle, in `performance.now()`. */
  readonly servingSince: number
  readonly idleSince: number
  /** What its process held when that was last looked at, and before it had any calls. */
  readonly residentMb: number
  readonly freshMb: number
  readonly idle: boolean
  /** Whether anything needs this very worker. */
  readonly isNeeded: boolean
  /** It is set up, and takes calls from now on. */
  serve(): void
  /** Looks at what its process holds. */
  measure(): void
  measureFresh(): void
  /** How many MB count against a limit of this number. */
  heldMb(limitMb: number): number
  /** Its thread does not come back: takes away what it has not begun. */
  wedge(): void
  /** Asks it to end. */
  close(): Promise<void>
  /** Makes it end. */
  kill(): void
  /** Makes it end, and says why. */
  endAs(how: string): void
}

/** What a supervisor needs of its pool. */
export interface SupervisorHost<W extends SupervisedWorker> {
  /** The workers by number; there may be holes. */
  readonly workers: (W | undefined)[]
  make(index: number): W
  /**
   * Launches a worker and sets it up; `ready` is called in the very moment in which nothing is
   * missing.
   */
  launch(worker: W, ready: () => void): Promise<void>
  /** It takes calls of others, for the first time or again. */
  free(worker: W): void
  /** How many calls wait, and whether any wait for one worker only. */
  readonly waiting: number
  isAwaited(index: number): boolean
  /** Whether somebody has it to himself. */
  isLeased(worker: W): boolean
  /** Nobody can take the calls that wait: all of them, or those for one worker. */
  unavailable(error: unknown, index?: number): void
  started(worker: W, ms: number): void
  recycling(worker: W, why: string): void
  /** A new worker holds as much memory already as `recycle.memoryMb` says. */
  startedLarge(worker: W): void
}
