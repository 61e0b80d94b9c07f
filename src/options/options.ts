import type { Writable } from 'node:stream'

/** Where workers run. */
export type IsolationOption = 'auto' | 'thread' | 'subinterpreter' | 'process'

/** What {@link Python.start} takes. Every option may be left out. */
export interface PythonOptions {
  /**
   * Which Python: an executable, a name on PATH, the folder of a virtual environment, or versions:
   * `'3.12'`, `'3.12.4'`, `'>=3.11'`, `'>=3.11,<3.14'`, `'~=3.12.1'`, `'3.11 - 3.13'`, `'3.13t'`
   * without a GIL. Default: the first one found.
   */
  python?: string | undefined
  /**
   * What the pool is called in `stats()`, in the titles of its worker processes and in the names of
   * its threads: up to 64 characters on one line. Default: `pool-1` and so on.
   */
  name?: string | undefined
  /**
   * Where workers run. `'auto'` (the default) takes `'thread'` on a free-threaded Python whose GIL
   * stays off when the modules of `preload` are imported, else `'process'`, and says why in
   * `stats().reasons`. `'subinterpreter'` is used only if you ask for it.
   */
  isolation?: IsolationOption | undefined
  /**
   * How many workers, from 1 to 1000, or from how many to how many: then more are started when
   * calls wait, and those that are not needed end. Default: the number of cores.
   */
  workers?: number | WorkerRange | undefined
  /**
   * Modules, or files ending in `.py` by path or URL, that every worker imports before its first
   * call; on a free-threaded Python `'auto'` tries them.
   */
  preload?: readonly (string | URL)[] | undefined
  /**
   * What every worker calls before its first call: `module:function`, or with arguments. The pool
   * does not start when it raises.
   */
  initialize?: string | URL | Initializer | undefined
  /**
   * Folders that come first in `sys.path`, by URL or by a path that is relative to the current
   * folder.
   */
  path?: readonly (string | URL)[] | undefined
  /**
   * How many calls may wait for a worker; more are refused with `ERR_PYTHREADS_QUEUE_FULL`. `null`
   * (the default): any number.
   */
  maxQueue?: number | null | undefined
  /**
   * How long a call may take, in milliseconds from the moment it is made; then it rejects with
   * `ERR_PYTHREADS_TIMEOUT`, and is interrupted. `null` (the default): any time. Calls can say
   * otherwise.
   */
  timeoutMs?: number | null | undefined
  /**
   * How long a call may wait for a worker, in milliseconds; then it rejects with
   * `ERR_PYTHREADS_QUEUE_TIMEOUT`. Default `null`.
   */
  queueTimeoutMs?: number | null | undefined
  /**
   * How long a call that was cancelled may go on, in milliseconds. Then its worker process is
   * ended, and replaced; a thread cannot be ended: it is left alone, and replaced. Default 1000.
   */
  graceMs?: number | undefined
  /**
   * How long a worker may take for what a Python program does at its end, in milliseconds: `atexit`
   * functions, threads that are no daemons, files that are open. Then it is ended by force. Default
   * 10000.
   */
  closeGraceMs?: number | undefined
  /**
   * How long a worker may take to start, `preload` included, `initialize` not, in milliseconds.
   * Default 60000.
   */
  startTimeoutMs?: number | undefined
  /**
   * How many threads that do not come back from a cancelled call may be replaced, at any time.
   * Default: as many as there are workers. When no worker is left, calls reject with
   * `ERR_PYTHREADS_WEDGED`.
   */
  maxWedged?: number | undefined
  /** What a worker process may use, kept by the operating system. For isolation 'process'. */
  limits?: LimitOptions | undefined
  /**
   * When a worker process is replaced by a new one, in a moment when nothing needs it. For
   * isolation 'process'.
   */
  recycle?: RecycleOptions | undefined
  /** The current folder of worker processes. Default: this process's. For isolation 'process'. */
  cwd?: string | URL | undefined
  /**
   * The environment of worker processes. `'inherit'` (the default): all variables of this process.
   * `'minimal'`: only those that say where things are (`PATH`, `HOME`, `LANG`, `LC_*`, `TZ`,
   * `TMPDIR`, `VIRTUAL_ENV`, `PYTHON*`, `LD_LIBRARY_PATH` and the like). An object: exactly its
   * variables. For isolation `'process'`.
   */
  env?: 'inherit' | 'minimal' | Readonly<Record<string, string>> | undefined
  /**
   * How many threads the libraries for numbers (OpenMP, OpenBLAS, MKL, NumExpr, Accelerate, Numba)
   * start in each worker process: a variable such as `OMP_NUM_THREADS` says so, unless the
   * environment of the workers sets it. `'auto'` (the default): the cores of the machine shared out
   * among the workers, at least 1, so that all workers together do not start more threads than
   * there are cores; where `env` gives the variables, none is added. For isolation 'process'.
   */
  threadsPerWorker?: number | 'auto' | undefined
  /**
   * Whether results, and what functions of JavaScript get, are copied deeply, as `toJS()` does: a
   * dataclass arrives as an object, an Enum as its value. Default false: a value that JavaScript
   * cannot represent arrives as a remote object.
   */
  copy?: boolean | CopyOptions | undefined
  /**
   * Whether values of subclasses of `str`, `bytes`, `int` and `float` stay in Python, as remote
   * objects. Default false: they arrive as the plain value. What is copied is plain in any case.
   */
  exact?: boolean | undefined
  /**
   * What a `datetime` without a zone is: `'exact'` (the default) a `PythonScalar`, as it is no
   * moment; a `Date` of the moment at which it is this time in UTC (`'utc'`), or where this process
   * runs (`'local'`). Passed to Python it is without a zone again.
   */
  naiveDates?: NaiveDates | undefined
  /**
   * Whether Python may not write to the arrays among the arguments. Default false: what it writes
   * is seen where memory is shared.
   */
  readonly?: boolean | undefined
  /**
   * How many megabytes of memory the pool may share with worker processes at a time, and each of
   * them with it. Larger arguments and results are sent by the channel then, which is slower.
   * Default: what the machine has.
   */
  sharedMemoryMb?: number | undefined
  /**
   * Where what Python prints goes. `'inherit'` (the default): to this process's stdout and stderr.
   * A function gets each line with its worker and call, a stream each line; `'ignore'`: nowhere.
   * What C code and child processes print is among it for isolation 'process'; in the other ones it
   * goes to this process's own stdout.
   */
  output?: 'inherit' | 'ignore' | ((line: OutputLine) => void) | Writable | undefined
  /**
   * Where Python's warnings go: to stderr, as it prints them (`'inherit'`, the default), to
   * `process.emitWarning` (`'emit'`), or to a function, which gets each with its worker and call.
   */
  warnings?: 'inherit' | 'emit' | ((warning: PythonWarning) => void) | undefined
  /**
   * Gets the records of Python's `logging`: a function for those of level INFO and above, or with a
   * level.
   */
  logging?: ((record: PythonLogRecord) => void) | LoggingOptions | undefined
  /** What a {@link PythonError} has in addition to its standard properties. */
  errors?: PythonErrorOptions | undefined
}

/** Which records of Python's `logging` go where. */
export interface LoggingOptions {
  /** Gets each record. */
  handler: (record: PythonLogRecord) => void
  /**
   * The lowest level that is sent, by name or as a number. Default `'INFO'`. It stands for the
   * level of Python's root logger, which says WARNING: a record that a logger with its own level,
   * or `logging.disable`, drops is not sent.
   */
  level?: LogLevel | number | undefined
}

/** The name of a level of Python's `logging`. */
export type LogLevel = 'NOTSET' | 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR' | 'CRITICAL'

/** A record of Python's `logging`. */
export interface PythonLogRecord {
  /** 10 is DEBUG, 20 INFO, 30 WARNING, 40 ERROR, 50 CRITICAL. */
  readonly level: number
  /** The name of the level, e.g. `WARNING`. */
  readonly levelName: string
  /** The name of the logger, `root` for the one at the root. */
  readonly logger: string
  /** The formatted text; cut off behind 1,048,576 characters. */
  readonly message: string
  /** When it was logged. */
  readonly time: Date
  /** The number of the worker; `null` for sync calls, and where it is not known. */
  readonly worker: number | null
  /**
   * Which call of the pool it came from, as `call:start` says it; `null` where that is not known.
   */
  readonly call: number | null
  /** The target of that call, e.g. `shop:order`. */
  readonly target: string | undefined
  /** The name of the thread in Python. */
  readonly thread: string
  /** The path of the Python file that logged it. */
  readonly file: string
  /** The line in that file, from 1. */
  readonly line: number
  /** The Python function that logged it, `<module>` at module level. */
  readonly function: string
  /** The traceback, where there is an exception (`exc_info`). */
  readonly exception: string | undefined
  /** The stack, where it was asked for (`stack_info`). */
  readonly stack: string | undefined
  /** What was given as `extra` and is a plain value; other values are left out. */
  readonly extra: Readonly<Record<string, unknown>>
}

/** What a {@link PythonError} has in addition to its standard properties. */
export interface PythonErrorOptions {
  /**
   * Paths of attributes, e.g. `'response.status_code'`: `error.attributes['response.status_code']`
   * is what is found there, through attributes, keys of dicts and positions of lists, where it is a
   * plain value. Properties are read, which may run Python code.
   */
  attributes?: readonly string[] | undefined
  /**
   * Whether `error.exception` is the exception itself, as a remote object. Default false: what it
   * holds would stay in its worker.
   */
  exception?: boolean | undefined
}

/** A warning of Python. */
export interface PythonWarning {
  /** The name of its class, e.g. `DeprecationWarning`. */
  readonly category: string
  /** Its text. */
  readonly message: string
  /** The path of the Python file that it is about. */
  readonly file: string
  /** The line in that file, from 1. */
  readonly line: number
  /** The number of the worker; `null` for sync calls, and where it is not known. */
  readonly worker: number | null
  /**
   * Which call of the pool it came from, as `call:start` says it; `null` where that is not known.
   */
  readonly call: number | null
  /** The target of that call, e.g. `shop:order`. */
  readonly target: string | undefined
}

/** How deeply results are copied. */
export interface CopyOptions {
  /**
   * How many levels of nested objects are copied, from 1 to 1000; a deeper object arrives as a
   * remote object. Lists and dicts do not count: they are copied in any case.
   */
  depth: number
}

/** What a datetime without a zone is in JavaScript. */
export type NaiveDates = 'exact' | 'utc' | 'local'

/** From how many workers to how many. */
export interface WorkerRange {
  /** How many there are always, from 1. */
  min: number
  /** How many there can be. */
  max: number
  /** How long one above `min` may be idle before it ends, in milliseconds. Default 10000. */
  idleMs?: number | undefined
}

/** A function that every worker calls first. */
export interface Initializer {
  /** The function, as the target of {@link Python.run}. */
  target: string | URL
  /** Positional arguments. Default: none. */
  args?: readonly unknown[] | undefined
  /** Keyword arguments. Default: none. */
  kwargs?: KeywordValues | undefined
}

/** The values of keyword arguments, by name: any object but an array, a `Map` or a `Set`. */
export interface KeywordValues {
  // biome-ignore lint/suspicious/noExplicitAny: as an index signature of `unknown` it would refuse what has the type of an interface
  readonly [name: string]: any
  readonly [Symbol.iterator]?: never
}

/** Limits of a worker process. Each may be left out, or `null`: as much as this process. */
export interface LimitOptions {
  /**
   * Megabytes that it may take beyond what it holds when it starts; more raises `MemoryError` in
   * Python. One that holds more than this altogether when it is looked at, once a second, is ended.
   */
  memoryMb?: number | null | undefined
  /**
   * Seconds of processor time in its whole life; then the system ends it by SIGXCPU, and it is
   * replaced.
   */
  cpuSeconds?: number | null | undefined
  /** Descriptors that it may have open. */
  openFiles?: number | null | undefined
}

/** When a worker process is replaced. Each may be left out, or `null`: never for this reason. */
export interface RecycleOptions {
  /** After so many calls. */
  calls?: number | null | undefined
  /** After it has served for so many milliseconds. */
  ageMs?: number | null | undefined
  /** When it holds so many megabytes, looked at once a second. */
  memoryMb?: number | null | undefined
}

/** How calls are made. */
export interface CallOptions {
  /** Whether results are copied deeply. Default: as the pool's option says. */
  copy?: boolean | CopyOptions | undefined
  /**
   * Whether values of subclasses of plain types stay in Python. Default: as the pool's option says.
   */
  exact?: boolean | undefined
  /**
   * Whether Python may not write to the arrays among the arguments. Default: as the pool's option
   * says.
   */
  readonly?: boolean | undefined
  /**
   * Aborts the call: its promise rejects with `ERR_PYTHREADS_ABORTED` at once; what runs is
   * interrupted.
   */
  signal?: AbortSignal | undefined
  /**
   * How long it may take, in milliseconds from the moment it is made. Default: as the pool's option
   * says; `null`: any time.
   */
  timeoutMs?: number | null | undefined
  /**
   * How long it may wait for a worker, in milliseconds. Default: as the pool's option says; `null`:
   * any time.
   */
  queueTimeoutMs?: number | null | undefined
  /** The higher, the sooner it has its turn: a whole number from -1000 to 1000, 0 by default. */
  priority?: number | undefined
  /**
   * How often it may be made again when its worker dies, for calls that may be made twice. Default
   * 0. Not with functions or iterables of JavaScript among the arguments.
   */
  retry?: number | undefined
}

/** A line that Python printed. */
export interface OutputLine {
  /** Without its end. */
  readonly text: string
  /**
   * Only there where no newline ended it. `'\r'`: a carriage return did, so that the next one
   * overwrites it, as the states of a progress bar do. `''`: it is longer than 1,048,576
   * characters, and goes on in the next one.
   */
  readonly end?: '\r' | ''
  /** Where Python printed it. */
  readonly stream: 'stdout' | 'stderr'
  /** The number of the worker, `null`: the one of sync calls. */
  readonly worker: number | null
  /**
   * The number of the call in that worker; `null` where it is not known: threads, C code, child
   * processes.
   */
  readonly call: number | null
}

/** What {@link Python.run} takes besides the target and its positional arguments. */
export interface RunOptions extends CallOptions {
  /** Keyword arguments. */
  kwargs?: KeywordValues | undefined
  /** The number of the worker that has to run it, from 0. Default: any that is idle. */
  worker?: number | undefined
}

/** What {@link Python.map} takes besides the target and the items. */
export interface MapOptions extends Omit<CallOptions, 'timeoutMs'> {
  /** How long the whole map may take, in milliseconds. Default: any time. */
  timeoutMs?: number | null | undefined
  /** Keyword arguments of every call. */
  kwargs?: KeywordValues | undefined
  /** How many items go to a worker at a time; `'auto'` (the default) measures what pays. */
  chunk?: number | 'auto' | undefined
  /** Whether results come in the order of the items (the default), or as they are ready. */
  ordered?: boolean | undefined
  /** Called whenever results have come back. */
  onProgress?:
    | ((progress: { readonly done: number; readonly total: number | undefined }) => void)
    | undefined
}
