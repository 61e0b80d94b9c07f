import { isRecord } from '../own.ts'
import {
  check,
  duration,
  flag,
  integer,
  isKeywordValues,
  isSignal,
  ownOptions,
  unset,
} from './check.ts'
import type { CallOptions, CopyOptions, MapOptions, RunOptions } from './options.ts'

const MAX_CHUNK = 2 ** 20
const MAX_COPY_DEPTH = 1000
const MAX_PRIORITY = 1000
const MAX_RETRIES = 1000

const CALL_KEYS = [
  'copy',
  'exact',
  'readonly',
  'signal',
  'timeoutMs',
  'queueTimeoutMs',
  'priority',
  'retry',
] as const satisfies (keyof CallOptions)[]
const NO_CALL_OPTIONS = unset(CALL_KEYS)
const NO_RUN_OPTIONS = unset([
  'kwargs',
  'worker',
  ...CALL_KEYS,
] as const satisfies (keyof RunOptions)[])
const NO_SYNC_OPTIONS = unset(['kwargs', 'copy', 'exact', 'readonly'] as const satisfies SyncKey[])
const NO_MAP_OPTIONS = unset([
  'kwargs',
  'chunk',
  'ordered',
  'onProgress',
  ...CALL_KEYS,
] as const satisfies (keyof MapOptions)[])
const NO_COPY_OPTIONS = unset(['depth'] as const satisfies (keyof CopyOptions)[])

/**
 * How a call is made, from where it is called to where it is sent: {@link CallOptions}, checked.
 * What is undefined is up to the pool. Each is a property of its own, so that a changed
 * `Object.prototype` gives none: see {@link DEFAULT_CALL}.
 */
export interface ResolvedCallOptions {
  /** How many levels of nested objects are copied: 0 none, `Infinity` all. */
  readonly copy: number | undefined
  readonly exact: boolean | undefined
  readonly readonly: boolean | undefined
  readonly signal: AbortSignal | undefined
  readonly timeoutMs: number | null | undefined
  readonly queueTimeoutMs: number | null | undefined
  readonly priority: number
  readonly retry: number
  /** The number of the worker that has to take it; `undefined`: any. */
  readonly workerIndex: number | undefined
}

/** `where`: the function that has these options. */
export function resolveCallOptions(where: string, options: CallOptions): ResolvedCallOptions {
  return checkCallOptions(ownOptions(where, options, NO_CALL_OPTIONS))
}

/** `options`: all are properties of its own. */
function checkCallOptions(options: CallOptions): ResolvedCallOptions {
  const { copy, exact, readonly, signal, priority = 0, retry = 0 } = options
  check(signal === undefined || isSignal(signal), 'signal', 'an AbortSignal', signal)
  return {
    copy: resolveCopy(copy),
    exact: flag('exact', exact),
    readonly: flag('readonly', readonly),
    signal,
    timeoutMs: duration('timeoutMs', options.timeoutMs),
    queueTimeoutMs: duration('queueTimeoutMs', options.queueTimeoutMs),
    priority: integer('priority', priority, -MAX_PRIORITY, MAX_PRIORITY),
    retry: integer('retry', retry, 0, MAX_RETRIES),
    workerIndex: undefined,
  }
}

/** {@link RunOptions}, checked. */
export interface ResolvedRunOptions extends ResolvedCallOptions {
  readonly kwargs: Kwargs
}

/** No options: most calls have none. */
export const NO_OPTIONS: RunOptions = Object.freeze({})

export function resolveRunOptions(options: RunOptions, workers: number): ResolvedRunOptions {
  if (options === NO_OPTIONS) return DEFAULT_CALL
  const given = ownOptions('run', options, NO_RUN_OPTIONS)
  const { kwargs, worker } = given
  const workerIndex = worker === undefined ? undefined : integer('worker', worker, 0, workers - 1)
  const { copy, exact, readonly, signal, timeoutMs, queueTimeoutMs, priority, retry } =
    checkCallOptions(given)
  // Not by `...`, which takes ten times as long
  return {
    copy,
    exact,
    readonly,
    signal,
    timeoutMs,
    queueTimeoutMs,
    priority,
    retry,
    workerIndex,
    kwargs: keywords(kwargs),
  }
}

/** The options of a sync call. */
export type SyncKey = 'kwargs' | 'copy' | 'exact' | 'readonly'

/** The options of a sync call: nothing can end it, and it waits for no worker. */
export function resolveSyncOptions(options: Pick<RunOptions, SyncKey>): ResolvedRunOptions {
  if (options === NO_OPTIONS) return DEFAULT_CALL
  const { kwargs, copy, exact, readonly } = ownOptions('sync.run', options, NO_SYNC_OPTIONS)
  return {
    ...DEFAULT_CALL,
    kwargs: keywords(kwargs),
    copy: resolveCopy(copy),
    exact: flag('exact', exact),
    readonly: flag('readonly', readonly),
  }
}

export interface ResolvedMapOptions extends ResolvedCallOptions {
  readonly kwargs: Kwargs
  readonly chunk: number | 'auto'
  readonly ordered: boolean
  readonly onProgress: MapOptions['onProgress']
}

export function resolveMapOptions(given: MapOptions): ResolvedMapOptions {
  const options = ownOptions('map', given, NO_MAP_OPTIONS)
  const { chunk = 'auto', ordered = true, onProgress } = options
  check(typeof ordered === 'boolean', 'ordered', 'true or false', ordered)
  check(
    onProgress === undefined || typeof onProgress === 'function',
    'onProgress',
    'a function',
    onProgress,
  )
  return {
    ...checkCallOptions(options),
    kwargs: keywords(options.kwargs),
    chunk: chunk === 'auto' ? chunk : integer('chunk', chunk, 1, MAX_CHUNK, "'auto' or "),
    ordered,
    onProgress,
  }
}

/** Keyword arguments. */
export type Kwargs = Readonly<Record<string, unknown>>

export const NONE: Kwargs = Object.freeze({})

/** The options of a call that gives none. */
export const DEFAULT_CALL: ResolvedRunOptions = Object.freeze({
  ...checkCallOptions(NO_CALL_OPTIONS),
  kwargs: NONE,
})

export function keywords(kwargs: Kwargs | undefined): Kwargs {
  if (kwargs === undefined) return NONE
  check(
    isKeywordValues(kwargs),
    'kwargs',
    'an object whose properties are the keyword arguments',
    kwargs,
  )
  return kwargs
}

/** How many levels of nested objects are copied; `undefined` if the option is not given. */
export function resolveCopy(copy: CallOptions['copy']): number | undefined {
  if (copy === undefined) return undefined
  if (!isRecord(copy)) {
    check(typeof copy === 'boolean', 'copy', 'true, false or { depth }', copy)
    return copy ? Number.POSITIVE_INFINITY : 0
  }
  const { depth } = ownOptions('copy', copy, NO_COPY_OPTIONS, 'copy')
  return integer('copy.depth', depth, 1, MAX_COPY_DEPTH)
}
