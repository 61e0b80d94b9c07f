import type { Writable } from 'node:stream'
import { isRecord } from '../own.ts'
import { check, flag, integer, isWritable, list, oneOf, ownOptions, unset } from './check.ts'
import type { LoggingOptions, LogLevel, OutputLine, PythonLogRecord } from './listeners.ts'
import type { PythonErrorOptions, PythonOptions } from './options.ts'

/** What a program gets to see of Python: lines, errors, log records. */

export interface ResolvedErrors {
  readonly attributes: readonly string[]
  readonly exception: boolean
}

export interface ResolvedLogging {
  readonly handler: (record: PythonLogRecord) => void
  readonly level: number
}

/** Where lines of Python go. */
export type ResolvedOutput = 'inherit' | 'ignore' | ((line: OutputLine) => void) | Writable

const NO_ERROR_OPTIONS = unset([
  'attributes',
  'exception',
] as const satisfies (keyof PythonErrorOptions)[])
const NO_LOGGING_OPTIONS = unset(['handler', 'level'] as const satisfies (keyof LoggingOptions)[])
const LEVELS: Readonly<Record<LogLevel, number>> = {
  NOTSET: 0,
  DEBUG: 10,
  INFO: 20,
  WARNING: 30,
  ERROR: 40,
  CRITICAL: 50,
}

/** A path of attributes: names that are parted by points. */
const PATH = /^[^.\s]+(\.[^.\s]+)*$/
const MAX_LEVEL = 1_000_000

export function resolveErrors(errors: PythonErrorOptions): ResolvedErrors {
  const { attributes: paths = [], exception } = ownOptions(
    'errors',
    errors,
    NO_ERROR_OPTIONS,
    'errors',
  )
  const attributes = list('errors.attributes', paths, 'strings')
  for (const [i, path] of attributes.entries()) {
    check(
      PATH.test(path),
      `errors.attributes[${i}]`,
      "names that are parted by points, e.g. 'response.status_code'",
      path,
    )
  }
  return { attributes, exception: flag('errors.exception', exception) ?? false }
}

export function resolveLogging(logging: NonNullable<PythonOptions['logging']>): ResolvedLogging {
  if (typeof logging === 'function') return { handler: logging, level: LEVELS.INFO }
  check(
    isRecord(logging),
    'logging',
    'a function, or an object with `handler` and `level`',
    logging,
  )
  const { handler, level = 'INFO' } = ownOptions('logging', logging, NO_LOGGING_OPTIONS, 'logging')
  check(typeof handler === 'function', 'logging.handler', 'a function', handler)
  if (typeof level === 'number')
    return { handler, level: integer('logging.level', level, 0, MAX_LEVEL) }
  return {
    handler,
    level:
      LEVELS[oneOf('logging.level', level, Object.keys(LEVELS) as LogLevel[], 'a number, or ')],
  }
}

export function sink(output: ResolvedOutput): ResolvedOutput {
  const ok =
    typeof output === 'function' ||
    isWritable(output) ||
    output === 'inherit' ||
    output === 'ignore'
  check(ok, 'output', "'inherit', 'ignore', a function or a Writable", output)
  return output
}
