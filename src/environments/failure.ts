import { PythreadsError } from '../errors/index.ts'
import { plain } from './run.ts'

const FIRST_LINES = 4
const LAST_LINES = 6
const MAX_LENGTH = 400

/** Makes the error of an environment that cannot be made, or of what is asked for. */
export function environmentError(message: string, cause?: unknown): PythreadsError {
  return new PythreadsError(
    'ERR_PYTHREADS_ENVIRONMENT',
    message,
    cause === undefined ? {} : { cause },
  )
}

/**
 * The words of uv or pip that say what went wrong, without the progress before them. Of a long text
 * the begin and the end remain: uv ends with what follows, and a traceback with its error.
 */
export function wordsOf(output: string): string {
  const lines = plain(output)
    .split(/\r\n|[\r\n]/)
    .map((line) => line.trimEnd())
    .filter((line) => line.trim() !== '' && !NO_NEWS.test(line))
  const first = lines.findIndex((line) => BEGINS_ERROR.test(line))
  const words = first < 0 ? lines.slice(-LAST_LINES) : lines.slice(first)
  const head = words.some((line) => line.startsWith('Traceback')) ? 1 : FIRST_LINES
  const few =
    words.length <= head + LAST_LINES
      ? words
      : [...words.slice(0, head), '...', ...words.slice(-LAST_LINES)]
  return few
    .map((line) => (line.length > MAX_LENGTH ? `${line.slice(0, MAX_LENGTH)}...` : line))
    .join('\n')
}

/**
 * uv begins with `error:`, older ones with a cross, and pip has `ERROR:` at the begin of each line.
 */
export const BEGINS_ERROR: RegExp = /^\s*(error\b|ERROR:|×|Error:)/
const NO_NEWS = /^\s*(WARNING|warning|hint|\[notice\])[: ]/

/** Indents all lines but the first, as a part of a list. */
export function indented(text: string): string {
  return text.replace(/\n/g, '\n    ')
}
