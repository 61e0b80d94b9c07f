import { PythreadsError, tellListener } from '../errors/index.ts'
import type { PythonLogRecord, PythonWarning } from '../options/index.ts'

export type WarningListener = (warning: PythonWarning) => void
export type LogListener = (record: PythonLogRecord) => void

/** The listeners to warnings and to records of `logging`; `undefined`: there is none. */
export interface Listeners {
  readonly onWarning: WarningListener | undefined
  readonly onLog: LogListener | undefined
}

/** The call that a warning or record comes from. */
interface Origin {
  /** The number of the call in events and channels. */
  readonly order: number
  readonly target: string | undefined
}

/** Finds a call by its request id. */
export type FindCall = (request: number) => Origin | undefined

/** Passes a warning of a worker to its listener. `worker`: the number of the worker. */
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

/** Passes a record of `logging` to its listener. `worker`: the number of the worker. */
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

/** A listener that emits warnings on `process`: Node prints them unless a listener takes them. */
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
 * The value, which must be a string: converting an array could take any time, because it may hold
 * another array many times.
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
