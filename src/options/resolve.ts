import { statSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'
import { resolve } from 'node:path'
import type { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { PythreadsError } from '../errors/index.ts'
import { own } from '../own.ts'
import {
  check,
  integer,
  isKeywordValues,
  isRecord,
  isSignal,
  isUrl,
  isWritable,
  oneOf,
  ownOptions,
  text,
  unset,
} from './check.ts'
import type {
  CallOptions,
  CopyOptions,
  Initializer,
  IsolationOption,
  LimitOptions,
  LoggingOptions,
  LogLevel,
  MapOptions,
  NaiveDates,
  OutputLine,
  PythonErrorOptions,
  PythonLogRecord,
  PythonOptions,
  PythonWarning,
  RecycleOptions,
  RunOptions,
  WorkerRange,
} from './options.ts'

/** The most workers a pool may have. */
const MAX_WORKERS = 1000
const MAX_CHUNK = 2 ** 20
const MAX_THREADS = 10_000
const MAX_COPY_DEPTH = 1000
const totalMb = Math.floor(totalmem() / 2 ** 20)

const ISOLATIONS: readonly IsolationOption[] = ['auto', 'thread', 'subinterpreter', 'process']
const NAIVE_DATES: readonly NaiveDates[] = ['exact', 'utc', 'local']

/** {@link PythonOptions} with nothing left open. */
export interface ResolvedPythonOptions {
  readonly python: string | undefined
  readonly isolation: IsolationOption
  readonly workers: ResolvedRange
  readonly preload: readonly string[]
  readonly initialize: ResolvedInitializer | undefined
  readonly path: readonly string[]
  readonly maxQueue: number | null
  readonly timeoutMs: number | null
  readonly queueTimeoutMs: number | null
  readonly graceMs: number
  readonly closeGraceMs: number
  readonly startTimeoutMs: number
  readonly maxWedged: number
  readonly limits: AllOf<LimitOptions>
  readonly recycle: AllOf<RecycleOptions>
  readonly cwd: string | undefined
  readonly env: NodeJS.ProcessEnv | undefined
  /** `undefined`: as the environment says. */
  readonly threadsPerWorker: number | undefined
  readonly copy: number
  readonly exact: boolean
  readonly naiveDates: NaiveDates
  readonly readonly: boolean
  readonly sharedMemoryMb: number
  readonly output: 'inherit' | 'ignore' | ((line: OutputLine) => void) | Writable
  readonly warnings: 'inherit' | 'emit' | ((warning: PythonWarning) => void)
  readonly errors: ResolvedErrors | null
  readonly logging: ResolvedLogging | undefined
  readonly name: string | undefined
  /** Options that were given and need a process for each worker. */
  readonly processOnly: readonly string[]
}

/** From how many workers to how many, and how long one more may be idle. */
export interface ResolvedRange {
  readonly min: number
  readonly max: number
  readonly idleMs: number
}

export interface ResolvedInitializer {
  readonly target: string
  readonly args: readonly unknown[]
  readonly kwargs: Kwargs
}

export interface ResolvedErrors {
  readonly attributes: readonly string[]
  readonly exception: boolean
}

export interface ResolvedLogging {
  readonly handler: (record: PythonLogRecord) => void
  readonly level: number
}

type AllOf<T> = { readonly [K in keyof T]-?: number | null }

const NO_PYTHON_OPTIONS = unset([
  ...([
    'python',
    'isolation',
    'workers',
    'preload',
    'initialize',
    'path',
    'maxQueue',
    'timeoutMs',
    'queueTimeoutMs',
  ] as const),
  ...([
    'graceMs',
    'closeGraceMs',
    'startTimeoutMs',
    'maxWedged',
    'limits',
    'recycle',
    'cwd',
    'env',
    'copy',
    'readonly',
  ] as const),
  ...([
    'sharedMemoryMb',
    'output',
    'warnings',
    'errors',
    'name',
    'logging',
    'exact',
    'naiveDates',
    'threadsPerWorker',
  ] as const),
] as const satisfies (keyof PythonOptions)[])
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
const NO_RANGE = unset(['min', 'max', 'idleMs'] as const satisfies (keyof WorkerRange)[])
const NO_INITIALIZER = unset(['target', 'args', 'kwargs'] as const satisfies (keyof Initializer)[])
const LIMIT_KEYS = ['memoryMb', 'cpuSeconds', 'openFiles'] as const satisfies (keyof LimitOptions)[]
const NO_COPY_OPTIONS = unset(['depth'] as const satisfies (keyof CopyOptions)[])
const RECYCLE_KEYS = ['calls', 'ageMs', 'memoryMb'] as const satisfies (keyof RecycleOptions)[]
const PROCESS_KEYS = [
  'limits',
  'recycle',
  'cwd',
  'env',
  'threadsPerWorker',
] as const satisfies (keyof PythonOptions)[]
const CALL_KEYS = [
  ...([
    'copy',
    'exact',
    'readonly',
    'signal',
    'timeoutMs',
    'queueTimeoutMs',
    'priority',
    'retry',
  ] as const),
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

/** What `env: 'minimal'` keeps: where things are and how to write, nothing that is secret. */
const MINIMAL_ENV =
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_\w+|TZ|TERM|TMPDIR|TMP|TEMP|VIRTUAL_ENV|CONDA_PREFIX|PYTHON\w*|LD_LIBRARY_PATH|DYLD_\w+|SYSTEMROOT|COMSPEC|PATHEXT|APPDATA|LOCALAPPDATA)$/i

/** The longest time that a timer can wait. */
const MAX_MS = 2 ** 31 - 1
const MAX_PRIORITY = 1000
const MAX_RETRIES = 1000

export function resolvePythonOptions(given: PythonOptions): ResolvedPythonOptions {
  const options = ownOptions('Python.start', given, NO_PYTHON_OPTIONS)
  const {
    python,
    isolation = 'auto',
    preload = [],
    path = [],
    maxQueue = null,
    cwd,
    output = 'inherit',
  } = options
  const {
    graceMs = 1_000,
    startTimeoutMs = 60_000,
    warnings = 'inherit',
    copy = false,
    readonly = false,
    env,
  } = options
  const { sharedMemoryMb = totalMb, closeGraceMs = 10_000 } = options
  const workers = resolveWorkers(options.workers)
  const { maxWedged = workers.max } = options
  return Object.freeze({
    python: python === undefined ? undefined : text('python', python),
    isolation: oneOf('isolation', isolation, ISOLATIONS),
    workers,
    preload: list('preload', preload, 'strings and URLs', isUrl).map(modulePath),
    initialize:
      options.initialize === undefined ? undefined : resolveInitializer(options.initialize),
    path: list('path', path, 'strings and URLs', isUrl).map((folder) =>
      resolve(folderPath('path', folder)),
    ),
    maxQueue: maxQueue === null ? null : integer('maxQueue', maxQueue, 0, Number.MAX_SAFE_INTEGER),
    timeoutMs: duration('timeoutMs', options.timeoutMs) ?? null,
    queueTimeoutMs: duration('queueTimeoutMs', options.queueTimeoutMs) ?? null,
    graceMs: integer('graceMs', graceMs, 0, MAX_MS),
    closeGraceMs: integer('closeGraceMs', closeGraceMs, 0, MAX_MS),
    startTimeoutMs: integer('startTimeoutMs', startTimeoutMs, 1, MAX_MS),
    maxWedged: integer('maxWedged', maxWedged, 0, MAX_WORKERS),
    limits: bounds('limits', options.limits, LIMIT_KEYS),
    recycle: bounds('recycle', options.recycle, RECYCLE_KEYS),
    cwd: cwd === undefined ? undefined : folder('cwd', cwd),
    env: environment(env),
    threadsPerWorker:
      isRecord(env) && options.threadsPerWorker === undefined
        ? undefined
        : threads(options.threadsPerWorker, workers.max),
    copy: resolveCopy(copy) ?? 0,
    exact: flag('exact', options.exact) ?? false,
    naiveDates: oneOf('naiveDates', options.naiveDates ?? 'exact', NAIVE_DATES),
    readonly: flag('readonly', readonly) ?? false,
    sharedMemoryMb: integer('sharedMemoryMb', sharedMemoryMb, 1, totalMb),
    output: sink(output),
    warnings:
      typeof warnings === 'function'
        ? warnings
        : oneOf('warnings', warnings, ['inherit', 'emit'] as const, 'a function or '),
    errors: options.errors === undefined ? null : resolveErrors(options.errors),
    logging: options.logging === undefined ? undefined : resolveLogging(options.logging),
    name: options.name === undefined ? undefined : poolName(options.name),
    processOnly: PROCESS_KEYS.filter((key) => options[key] !== undefined),
  })
}

/** A path of attributes: names that are parted by points. */
const PATH = /^[^.\s]+(\.[^.\s]+)*$/
const MAX_NAME = 64
const MAX_LEVEL = 1_000_000

function resolveErrors(errors: PythonErrorOptions): ResolvedErrors {
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

function resolveLogging(logging: NonNullable<PythonOptions['logging']>): ResolvedLogging {
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

function poolName(name: string): string {
  const isOk = /^[^\p{Cc}\p{Cs}]+$/u.test(text('name', name)) && name.length <= MAX_NAME
  check(isOk, 'name', `up to ${MAX_NAME} characters on one line`, name)
  return name
}

/** How many workers a number, or a range, stands for. */
export function resolveWorkers(workers: PythonOptions['workers']): ResolvedRange {
  const number = workers === undefined ? Math.min(availableParallelism(), MAX_WORKERS) : workers
  if (!isRecord(number)) {
    const count = integer('workers', number, 1, MAX_WORKERS, 'a range, or ')
    return { min: count, max: count, idleMs: 0 }
  }
  const { min: least, max, idleMs = 10_000 } = ownOptions('workers', number, NO_RANGE, 'workers')
  const min = integer('workers.min', least, 1, MAX_WORKERS)
  return {
    min,
    max: integer('workers.max', max, min, MAX_WORKERS),
    idleMs: integer('workers.idleMs', idleMs, 0, MAX_MS),
  }
}

function resolveInitializer(initialize: string | URL | Initializer): ResolvedInitializer {
  if (typeof initialize === 'string' || isUrl(initialize))
    return { target: resolveTarget(initialize), args: [], kwargs: NONE }
  const {
    target,
    args = [],
    kwargs,
  } = ownOptions('initialize', initialize, NO_INITIALIZER, 'initialize')
  check(Array.isArray(args), 'initialize.args', 'an array', args)
  return { target: resolveTarget(target), args, kwargs: keywords(kwargs) }
}

/** Some bounds, of which each may be left out. */
function bounds<K extends string>(
  name: string,
  given: { readonly [P in K]?: number | null | undefined } | undefined,
  keys: readonly K[],
): { readonly [P in K]: number | null } {
  const own = given === undefined ? undefined : ownOptions(name, given, unset(keys), name)
  const entries = keys.map((key) => {
    const value = own?.[key] ?? null
    return [
      key,
      value === null ? null : integer(`${name}.${key}`, value, 1, Number.MAX_SAFE_INTEGER),
    ]
  })
  return Object.fromEntries(entries) as { readonly [P in K]: number | null }
}

function environment(env: PythonOptions['env']): NodeJS.ProcessEnv | undefined {
  if (env === undefined || env === 'inherit') return undefined
  if (env === 'minimal')
    return own(
      Object.fromEntries(Object.entries(process.env).filter(([name]) => MINIMAL_ENV.test(name))),
    )
  check(isRecord(env), 'env', "'inherit', 'minimal' or an object", env)
  for (const [name, value] of Object.entries(env))
    check(typeof value === 'string', `env.${name}`, 'a string', value)
  return own(env)
}

/** How many threads a library may start in each worker. */
function threads(option: PythonOptions['threadsPerWorker'] = 'auto', workers: number): number {
  if (option !== 'auto') return integer('threadsPerWorker', option, 1, MAX_THREADS, "'auto' or ")
  return Math.max(1, Math.floor(availableParallelism() / workers))
}

/** A time in milliseconds; `null`: no limit, `undefined`: nothing is said. */
function duration(name: string, value: number | null | undefined): number | null | undefined {
  return value == null ? value : integer(name, value, 1, MAX_MS, 'null or ')
}

/** {@link CallOptions}, checked. What is undefined is up to the pool. */
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
  }
}

/** {@link RunOptions}, checked. What is undefined is up to the pool. */
export interface ResolvedRunOptions extends ResolvedCallOptions {
  readonly kwargs: Kwargs
  readonly slot: number | undefined
}

/** No options: most calls have none. */
export const NO_OPTIONS: RunOptions = Object.freeze({})

export function resolveRunOptions(options: RunOptions, workers: number): ResolvedRunOptions {
  if (options === NO_OPTIONS) return DEFAULTS
  const given = ownOptions('run', options, NO_RUN_OPTIONS)
  const { kwargs, worker } = given
  const slot = worker === undefined ? undefined : integer('worker', worker, 0, workers - 1)
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
    kwargs: keywords(kwargs),
    slot,
  }
}

/** The options of a sync call. */
export type SyncKey = 'kwargs' | 'copy' | 'exact' | 'readonly'

/** The options of a sync call: nothing can end it, and it waits for no worker. */
export function resolveSyncOptions(
  options: Pick<RunOptions, SyncKey>,
): Pick<ResolvedRunOptions, SyncKey> {
  if (options === NO_OPTIONS) return DEFAULTS
  const { kwargs, copy, exact, readonly } = ownOptions('sync.run', options, NO_SYNC_OPTIONS)
  return {
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

const NONE: Kwargs = Object.freeze({})

const DEFAULTS: ResolvedRunOptions = Object.freeze({
  ...checkCallOptions(NO_CALL_OPTIONS),
  kwargs: NONE,
  slot: undefined,
})

function keywords(kwargs: Kwargs | undefined): Kwargs {
  if (kwargs === undefined) return NONE
  check(
    isKeywordValues(kwargs),
    'kwargs',
    'an object whose properties are the keyword arguments',
    kwargs,
  )
  return kwargs
}

/** A folder that is there. */
function folder(name: string, value: string | URL): string {
  const path = resolve(text(name, folderPath(name, value)))
  check(
    statSync(path, { throwIfNoEntry: false })?.isDirectory() === true,
    name,
    'a folder that is there',
    value,
  )
  return path
}

function sink(output: ResolvedPythonOptions['output']): ResolvedPythonOptions['output'] {
  const ok =
    typeof output === 'function' ||
    isWritable(output) ||
    output === 'inherit' ||
    output === 'ignore'
  check(ok, 'output', "'inherit', 'ignore', a function or a Writable", output)
  return output
}

function flag(name: string, value: boolean | undefined): boolean | undefined {
  check(value === undefined || typeof value === 'boolean', name, 'true or false', value)
  return value
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

/** An array of texts, and of whatever else `isOther` says may be in it. */
function list<T>(
  name: string,
  value: readonly T[],
  what: string,
  isOther: (item: unknown) => boolean = () => false,
): readonly T[] {
  check(Array.isArray(value), name, `an array of ${what}`, value)
  for (const [i, item] of value.entries()) if (!isOther(item)) text(`${name}[${i}]`, item)
  return value
}

function folderPath(name: string, value: string | URL): string {
  const url = isUrl(value) ? value.href : isFileUrl(value) ? value : undefined
  const path = url === undefined ? (value as string) : filePath(url)
  check(path !== undefined, name, 'a path, or the URL of a folder', url)
  return path
}

/**
 * A module's name as it is; the path of a file made absolute, as workers may have another current
 * folder.
 */
export function modulePath(module: string | URL): string {
  const url = isUrl(module) ? module.href : isFileUrl(module) ? module : undefined
  if (url !== undefined) {
    const path = url.includes('#') ? undefined : filePath(url)
    if (path?.endsWith('.py') === true) return path
    throw new PythreadsError(
      'ERR_PYTHREADS_ARGUMENT',
      `The URL of a module is file:... and ends in .py; got ${url}`,
    )
  }
  if (typeof module !== 'string' || module === '') {
    throw new PythreadsError(
      'ERR_PYTHREADS_ARGUMENT',
      `A module is named by a non-empty string or a file: URL; got ${typeof module}`,
    )
  }
  return module.endsWith('.py') ? resolve(module) : module
}

/**
 * Targets that were found to be right, but for those of files, which depend on the current folder.
 */
const known = new Set<string>()
const MAX_KNOWN = 1000

/**
 * Checks `module:attribute`, or the URL of a file with the attribute behind `#` or `:`, and returns
 * the target with a file's path made absolute. @throws `ERR_PYTHREADS_ARGUMENT`
 */
export function resolveTarget(target: unknown): string {
  if (typeof target === 'string' && known.has(target)) return target
  const resolved = checkTarget(target)
  if (resolved === target && !resolved.includes('.py:') && known.size < MAX_KNOWN) known.add(target)
  return resolved
}

function checkTarget(target: unknown): string {
  const url = isUrl(target) ? target.href : isFileUrl(target) ? target : undefined
  const text = url === undefined ? target : urlTarget(url)
  const wrong = (what: string) =>
    new PythreadsError(
      'ERR_PYTHREADS_ARGUMENT',
      "A target is 'module:attribute' (json:dumps), 'file.py:attribute' (./rules.py:score) or " +
        `the URL of a file with #attribute (file:///srv/rules.py#score); got ${what}`,
    )
  if (typeof text !== 'string') throw wrong(url ?? `a value of type ${typeof target}`)
  const colon = text.lastIndexOf(':')
  const module = text.slice(0, Math.max(colon, 0))
  const attribute = text.slice(colon + 1)
  const isModule = url === undefined ? module !== '' : module.endsWith('.py')
  if (!isModule || attribute === '' || attribute.split('.').includes(''))
    throw wrong(url ?? JSON.stringify(target))
  return `${modulePath(module)}:${attribute}`
}

/** What an error says was called; `undefined` for what is no target. */
export function targetName(target: unknown): string | undefined {
  if (typeof target === 'string') return target
  if (!isUrl(target)) return undefined
  try {
    return resolveTarget(target)
  } catch {
    return target.href
  }
}

/**
 * What a URL names as a target: the attribute is its fragment, or stands behind the file's name.
 */
function urlTarget(url: string): string | undefined {
  const hash = url.indexOf('#')
  const path = filePath(hash === -1 ? url : url.slice(0, hash))
  if (hash === -1 || path === undefined) return path
  try {
    return `${path}:${decodeURIComponent(url.slice(hash + 1))}`
  } catch {
    return undefined
  }
}

/** The path of a file's URL; `undefined` for another URL. */
function filePath(url: string): string | undefined {
  try {
    return fileURLToPath(url)
  } catch {
    return undefined
  }
}

function isFileUrl(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith('file:')
}
