import { totalmem } from 'node:os'
import { resolve } from 'node:path'
import { ISOLATION_KINDS } from '../isolation/index.ts'
import { isRecord } from '../own.ts'
import { resolveCopy } from './call-options.ts'
import {
  check,
  duration,
  flag,
  integer,
  isUrl,
  list,
  MAX_MS,
  oneOf,
  ownOptions,
  text,
  unset,
} from './check.ts'
import type { PythonWarning, StartProgress } from './listeners.ts'
import {
  type ResolvedErrors,
  type ResolvedLogging,
  type ResolvedOutput,
  resolveErrors,
  resolveLogging,
  sink,
} from './observe-options.ts'
import type {
  IsolationOption,
  LimitOptions,
  NaiveDates,
  PythonOptions,
  RecycleOptions,
} from './options.ts'
import { folderPath, modulePath } from './targets.ts'
import {
  bounds,
  environment,
  folder,
  MAX_WORKERS,
  type ResolvedInitializer,
  type ResolvedRange,
  requirements,
  resolveInitializer,
  resolveWorkers,
  threads,
} from './worker-options.ts'

const MAX_NAME = 64
const totalMb = Math.floor(totalmem() / 2 ** 20)

const ISOLATION_OPTIONS: readonly IsolationOption[] = ['auto', ...ISOLATION_KINDS]
const NAIVE_DATES: readonly NaiveDates[] = ['exact', 'utc', 'local']

/** {@link PythonOptions} with nothing left open. */
export interface ResolvedPythonOptions {
  readonly python: string | undefined
  /** Requirements, or the path of a file. */
  readonly dependencies: readonly string[] | string | undefined
  readonly frozen: boolean
  readonly onProgress: ((progress: StartProgress) => void) | undefined
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
  readonly output: ResolvedOutput
  readonly warnings: 'inherit' | 'emit' | ((warning: PythonWarning) => void)
  readonly errors: ResolvedErrors | null
  readonly logging: ResolvedLogging | undefined
  readonly name: string | undefined
  /** Options that were given and need a process for each worker. */
  readonly processOnly: readonly string[]
}

type AllOf<T> = { readonly [K in keyof T]-?: number | null }

const NO_PYTHON_OPTIONS = unset([
  'python',
  'isolation',
  'workers',
  'preload',
  'initialize',
  'path',
  'maxQueue',
  'timeoutMs',
  'queueTimeoutMs',
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
  'sharedMemoryMb',
  'output',
  'warnings',
  'errors',
  'name',
  'logging',
  'exact',
  'naiveDates',
  'threadsPerWorker',
  'dependencies',
  'frozen',
  'onProgress',
] as const satisfies (keyof PythonOptions)[])
const LIMIT_KEYS = ['memoryMb', 'cpuSeconds', 'openFiles'] as const satisfies (keyof LimitOptions)[]
const RECYCLE_KEYS = ['calls', 'ageMs', 'memoryMb'] as const satisfies (keyof RecycleOptions)[]
const PROCESS_KEYS = [
  'limits',
  'recycle',
  'cwd',
  'env',
  'threadsPerWorker',
] as const satisfies (keyof PythonOptions)[]
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
  const { maxWedged = workers.max, dependencies, onProgress } = options
  const frozen = flag('frozen', options.frozen) ?? false
  check(!frozen || dependencies !== undefined, 'frozen', 'used with `dependencies`', frozen)
  check(
    onProgress === undefined || typeof onProgress === 'function',
    'onProgress',
    'a function',
    onProgress,
  )
  return Object.freeze({
    python: python === undefined ? undefined : text('python', python),
    dependencies: dependencies === undefined ? undefined : requirements(dependencies),
    frozen,
    onProgress,
    isolation: oneOf('isolation', isolation, ISOLATION_OPTIONS),
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

function poolName(name: string): string {
  const isOk = /^[^\p{Cc}\p{Cs}]+$/u.test(text('name', name)) && name.length <= MAX_NAME
  check(isOk, 'name', `up to ${MAX_NAME} characters on one line`, name)
  return name
}
