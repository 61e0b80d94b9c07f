/**
 * The events of a pool. A listener gets one object with these fields; a channel of
 * `node:diagnostics_channel` publishes the same fields and `pool`. {@link CHANNEL_NAMES} has the
 * names of the channels.
 */
export interface PoolEvents {
  /** A worker can take calls. */
  workerStart: {
    /** The number of the worker. */
    readonly worker: number
    /** The process it runs in. */
    readonly pid: number | undefined
    /** Milliseconds that its start took. */
    readonly ms: number
  }
  /** A worker has ended. */
  workerExit: {
    /** The number of the worker. */
    readonly worker: number
    /** The process it ran in. */
    readonly pid: number | undefined
    /** How it ended, in words. */
    readonly how: string
    /** Whether the pool had asked it to end. */
    readonly asked: boolean
    /** The last lines that it printed; `''`: nothing. */
    readonly lastWords: string
  }
  /** A worker does not return from a call that was cancelled, and cannot be ended. */
  workerWedged: {
    /** The number of the worker. */
    readonly worker: number
    /** How many such workers there are now. */
    readonly wedged: number
  }
  /** A worker process is to be replaced by a new one. */
  workerRecycle: {
    /** The number of the worker. */
    readonly worker: number
    /** The process that is to end. */
    readonly pid: number | undefined
    /** Which limit of the option `recycle` it has reached, in words. */
    readonly why: string
  }
  /** A module turned the GIL of a free-threaded Python on: its threads take turns from now on. */
  gilEnabled: {
    /** The number of the worker that noticed it. */
    readonly worker: number
    /** The module; `''`: it is not known. */
    readonly module: string
  }
  /** No call waits for a worker any more. */
  drain: Record<never, never>
}

/**
 * What happens to a single call. Channels publish it; it is no event, as there are too many calls.
 */
export interface CallEvents {
  /** A worker has taken the call, for the first time. */
  callStart: CallDetails & {
    /** Milliseconds that the call waited for a worker. */
    readonly queuedMs: number
  }
  /** The promise of the call is settled: once for each `callStart`. */
  callEnd: CallDetails & {
    /** How it was settled. */
    readonly outcome: CallOutcome
    /** Milliseconds since `callStart`. */
    readonly ms: number
    /**
     * Milliseconds that the call held the thread of the worker. `undefined`: the worker has not
     * said so, as the call was cancelled or lost, or as its coroutine ended at once.
     */
    readonly threadMs: number | undefined
    /** The error with which the promise was rejected. */
    readonly error: unknown
  }
}

/** What is known of a call from its beginning. */
export interface CallDetails {
  /** The number of the call in its pool. */
  readonly id: number
  /** The number of the worker that had it last. */
  readonly worker: number
  /** What was called, e.g. `json:dumps`; see {@link PythreadsError.target}. */
  readonly target: string | undefined
}

/**
 * How a call ended. `rejected`: by an error of Python or of a value. `cancelled`: by its signal, a
 * time limit, or `destroy`. `lost`: with its worker, or with an object that it needs.
 */
export type CallOutcome = 'fulfilled' | 'rejected' | 'cancelled' | 'lost'
