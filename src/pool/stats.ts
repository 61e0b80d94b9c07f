import type { TimesSummary } from '../observe/index.ts'

/** What a pool has done so far. */
export interface PoolStats {
  /** Each worker, in the order of the numbers. */
  readonly workers: readonly WorkerStats[]
  /** Calls that wait for a worker. */
  readonly queued: number
  /** Calls that a worker has. */
  readonly running: number
  /**
   * Calls that workers have taken since the start. What a worker runs before it takes calls is no
   * call; a chunk of `map` is one.
   */
  readonly calls: number
  /**
   * Calls to which Python replied with an error. Calls that were cancelled, or that the end of
   * their worker cut off, are not among them.
   */
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
  /** Memory that JavaScript and Python share. */
  readonly memory: MemoryStats
  /**
   * How long calls waited for a worker, in milliseconds; those that a worker took at once are not
   * among them.
   */
  readonly queueTimes: TimesSummary
  /**
   * How long calls held a worker's thread, in milliseconds: a coroutine only while it begins, a
   * call that waits for a callback also while others run within it.
   */
  readonly runTimes: TimesSummary
  /** Whether the GIL slows the workers down. */
  readonly gil: GilStats
}

/** Memory that this JavaScript thread and Python share, for all pools of the thread. */
export interface MemoryStats {
  /** Arrays, and large arguments, that Python has not let go of. */
  readonly lent: number
  /** Arrays here that are Python's memory. */
  readonly borrowed: number
  /**
   * Megabytes in use: arrays of `alloc`, copies that are lent, and arrays here that are Python's
   * memory.
   */
  readonly usedMb: number
  /** Megabytes that all this takes, free parts that are kept for the next arrays included. */
  readonly residentMb: number
}

/**
 * What workers did while they had calls: an estimate from looking twenty times a second, on Linux;
 * elsewhere the times are 0. Times of all workers are added up; those in which a worker has no call
 * are not among them.
 */
export interface GilStats {
  /** Whether Python has one: a free-threaded build has none, unless a module turned it on. */
  readonly enabled: boolean
  /** The module that turned it on in a free-threaded build, where that is known. */
  readonly enabledBy: string | null
  /** Milliseconds in which workers computed; of several that share a GIL, one at a time counts. */
  readonly pythonMs: number
  /**
   * Milliseconds in which workers waited for the GIL. Waiting for a lock with a time limit looks
   * the same.
   */
  readonly waitingMs: number
  /**
   * Milliseconds in which workers slept or waited for something else, or shared a GIL and ran C
   * code without it.
   */
  readonly outsideMs: number
  /** In the last seconds, the waiting as a share of all three, from 0 to 1. */
  readonly waitingShare: number
  /** Whether the GIL is what holds the pool up: more workers would not help. */
  readonly isBound: boolean
  /** What would help, then. */
  readonly advice: string | null
}

/** What one worker has done so far. */
export interface WorkerStats {
  /** The number of the worker, from 0. */
  readonly worker: number
  /**
   * `stopped`: it is not needed now. `down`: it did not start, and will be tried again. `wedged`:
   * it does not come back from a call that was cancelled.
   */
  readonly state: 'stopped' | 'starting' | 'idle' | 'busy' | 'down' | 'wedged'
  /** The process it runs in. */
  readonly pid: number | undefined
  /** Calls that it has taken. */
  readonly calls: number
  /** Calls to which its Python replied with an error. */
  readonly errors: number
  /**
   * Milliseconds that its thread spent on calls that are over. What runs within a callback counts
   * once.
   */
  readonly busyMs: number
  /** Milliseconds of `busyMs` that its thread spent on a processor. */
  readonly cpuMs: number
  /** Milliseconds since it began to take calls. */
  readonly ageMs: number
  /**
   * The share of that time in which its thread had a call, the one that runs included, from 0 to 1.
   */
  readonly utilisation: number
  /**
   * Megabytes that its process holds in memory; `null`: it has no process of its own, or there is
   * none.
   */
  readonly memoryMb: number | null
}
