/** What happens to a pool, as its events tell and `diagnostics_channel`s publish. */
export interface PoolEvents {
  /** A worker can take calls. `ms`: how long that took. */
  workerStart: { readonly worker: number; readonly pid: number | undefined; readonly ms: number }
  /** A worker has ended. `asked`: it was to end. `lastWords`: what it printed last. */
  workerExit: {
    readonly worker: number
    readonly pid: number | undefined
    readonly how: string
    readonly asked: boolean
    readonly lastWords: string
  }
  /** A worker does not come back from a call that was cancelled, and cannot be ended. `wedged`: how many there are now. */
  workerWedged: { readonly worker: number; readonly wedged: number }
  /** A worker process is to be replaced by a new one. */
  workerRecycle: { readonly worker: number; readonly pid: number | undefined; readonly why: string }
  /** A module turned the GIL of a free-threaded Python on: threads take turns from now on. `''`: it is not known which. */
  gilEnabled: { readonly worker: number; readonly module: string }
  /** The last call that waited for a worker does no longer. */
  drain: Record<never, never>
}

/** What happens to one call; published, but no event: there are too many. */
export interface CallEvents {
  /** A worker has taken it, for the first time. `queuedMs`: how long it waited for that. */
  callStart: CallDetails & { readonly queuedMs: number }
  /** Its promise is settled: once for each `callStart`. */
  callEnd: CallDetails & {
    readonly outcome: CallOutcome
    /** Milliseconds since `callStart`. */
    readonly ms: number
    /** How long it held the worker's thread; `undefined`: the worker has not said so, as the call was cancelled or lost, or as its coroutine ended at once. */
    readonly threadMs: number | undefined
    /** With what it was rejected. */
    readonly error: unknown
  }
}

/** What is known of a call from its beginning. */
export interface CallDetails {
  /** Which call of its pool it is. */
  readonly id: number
  /** The number of the worker that had it last. */
  readonly worker: number
  readonly target: string | undefined
}

/**
 * How a call ended. `rejected`: by an error of Python or of a value. `cancelled`: by its signal, a time limit, or `destroy`. `lost`: with
 * its worker, or with an object that it needs.
 */
export type CallOutcome = 'fulfilled' | 'rejected' | 'cancelled' | 'lost'
