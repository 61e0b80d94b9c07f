/**
 * The events of a pool. A listener gets one object with these fields. A channel of
 * `node:diagnostics_channel` publishes the same fields and `pool`; {@link CHANNEL_NAMES} has the
 * names of the channels.
 */
export interface PoolEvents {
  /** A worker can take calls. */
  workerStart: {
    /** The number of the worker. */
    readonly worker: number
    /** The id of the process that it runs in. */
    readonly pid: number | undefined
    /** How many milliseconds it took to start. */
    readonly ms: number
  }
  /** A worker has ended. */
  workerExit: {
    /** The number of the worker. */
    readonly worker: number
    /** The id of the process that it ran in. */
    readonly pid: number | undefined
    /** How it ended, in words. */
    readonly how: string
    /** Whether the pool had asked it to end. */
    readonly asked: boolean
    /** The last lines that it printed; `''` when it printed nothing. */
    readonly lastWords: string
  }
  /** A worker does not return from a cancelled call, and cannot be ended. */
  workerWedged: {
    /** The number of the worker. */
    readonly worker: number
    /** How many workers of the pool are wedged now. */
    readonly wedged: number
  }
  /** A worker process is to be replaced by a new one. */
  workerRecycle: {
    /** The number of the worker. */
    readonly worker: number
    /** The id of the process that will end. */
    readonly pid: number | undefined
    /** Which limit of the option `recycle` it has reached, in words. */
    readonly why: string
  }
  /** A module turned the GIL of a free-threaded Python on: its threads take turns from now on. */
  gilEnabled: {
    /** The number of the worker that noticed it. */
    readonly worker: number
    /** The module; `''` when it is not known. */
    readonly module: string
  }
  /** No call waits for a worker any more. */
  drain: Record<never, never>
}

/**
 * The beginning and the end of a single call. Channels publish them; a pool emits no events for
 * them, as there are too many calls.
 */
export interface CallEvents {
  /** A worker has taken the call, for the first time. */
  callStart: CallDetails & {
    /** Milliseconds that the call waited for a worker. */
    readonly queuedMs: number
  }
  /** The promise of the call is settled: once for each `callStart`. */
  callEnd: CallDetails & {
    /** How the promise was settled. */
    readonly outcome: CallOutcome
    /** Milliseconds since `callStart`. */
    readonly ms: number
    /**
     * Milliseconds that the call held the thread of the worker. `undefined` when the worker did not
     * report the time: the call was cancelled or lost, or its coroutine ended at once.
     */
    readonly threadMs: number | undefined
    /** The error with which the promise was rejected. */
    readonly error: unknown
  }
}

/** The facts about a call that are known when it begins. */
export interface CallDetails {
  /** The number of the call in its pool. */
  readonly id: number
  /** The number of the worker that had it last. */
  readonly worker: number
  /** What was called, e.g. `json:dumps`; see {@link PythreadsError.target}. */
  readonly target: string | undefined
}

/**
 * How a call ended. `rejected`: Python raised, or a value could not cross. `cancelled`: its signal,
 * a time limit or `destroy` ended it. `lost`: its worker ended, or an object that it needs is gone.
 */
export type CallOutcome = 'fulfilled' | 'rejected' | 'cancelled' | 'lost'
