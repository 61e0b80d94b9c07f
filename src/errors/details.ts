import { isRecord } from '../own.ts'
import { ERROR_CODES, type ErrorCode } from './codes.ts'
import { PythreadsError } from './pythreads-error.ts'

/** One line of a Python traceback. */
export interface PythonFrame {
  /** The file name as Python has it, e.g. `/srv/app/rules.py` or `<pythreads exec 1>`. */
  file: string
  /** The line, from 1; 0 when it is not known. */
  line: number
  /**
   * The column, from 1; 0 when it is not known. In Python 3.10: the column at which the line
   * begins.
   */
  column: number
  /** The function's name, `<module>` at module level. */
  function: string
  /** The source line without its indent, `''` when it is not known. */
  source: string
}

/** The description of an exception, as the kernel sends it. */
export interface PythonErrorDetails {
  code: ErrorCode
  type: string
  module: string
  message: string
  traceback: string
  frames: PythonFrame[]
  notes: string[]
  cause: PythonErrorDetails | null
  /** The members of an exception group, `null` for any other exception. */
  errors: PythonErrorDetails[] | null
  /** The key path of a value that could not cross; `null` for every other error. */
  path: string | null
  /** The exception's class and its bases, as `module:Class`, without `object`. */
  bases: string[]
  place: SourcePlace | null
  /** The value that a JavaScript callback threw, in an array; `null` for an exception of Python. */
  thrown: [unknown] | null
  /** The exception's arguments, with null for those that are not plain values. */
  args?: unknown[]
  /** The positions of the arguments that are not plain values. */
  opaque?: number[] | null
  /** The exception's public attributes that are plain values, and those that `errors` names. */
  attributes?: Record<string, unknown> | null
  /** A remote object for the exception, where the pool's option `errors` asks for it. */
  exception?: unknown
}

/** Where in a Python source text something is. */
export interface SourcePlace {
  /** The file name as Python has it, e.g. `<pythreads exec 1>`. */
  readonly file: string
  /** The line, from 1. */
  readonly line: number
  /** The column, from 1; 0 when it is not known. */
  readonly column: number
  /** The line itself. */
  readonly text: string
}

/**
 * Checks the description of an exception that a worker sent: a hostile worker can send anything,
 * and `PythonError` reads the fields without looking. The exceptions nested in it are checked when
 * `toError` reaches them.
 */
export function checkDetails(details: unknown): asserts details is PythonErrorDetails {
  if (!isRecord(details)) malformed()
  const {
    code,
    type,
    module,
    message,
    traceback,
    frames,
    notes,
    cause,
    errors,
    path,
    bases,
    place,
    thrown,
  } = details
  const { args = [], opaque = null, attributes = null } = details
  const isWhole =
    typeof code === 'string' &&
    Object.hasOwn(ERROR_CODES, code) &&
    areTexts([type, module, message, traceback]) &&
    areTexts(notes) &&
    areTexts(bases) &&
    (path === null || typeof path === 'string') &&
    Array.isArray(frames) &&
    frames.every(isFrame) &&
    (place === null || isPlace(place)) &&
    (cause === null || isRecord(cause)) &&
    (errors === null || Array.isArray(errors)) &&
    (thrown === null || (Array.isArray(thrown) && thrown.length === 1)) &&
    Array.isArray(args) &&
    (opaque === null || (Array.isArray(opaque) && opaque.every(isNumber))) &&
    (attributes === null || isRecord(attributes))
  if (!isWhole) malformed()
}

export function malformed(): never {
  throw new PythreadsError(
    'ERR_PYTHREADS_PROTOCOL',
    'Malformed value from Python: an exception without its parts',
  )
}

function areTexts(values: unknown): boolean {
  return Array.isArray(values) && values.every((value) => typeof value === 'string')
}

function isFrame(frame: unknown): boolean {
  if (!isRecord(frame)) return false
  const { file, line, column, function: name, source } = frame
  return (
    typeof file === 'string' &&
    isNumber(line) &&
    isNumber(column) &&
    typeof name === 'string' &&
    typeof source === 'string'
  )
}

function isPlace(place: unknown): boolean {
  return (
    isRecord(place) &&
    typeof place['file'] === 'string' &&
    isNumber(place['line']) &&
    isNumber(place['column']) &&
    typeof place['text'] === 'string'
  )
}

/** Python code can construct a SyntaxError with any int, which may arrive as a bigint. */
function isNumber(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'bigint'
}
