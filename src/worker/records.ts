import { PythreadsError, tellListener } from '../errors/index.ts'
import type { PythonLogRecord, PythonWarning } from '../options/index.ts'

export type WarningListener = (warning: PythonWarning) => void
export type LogListener = (record: PythonLogRecord) => void

/** What gets what Python tells; `undefined`: it does not. */
export interface Listeners {
  readonly onWarning: WarningListener | undefined
  readonly onLog: LogListener | undefined
}

/** What a record can be told of the call that it came from. */
interface Origin {
  /** The number that it has everywhere. */
  readonly order: number
  readonly target: string | undefined
}

/** Finds a call by the number of its request. */
export type FindCall = (request: number) => Origin | undefined

/** Hands on a warning. `worker`: whose it is, if it is known. */
export function tellWarning(
  payload: unknown,
  worker: number | null,
  find: FindCall,
  listener: WarningListener,
): void {
  const [category, message, file, line, request, isKnown] = fields(payload, 6)
  const origin = originOf(request, find)
  tellListener(listener, {
    category: text(category),
    message: text(message),
    file: text(file),
    line: number(line),
    worker: isKnown === true ? worker : null,
    ...origin,
  })
}

/** Hands on a record of `logging`. `worker`: whose it is, if it is known. */
export function tellLog(
  payload: unknown,
  worker: number | null,
  find: FindCall,
  listener: LogListener,
): void {
  const [request, isKnown, level, levelName, logger, message, seconds, ...rest] = fields(
    payload,
    14,
  )
  const [thread, file, line, name, exception, stack, extra] = rest
  const origin = originOf(request, find)
  tellListener(listener, {
    level: number(level),
    levelName: text(levelName),
    logger: text(logger),
    message: text(message),
    time: new Date(number(seconds) * 1000),
    worker: isKnown === true ? worker : null,
    ...origin,
    thread: text(thread),
    file: text(file),
    line: number(line),
    function: text(name),
    exception: optional(exception),
    stack: optional(stack),
    extra: typeof extra === 'object' && extra !== null ? (extra as Record<string, unknown>) : {},
  })
}

/**
 * A listener that hands warnings to the process, which prints them unless somebody listens to
 * `warning`.
 */
export function emitWarning({ category, message, file, line, worker }: PythonWarning): void {
  process.emitWarning(message, {
    type: category,
    code: 'PYTHREADS',
    detail: `${file}:${line}, Python worker ${worker ?? 'of sync calls'}`,
  })
}

function fields(payload: unknown, count: number): readonly unknown[] {
  if (Array.isArray(payload) && payload.length === count) return payload
  return malformed()
}

function malformed(): never {
  throw new PythreadsError(
    'ERR_PYTHREADS_PROTOCOL',
    'Malformed value from Python: a record without its fields',
  )
}

/**
 * A text: to make one of anything else could take any time, as arrays may hold one array many
 * times.
 */
function text(value: unknown): string {
  return typeof value === 'string' ? value : malformed()
}

function number(value: unknown): number {
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : malformed()
}

function originOf(
  request: unknown,
  find: FindCall,
): { call: number | null; target: string | undefined } {
  const call = typeof request === 'number' ? find(request) : undefined
  return { call: call?.order ?? null, target: call?.target }
}

function optional(text: unknown): string | undefined {
  return typeof text === 'string' ? text : undefined
}
