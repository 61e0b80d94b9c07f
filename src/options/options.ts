import type { Writable } from 'node:stream'

/** Where workers run. */
export type IsolationOption = 'auto' | 'thread' | 'subinterpreter' | 'process'

/** What {@link Python.start} takes. Every option may be left out. */
export interface PythonOptions {
  /** Which Python: an executable, a name on PATH, or the folder of a virtual environment. Default: the first one found. */
  python?: string | undefined
  /** Where workers run. `'auto'` (the default) chooses what runs Python code in parallel and says why in `stats()`. */
  isolation?: IsolationOption | undefined
  /** How many workers, from 1 to 1000. Default: the number of cores. */
  workers?: number | undefined
  /** Modules, or files ending in `.py`, that every worker imports before its first call; `'auto'` takes them into account. */
  preload?: readonly string[] | undefined
  /** Folders that come first in `sys.path`, relative to the current folder. */
  path?: readonly string[] | undefined
  /** How many calls may wait for a worker; more are refused with `ERR_PYTHREADS_QUEUE_FULL`. `null` (the default): any number. */
  maxQueue?: number | null | undefined
  /**
   * Whether results are copied deeply, as `toJS()` does: a dataclass arrives as an object, an Enum as its value. Default false:
   * what has no equal in JavaScript arrives as a remote object.
   */
  copy?: boolean | undefined
  /**
   * Where what Python prints goes. `'inherit'` (the default): to this process's stdout and stderr. A function gets each line
   * with its worker and call, a stream each line; `'ignore'`: nowhere. What C code and child processes print is among it for
   * isolation 'process'; in the other ones it goes to this process's own stdout.
   */
  output?: 'inherit' | 'ignore' | ((line: OutputLine) => void) | Writable | undefined
  /** Where Python's warnings go: to stderr, as it prints them (`'inherit'`, the default), or to `process.emitWarning` (`'emit'`). */
  warnings?: 'inherit' | 'emit' | undefined
}

/** A line that Python printed. */
export interface OutputLine {
  /** Without its end. */
  readonly text: string
  readonly stream: 'stdout' | 'stderr'
  /** The number of the worker, `null`: the one of sync calls. */
  readonly worker: number | null
  /** The number of the call in that worker; `null` where it is not known: threads, C code, child processes. */
  readonly call: number | null
}

/** What {@link Python.run} takes besides the target and its arguments. */
export interface RunOptions {
  /** Keyword arguments. */
  kwargs?: Readonly<Record<string, unknown>> | undefined
  /** The number of the worker that has to run it, from 0. Default: any that is idle. */
  worker?: number | undefined
  /** Whether the result is copied deeply. Default: as the pool's option says. */
  copy?: boolean | undefined
  /** Aborts the call: its promise rejects with `ERR_PYTHREADS_ABORTED`; one that waits is dropped, a coroutine is cancelled. */
  signal?: AbortSignal | undefined
}

/** What {@link Python.map} takes besides the target and the items. */
export interface MapOptions {
  /** Keyword arguments of every call. */
  kwargs?: Readonly<Record<string, unknown>> | undefined
  /** How many items go to a worker at a time; `'auto'` (the default) measures what pays. */
  chunk?: number | 'auto' | undefined
  /** Whether results come in the order of the items (the default), or as they are ready. */
  ordered?: boolean | undefined
  /** Whether results are copied deeply. Default: as the pool's option says. */
  copy?: boolean | undefined
  /** Called whenever results have come back. */
  onProgress?: ((progress: { readonly done: number; readonly total: number | undefined }) => void) | undefined
}
