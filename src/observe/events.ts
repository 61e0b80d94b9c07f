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
  /** A worker has taken it. `queuedMs`: how long it waited for that. */
  callStart: { readonly worker: number; readonly target: string | undefined; readonly queuedMs: number }
  /** It is over. `threadMs`: how long it held the worker's thread. */
  callEnd: { readonly worker: number; readonly target: string | undefined; readonly threadMs: number }
}
