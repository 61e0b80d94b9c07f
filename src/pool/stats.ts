import type { TimesSummary } from '../observe/index.ts'

/** What a pool has done so far. */
export interface PoolStats {
  /** Each worker, in the order of the numbers. */
  readonly workers: readonly WorkerStats[]
  /** How many calls wait for a worker. */
  readonly queued: number
  /** How many calls a worker has and a caller waits for. */
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
  /** Workers that ended on their own, or got stuck, and were replaced. */
  readonly replaced: number
  /** Worker processes that the option `recycle` replaced. */
  readonly recycled: number
  /** Threads that do not return from a call that was cancelled, replaced or not. */
  readonly wedged: number
  /** Objects in Python that JavaScript holds. */
  readonly objects: number
  /** JavaScript functions, iterators and errors that Python holds. */
  readonly callbacks: number
  /** Memory that JavaScript and Python share. */
  readonly memory: MemoryStats
  /**
   * How long calls waited for a worker, in milliseconds. Calls that a worker took at once are not
   * among them.
   */
  readonly queueTimes: TimesSummary
  /**
   * How long calls held the thread of a worker, in milliseconds. A coroutine holds it only while it
   * begins. A call that waits for a callback holds it also while other calls run within the
   * callback.
   */
  readonly runTimes: TimesSummary
  /** Whether the GIL slows the workers down. */
  readonly gil: GilStats
}

/** Memory that JavaScript and Python share: of all pools of this JavaScript thread. */
export interface MemoryStats {
  /** How many arrays, and large arguments, Python still holds. */
  readonly lent: number
  /** How many arrays in JavaScript are memory of Python. */
  readonly borrowed: number
  /**
   * Megabytes in use: arrays of `alloc`, copies that are lent, and arrays that are memory of
   * Python.
   */
  readonly usedMb: number
  /** Megabytes that all of it takes, with free parts that are kept for the next arrays. */
  readonly residentMb: number
}

/**
 * What workers did while they had calls: the sum of all workers. It is an estimate, from twenty
 * samples a second, on Linux. Elsewhere the times are 0.
 */
export interface GilStats {
  /** Whether Python has a GIL: a free-threaded build has none, unless a module turned it on. */
  readonly enabled: boolean
  /** The module that turned the GIL of a free-threaded build on; `null`: none, or not known. */
  readonly enabledBy: string | null
  /** Milliseconds in which workers computed. Of workers that share a GIL, one at a time counts. */
  readonly pythonMs: number
  /**
   * Milliseconds in which workers waited for the GIL. A wait for a lock with a time limit looks the
   * same.
   */
  readonly waitingMs: number
  /**
   * Milliseconds in which workers slept, waited for something else, or ran C code without the GIL
   * that they share.
   */
  readonly outsideMs: number
  /** In the last seconds: the share of `waitingMs` in all three times, from 0 to 1. */
  readonly waitingShare: number
  /** Whether the GIL limits the pool, so that more workers would not help. */
  readonly isBound: boolean
  /** A sentence on what would help; `null` where the GIL does not limit the pool. */
  readonly advice: string | null
}

/** What one worker has done so far. */
export interface WorkerStats {
  /** The number of the worker, from 0. */
  readonly worker: number
  /**
   * `stopped`: nothing needs it now. `down`: it did not start, and is tried again. `wedged`: it
   * does not return from a call that was cancelled.
   */
  readonly state: 'stopped' | 'starting' | 'idle' | 'busy' | 'down' | 'wedged'
  /** The number of the process it runs in; `undefined` where there is none. */
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
  /** Milliseconds since it began to take calls; 0 where there is none. */
  readonly ageMs: number
  /** The share of `ageMs` in which its thread had a call, with the call that runs, from 0 to 1. */
  readonly utilisation: number
  /**
   * Megabytes that its process holds in memory (resident); `null` where it has no process of its
   * own.
   */
  readonly memoryMb: number | null
}
