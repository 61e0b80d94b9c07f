import { PythreadsError } from '../errors/index.ts'
import { plain } from './run.ts'

const MAX_LINES = 12
const MAX_LENGTH = 1_000

/** Makes the error of an environment that cannot be made, or of what is asked for. */
export function environmentError(message: string, cause?: unknown): PythreadsError {
  return new PythreadsError(
    'ERR_PYTHREADS_ENVIRONMENT',
    message,
    cause === undefined ? {} : { cause },
  )
}

/** The words of uv or pip that say what went wrong, without the progress before them. */
export function wordsOf(output: string): string {
  const lines = plain(output)
    .split(/\r\n|[\r\n]/)
    .map((line) => line.trimEnd())
    .filter((line) => line.trim() !== '' && !/^\s*(WARNING|warning|hint|\[notice\])[: ]/.test(line))
  // uv begins with `error:` or with a cross, pip has `ERROR:` at the begin of each line.
  const first = lines.findIndex((line) => /^\s*(error\b|ERROR:|×|Error:)/.test(line))
  const words = first < 0 ? lines.slice(-MAX_LINES) : lines.slice(first, first + MAX_LINES)
  return words
    .map((line) => (line.length > MAX_LENGTH ? `${line.slice(0, MAX_LENGTH)}...` : line))
    .join('\n')
}

/** Indents all lines but the first, as a part of a list. */
export function indented(text: string): string {
  return text.replace(/\n/g, '\n    ')
}
