import type { Writable } from 'node:stream'
import type { IsolationKind } from '../isolation/index.ts'
import type {
  LoggingOptions,
  OutputLine,
  PythonLogRecord,
  PythonWarning,
  StartProgress,
} from './listeners.ts'

/** Where workers run. */
export type IsolationOption = 'auto' | IsolationKind

/** What {@link Python.start} takes. Every option may be left out. */
export interface PythonOptions {
  /**
   * Which Python: the path of an executable, a name on PATH, the folder of a virtual environment,
   * or a version: `'3.12'`, `'3.12.4'`, `'>=3.11'`, `'>=3.11,<3.14'`, `'~=3.12.1'`, `'3.11 -
   * 3.13'`, and `'3.13t'` for a free-threaded build. Default: the first one that is found.
   */
  python?: string | undefined
  /**
   * The packages that Python needs: requirements as pip takes them (`['numpy>=2', 'pandas']`), or
   * a file, by URL or by a path relative to the current folder: a requirements.txt, a
   * pyproject.toml, a file of Python with a block `# /// script`, a lock file. They are installed
   * into a virtual environment of their own, which is made once and kept in the cache folder. A
   * version of Python that this machine lacks is installed by uv. `[]`: no packages. Default:
   * nothing is installed.
   */
  dependencies?: readonly string[] | string | URL | undefined
  /**
   * Whether a lock file must say the version of each package of `dependencies`. Default: false.
   * Then a lock file that fits is used, and without one the newest versions that fit are installed.
   */
  frozen?: boolean | undefined
  /** Gets what happens while `dependencies` are installed. Default: nothing is told. */
  onProgress?: ((progress: StartProgress) => void) | undefined
  /**
   * The name of the pool in `stats()`, in the titles of its worker processes and in the names of
   * its threads: up to 64 characters on one line. Default: `pool-1` and so on.
   */
  name?: string | undefined
  /**
   * Where workers run. `'auto'` (the default) takes `'thread'` on a free-threaded Python whose GIL
   * stays off when the modules of `preload` are imported, else `'process'`. `stats().reasons` says
   * why. It never takes `'subinterpreter'`.
   */
  isolation?: IsolationOption | undefined
  /**
   * How many workers there are, from 1 to 1000, or a range: then workers start when calls wait, and
   * end when nothing needs them. Default: the number of cores.
   */
  workers?: number | WorkerRange | undefined
  /**
   * Modules that every worker imports before its first call: dotted names, or files that end in
   * `.py`, by path or URL. On a free-threaded Python `isolation: 'auto'` tries them. Default: none.
   */
  preload?: readonly (string | URL)[] | undefined
  /**
   * A function that every worker calls before its first call: `module:function`, the URL of a file
   * with `#function`, or one with arguments. When it raises, the pool does not start. Default:
   * none.
   */
  initialize?: string | URL | Initializer | undefined
  /**
   * Folders that come first in `sys.path`, by URL or by a path relative to the current folder.
   * Default: none.
   */
  path?: readonly (string | URL)[] | undefined
  /**
   * How many calls may wait for a worker. Further calls reject with `ERR_PYTHREADS_QUEUE_FULL`.
   * `null` (the default): any number.
   */
  maxQueue?: number | null | undefined
  /**
   * How long a call may take, in milliseconds from the moment it is made. Then it rejects with
   * `ERR_PYTHREADS_TIMEOUT`, and Python is interrupted. `null` (the default): any time. The option
   * of a call has precedence.
   */
  timeoutMs?: number | null | undefined
  /**
   * How long a call may wait for a worker, in milliseconds. Then it rejects with
   * `ERR_PYTHREADS_QUEUE_TIMEOUT`. `null` (the default): any time. The option of a call has
   * precedence.
   */
  queueTimeoutMs?: number | null | undefined
  /**
   * How long a cancelled call may run on, in milliseconds. Then its worker process is ended and
   * replaced. A thread cannot be ended: it is left alone and replaced. Default: 1000.
   */
  graceMs?: number | undefined
  /**
   * How long a worker may take for what a Python program does at its end, in milliseconds: `atexit`
   * functions, threads that are no daemons, open files. Then it is ended by force. Default: 10000.
   */
  closeGraceMs?: number | undefined
  /**
   * How long a worker may take to start, in milliseconds, with `preload`, but without `initialize`.
   * Default: 60000.
   */
  startTimeoutMs?: number | undefined
  /**
   * How many threads that do not return from a cancelled call may be replaced, at any time. When no
   * worker is left, calls reject with `ERR_PYTHREADS_WEDGED`. Default: the number of workers.
   */
  maxWedged?: number | undefined
  /** How much a worker process may use. For isolation `'process'`, and not on Windows. */
  limits?: LimitOptions | undefined
  /**
   * When a worker process is replaced by a new one, as soon as nothing needs it. For isolation
   * `'process'`.
   */
  recycle?: RecycleOptions | undefined
  /**
   * The current folder of worker processes. Default: that of this process. For isolation
   * `'process'`.
   */
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
   * start in each worker process. pythreads sets `OMP_NUM_THREADS` and its like, unless the
   * environment of the workers has them. `'auto'` (the default): the cores of the machine divided
   * by the number of workers, at least 1; where `env` is an object, no variable is added. For
   * isolation `'process'`.
   */
  threadsPerWorker?: number | 'auto' | undefined
  /**
   * Whether results, and the arguments of callbacks, are copied deeply, as `toJS()` does: a
   * dataclass arrives as an object, an Enum as its value. Default: false. Then a value that
   * JavaScript cannot represent arrives as a remote object.
   */
  copy?: boolean | CopyOptions | undefined
  /**
   * Whether values of subclasses of `str`, `bytes`, `int` and `float` stay in Python, as remote
   * objects. Default: false. Then they arrive as the plain value. Copies are plain in any case.
   */
  exact?: boolean | undefined
  /**
   * What a `datetime` without a zone arrives as. `'exact'` (the default): a {@link PythonScalar},
   * as it is no moment. `'utc'` and `'local'`: a {@link PythonDate} of the moment at which a clock
   * in UTC, or one where this process runs, shows this time. Passed to Python it has no zone again.
   */
  naiveDates?: NaiveDates | undefined
  /**
   * Whether arrays among the arguments are read-only in Python. Default: false. Then JavaScript
   * sees what Python writes, where they share the memory.
   */
  readonly?: boolean | undefined
  /**
   * How many megabytes of copies the pool may lend to worker processes at a time, and how many
   * megabytes each worker may lend. What is more goes through the channel, which is slower.
   * Default: the memory of the machine.
   */
  sharedMemoryMb?: number | undefined
  /**
   * Where the output of Python goes. `'inherit'` (the default): to the stdout and stderr of this
   * process. `'ignore'`: nowhere. A function gets each line with its worker and call, a stream gets
   * each line. In isolation `'process'` this includes the output of C code and of child processes;
   * in the others that goes to the stdout of this process.
   */
  output?: 'inherit' | 'ignore' | ((line: OutputLine) => void) | Writable | undefined
  /**
   * Where the warnings of Python go. `'inherit'` (the default): to stderr, as Python prints them.
   * `'emit'`: to `process.emitWarning`. A function gets each warning with its worker and call.
   */
  warnings?: 'inherit' | 'emit' | ((warning: PythonWarning) => void) | undefined
  /**
   * Gets the records of Python's `logging`. A function gets those of level INFO and above; an
   * object has a function and another level. Default: none.
   */
  logging?: ((record: PythonLogRecord) => void) | LoggingOptions | undefined
  /** What a {@link PythonError} has besides its standard properties. Default: nothing. */
  errors?: PythonErrorOptions | undefined
}

/** What a {@link PythonError} has besides its standard properties. */
export interface PythonErrorOptions {
  /**
   * Paths of attributes, e.g. `'response.status_code'`, through attributes, keys of dicts and
   * positions of lists. `error.attributes['response.status_code']` is the value at the end of the
   * path, where it is plain. Reading properties may run Python code.
   */
  attributes?: readonly string[] | undefined
  /**
   * Whether `error.exception` is the exception itself, as a remote object. Default: false, as a
   * remote object keeps its worker.
   */
  exception?: boolean | undefined
}

/** How deeply values are copied. */
export interface CopyOptions {
  /**
   * How many levels of nested objects are copied, from 1 to 1000. A deeper object arrives as a
   * remote object. Lists and dicts do not count: they are copied at any depth.
   */
  depth: number
}

/** What a datetime without a zone arrives as: see {@link PythonOptions.naiveDates}. */
export type NaiveDates = 'exact' | 'utc' | 'local'

/** The least and the most workers of a pool. */
export interface WorkerRange {
  /** How many there are at least, from 1. */
  min: number
  /** How many there are at most, up to 1000. */
  max: number
  /**
   * How long a worker may be idle before it ends, in milliseconds, where there are more than `min`.
   * Default: 10000.
   */
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

/** The values of keyword arguments, by name: any object except an array, a `Map` or a `Set`. */
export interface KeywordValues {
  // biome-ignore lint/suspicious/noExplicitAny: as an index signature of `unknown` it would refuse what has the type of an interface
  readonly [name: string]: any
  readonly [Symbol.iterator]?: never
}

/** Limits of a worker process. A limit that is left out, or `null`, is that of this process. */
export interface LimitOptions {
  /**
   * Megabytes that it may allocate after its start; more raises `MemoryError` in Python. A worker
   * that holds more than this in total, which is measured once a second, is ended.
   */
  memoryMb?: number | null | undefined
  /**
   * Seconds of processor time in its whole life. Then the system ends it by SIGXCPU, and it is
   * replaced.
   */
  cpuSeconds?: number | null | undefined
  /** How many descriptors it may have open. More raise `OSError` in Python. */
  openFiles?: number | null | undefined
}

/** When a worker process is replaced. A limit that is left out, or `null`, is none. */
export interface RecycleOptions {
  /** After this number of calls. */
  calls?: number | null | undefined
  /** After it has taken calls for this number of milliseconds. */
  ageMs?: number | null | undefined
  /** When it holds this number of megabytes, which is measured once a second. */
  memoryMb?: number | null | undefined
}

/** Options of every kind of call. */
export interface CallOptions {
  /** Whether results are copied deeply. Default: the option of the pool. */
  copy?: boolean | CopyOptions | undefined
  /**
   * Whether values of subclasses of plain types stay in Python. Default: the option of the pool.
   */
  exact?: boolean | undefined
  /**
   * Whether arrays among the arguments are read-only in Python. Default: the option of the pool.
   */
  readonly?: boolean | undefined
  /**
   * Aborts the call: its promise rejects with `ERR_PYTHREADS_ABORTED` at once, and Python is
   * interrupted.
   */
  signal?: AbortSignal | undefined
  /**
   * How long the call may take, in milliseconds from the moment it is made. `null`: any time.
   * Default: the option of the pool.
   */
  timeoutMs?: number | null | undefined
  /**
   * How long the call may wait for a worker, in milliseconds. `null`: any time. Default: the option
   * of the pool.
   */
  queueTimeoutMs?: number | null | undefined
  /**
   * A whole number from -1000 to 1000: of the calls that wait, the highest is first. Default: 0.
   */
  priority?: number | undefined
  /**
   * How often the call is made again when its worker dies during it, from 0 to 1000. Use it for
   * calls that may run twice. It excludes functions and iterables of JavaScript among the
   * arguments. Default: 0.
   */
  retry?: number | undefined
}

/** What {@link Python.run} takes besides the target and its positional arguments. */
export interface RunOptions extends CallOptions {
  /** Keyword arguments. */
  kwargs?: KeywordValues | undefined
  /** The number of the worker that runs the call, from 0. Default: any worker. */
  worker?: number | undefined
}

/** What {@link Python.map} takes besides the target and the items. */
export interface MapOptions extends Omit<CallOptions, 'timeoutMs'> {
  /** How long the whole map may take, in milliseconds. `null` (the default): any time. */
  timeoutMs?: number | null | undefined
  /** Keyword arguments of every call. */
  kwargs?: KeywordValues | undefined
  /**
   * How many items go to a worker at a time, from 1 to 1048576. `'auto'` (the default): measured.
   */
  chunk?: number | 'auto' | undefined
  /** Whether results come in the order of the items. Default: true. If false: as they are ready. */
  ordered?: boolean | undefined
  /** A function that is called when results have arrived; see {@link MapProgress}. */
  onProgress?:
    | ((progress: { readonly done: number; readonly total: number | undefined }) => void)
    | undefined
}
