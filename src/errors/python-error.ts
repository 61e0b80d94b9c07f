import {
  checkDetails,
  malformed,
  type PythonErrorDetails,
  type PythonFrame,
  type SourcePlace,
} from './details.ts'
import { brand, isInstance, PythreadsError, registerCopier, show } from './pythreads-error.ts'

/** What {@link PythonError.is} needs of a pool; {@link Python} has it. */
export interface ClassNamer {
  /** The name under which errors know the class that a target names, `module:Class`. */
  className(target: string): Promise<string>
}

interface PythonErrorOptions {
  index?: number | undefined
  /** What was called. */
  target?: string | undefined
  depth?: number
  known?: KnownErrors
}

/**
 * The errors that were made so far, by their details: an exception group may hold one error several
 * times. `undefined` marks an error that is being made, so a cycle ends there. The lists of members
 * are keys too: no two groups may share one.
 */
type KnownErrors = Map<object, unknown>

/** The most characters of Python's frames in a stack: a file name may be long and repeat. */
const MOST_OF_FRAMES = 2 ** 20

/** Causes nested deeper than this are dropped; Python itself sets no limit. */
const MAX_CAUSES = 100

/**
 * An exception that Python raised. `stack` has the frames of Python, the innermost first, then the
 * JavaScript frames of the caller, all as V8 writes them. `traceback` is the text that Python
 * prints. `message` is `str(exception)`; `cause` is the error for `__cause__` or `__context__`.
 *
 * @example
 * ```ts
 * import { Python, PythonError } from 'pythreads'
 *
 * const py = await Python.start()
 * try {
 *   await py.run('json:loads', ['{'])
 * } catch (error) {
 *   if (error instanceof PythonError) console.log(error.type, error.message)
 * }
 * ```
 */
export class PythonError extends PythreadsError {
  static {
    brand(PythonError, 'PythonError')
    registerCopier(
      PythonError,
      (error, target) => new PythonError(error.#details, { index: error.#index, target }),
    )
  }

  /** The exception's class name, e.g. `'ValueError'`. */
  readonly type: string
  /** The module of the exception's class, e.g. `'builtins'` or `'json.decoder'`. */
  readonly module: string
  readonly #details: PythonErrorDetails
  readonly #errors: readonly unknown[] | undefined
  readonly #index: number | undefined

  /** @internal */
  constructor(details: PythonErrorDetails, options: PythonErrorOptions = {}) {
    const depth = options.depth ?? 0
    const known: KnownErrors = options.known ?? new Map([[details, undefined]])
    const nested = (inner: PythonErrorDetails): unknown =>
      toError(inner, { depth: depth + 1, known })
    // An error that is being made is not nested in itself, so loops over `cause` and `errors` end.
    const isInner = (inner: PythonErrorDetails) =>
      depth < MAX_CAUSES && !(known.has(inner) && known.get(inner) === undefined)
    super(details.code, details.message === '' ? details.type : details.message, {
      ...(details.cause !== null && isInner(details.cause) ? { cause: nested(details.cause) } : {}),
      ...(details.path !== null ? { path: details.path } : {}),
      target: options.target,
    })
    this.type = details.type
    this.module = details.module
    this.#details = details
    this.#errors = details.errors?.filter(isInner).map(nested)
    this.#index = options.index
    if (depth > 0) this.#showStack('')
    // `console.log` shows these beside the stack; empty ones are left out.
    if (details.place !== null) show(this, 'place', details.place)
    if (details.notes.length > 0) show(this, 'notes', details.notes)
    if (this.#errors !== undefined) show(this, 'errors', this.#errors)
    if (options.index !== undefined) show(this, 'index', options.index)
  }

  /** The traceback as Python prints it, causes included. */
  get traceback(): string {
    return this.#details.traceback
  }

  /** The traceback's frames, outermost first. */
  get frames(): readonly PythonFrame[] {
    return this.#details.frames
  }

  /** The notes that `add_note` added (Python 3.11 and newer). */
  get notes(): readonly string[] {
    return this.#details.notes
  }

  /**
   * The members of an `ExceptionGroup`, otherwise `undefined`: Python's errors, and values that
   * JavaScript threw.
   */
  get errors(): readonly unknown[] | undefined {
    return this.#errors
  }

  /** The exception's class and its bases as `module:Class`, the class itself first. */
  get bases(): readonly string[] {
    return this.#details.bases
  }

  /** Where a `SyntaxError` is; `undefined` for other exceptions. */
  get place(): SourcePlace | undefined {
    return this.#details.place ?? undefined
  }

  /**
   * The arguments of the exception. `undefined` stands for one that is not plain, or larger than 16
   * KB.
   */
  get args(): readonly unknown[] {
    const { args = [], opaque } = this.#details
    const hidden = new Set(opaque)
    return opaque == null ? args : args.map((arg, at) => (hidden.has(at) ? undefined : arg))
  }

  /**
   * The exception's own data: its public attributes, e.g. `errno` and `filename` of an `OSError`,
   * and the values of the paths that the option `errors` of the pool names, e.g.
   * `response.status_code`. Values that are not plain, or larger than 16 KB, are left out.
   */
  get attributes(): Readonly<Record<string, unknown>> {
    return this.#details.attributes ?? NO_ATTRIBUTES
  }

  /**
   * The exception itself, a remote object without its traceback, where the option `errors` of the
   * pool asks for it. It keeps its worker until it is released.
   */
  get exception(): unknown {
    return this.#details.exception ?? undefined
  }

  /** In `map`: the position of the item that failed, from 0. */
  get index(): number | undefined {
    return this.#index
  }

  /**
   * Whether the exception is an instance of a class, as `isinstance` in Python.
   *
   * @example
   * ```ts
   * if (error instanceof PythonError && (await error.is(py, 'json:JSONDecodeError'))) retry()
   * ```
   * @param py - The pool that looks the class up.
   * @param target - The class, under any name by which Python can import it: `module:Class`.
   * @returns Whether the class is among {@link bases}.
   * @throws The errors of {@link Python.run}, e.g. when there is no such class.
   */
  async is(py: ClassNamer, target: string): Promise<boolean> {
    return this.bases.includes(await py.className(target))
  }

  /**
   * Throws the error. Its `stack` then has the frames of Python and of the JavaScript code that
   * waits for the call; the text is made when it is first read.
   */
  raise(): never {
    const here: { stack?: string } = {}
    Error.captureStackTrace(here, raise)
    this.#showStack(here)
    throw this
  }

  /** `from`: an object whose `stack` has the JavaScript frames; `''` for none. */
  #showStack(from: { stack?: string } | ''): void {
    let stack: unknown
    const get = () => {
      stack ??= [this.#head(), ...shownFrames(this.frames), from === '' ? '' : callers(from)]
        .filter((part) => part !== '')
        .join('\n')
      return stack
    }
    const set = (other: unknown) => {
      stack = other
    }
    Reflect.deleteProperty(this, 'stack') // else V8 formats the old stack, only to replace it
    Object.defineProperty(this, 'stack', { get, set, configurable: true })
  }

  #head(): string {
    return `${this.name} [${this.type}]: ${this.message}`
  }

  /** @internal */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return isInstance(this, PythonError, value)
  }
}

/**
 * Makes the error that `details` describe. A value that a JavaScript callback threw is returned
 * itself.
 *
 * @throws `ERR_PYTHREADS_PROTOCOL` for malformed details
 */
export function toError(details: PythonErrorDetails, options: PythonErrorOptions = {}): unknown {
  const known: KnownErrors = options.known ?? new Map()
  if (known.has(details)) return known.get(details)
  checkDetails(details)
  if (details.thrown !== null) return details.thrown[0]
  if (details.errors !== null && known.has(details.errors)) malformed()
  if (details.errors !== null) known.set(details.errors, undefined)
  known.set(details, undefined)
  const error = new PythonError(details, { ...options, known })
  known.set(details, error)
  return error
}

/** Throws the error; the stack of a `PythonError` gets the JavaScript frames of the caller. */
export function raise(error: unknown): never {
  if (error instanceof PythonError) error.raise()
  throw error
}

const NO_ATTRIBUTES: Readonly<Record<string, unknown>> = Object.freeze({})

/** The frames as V8 writes them, the innermost first. */
function shownFrames(frames: readonly PythonFrame[]): string[] {
  const lines: string[] = []
  let length = 0
  for (let i = frames.length - 1; i >= 0 && length < MOST_OF_FRAMES; i--) {
    const line = shown(frames[i] as PythonFrame).slice(0, MOST_OF_FRAMES)
    length += line.length
    lines.push(line)
  }
  return lines
}

/** A frame in V8's own format, which tools that parse stacks understand. */
function shown({ file, line, column, function: name }: PythonFrame): string {
  return `    at ${name} (${file}:${line}:${Math.max(column ?? 1, 1)})`
}

function callers({ stack = '' }: { stack?: string }): string {
  return stack.split('\n').slice(1).join('\n')
}
