import { ERROR_CODES } from './codes.ts'
import type { PythonErrorDetails } from './python-error.ts'
import { PythreadsError } from './pythreads-error.ts'

/**
 * Checks what a worker says of an exception, except for other exceptions in it: whoever reads the
 * error later must not meet anything else.
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

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
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

/** A number: SyntaxErrors can be made with any. */
function isNumber(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'bigint'
}
