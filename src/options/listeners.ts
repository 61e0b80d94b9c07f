/** What listeners of a pool get. */

/** What happens while `dependencies` are installed. */
export interface StartProgress {
  /**
   * `'uv'`: uv is fetched. `'python'`: a Python is installed. `'wait'`: another process makes the
   * same environment. `'install'`: the environment is made.
   */
  readonly step: 'uv' | 'python' | 'wait' | 'install'
  /** One line, for people. */
  readonly text: string
}

/** Which records of Python's `logging` go to which function. */
export interface LoggingOptions {
  /** Gets each record. */
  handler: (record: PythonLogRecord) => void
  /**
   * The lowest level that is sent, by name or as a number. Default: `'INFO'`. It takes the place of
   * the level of Python's root logger, which is WARNING. A record that a logger with a level of its
   * own, or `logging.disable`, drops is not sent.
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
  /** The formatted text, at most 1,048,576 characters of it. */
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
  /** The values of `extra` that are plain; other values are left out. */
  readonly extra: Readonly<Record<string, unknown>>
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

/** A line that Python printed. */
export interface OutputLine {
  /** The line, without its end. */
  readonly text: string
  /**
   * There is none where a newline ended the line. `'\r'`: a carriage return ended it, so the next
   * line overwrites it, as in a progress bar. `''`: it has more than 1,048,576 characters, and goes
   * on in the next line.
   */
  readonly end?: '\r' | ''
  /** Where Python printed it. */
  readonly stream: 'stdout' | 'stderr'
  /** The number of the worker; `null` for sync calls. */
  readonly worker: number | null
  /**
   * The number of the call in that worker; `null` where it is not known: threads, C code, child
   * processes.
   */
  readonly call: number | null
}
