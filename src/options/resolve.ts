import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { PythreadsError } from '../errors/index.ts'
import { check, checkKeys, integer, isRecord, oneOf, text } from './check.ts'
import type { IsolationOption, MapOptions, OutputLine, PythonOptions, RunOptions } from './options.ts'

/** The most workers a pool may have. */
const MAX_WORKERS = 1000
const MAX_CHUNK = 2 ** 20

const ISOLATIONS: readonly IsolationOption[] = ['auto', 'thread', 'subinterpreter', 'process']

/** {@link PythonOptions} with nothing left open. */
export interface ResolvedPythonOptions {
  readonly python: string | undefined
  readonly isolation: IsolationOption
  readonly workers: number
  readonly preload: readonly string[]
  readonly path: readonly string[]
  readonly maxQueue: number | null
  readonly copy: boolean
  readonly output: 'inherit' | 'ignore' | ((line: OutputLine) => void) | Writable
  readonly warnings: 'inherit' | 'emit'
}

const PYTHON_KEYS = [
  'python',
  'isolation',
  'workers',
  'preload',
  'path',
  'maxQueue',
  'copy',
  'output',
  'warnings',
] as const satisfies (keyof PythonOptions)[]
const RUN_KEYS = ['kwargs', 'worker', 'copy', 'signal'] as const satisfies (keyof RunOptions)[]
const MAP_KEYS = ['kwargs', 'chunk', 'ordered', 'copy', 'onProgress'] as const satisfies (keyof MapOptions)[]

export function resolvePythonOptions(options: PythonOptions): ResolvedPythonOptions {
  checkKeys('Python.start', options, PYTHON_KEYS)
  const {
    python,
    isolation = 'auto',
    preload = [],
    path = [],
    maxQueue = null,
    copy = false,
    output = 'inherit',
    warnings = 'inherit',
  } = options
  const { workers = Math.min(availableParallelism(), MAX_WORKERS) } = options
  return Object.freeze({
    python: python === undefined ? undefined : text('python', python),
    isolation: oneOf('isolation', isolation, ISOLATIONS),
    workers: integer('workers', workers, 1, MAX_WORKERS),
    preload: list('preload', preload).map(modulePath),
    path: list('path', path).map((folder) => resolve(folder)),
    maxQueue: maxQueue === null ? null : integer('maxQueue', maxQueue, 0, Number.MAX_SAFE_INTEGER),
    copy: flag('copy', copy) ?? false,
    output: sink(output),
    warnings: oneOf('warnings', warnings, ['inherit', 'emit'] as const),
  })
}

/** {@link RunOptions}, checked. What is undefined is up to the pool. */
export interface ResolvedRunOptions {
  readonly kwargs: Kwargs
  readonly worker: number | undefined
  readonly copy: boolean | undefined
  readonly signal: AbortSignal | undefined
}

export function resolveRunOptions(options: RunOptions, workers: number): ResolvedRunOptions {
  checkKeys('run', options, RUN_KEYS)
  const { kwargs, worker, copy, signal } = options
  check(signal === undefined || signal instanceof AbortSignal, 'signal', 'an AbortSignal', signal)
  return {
    kwargs: keywords(kwargs),
    worker: worker === undefined ? undefined : integer('worker', worker, 0, workers - 1),
    copy: flag('copy', copy),
    signal,
  }
}

export interface ResolvedMapOptions {
  readonly kwargs: Kwargs
  readonly chunk: number | 'auto'
  readonly ordered: boolean
  readonly copy: boolean | undefined
  readonly onProgress: MapOptions['onProgress']
}

export function resolveMapOptions(options: MapOptions): ResolvedMapOptions {
  checkKeys('map', options, MAP_KEYS)
  const { chunk = 'auto', ordered = true, onProgress } = options
  check(typeof ordered === 'boolean', 'ordered', 'true or false', ordered)
  check(onProgress === undefined || typeof onProgress === 'function', 'onProgress', 'a function', onProgress)
  return {
    kwargs: keywords(options.kwargs),
    chunk: chunk === 'auto' ? chunk : integer('chunk', chunk, 1, MAX_CHUNK, "'auto' or "),
    ordered,
    copy: flag('copy', options.copy),
    onProgress,
  }
}

/** Keyword arguments. */
export type Kwargs = Readonly<Record<string, unknown>>

const NONE: Kwargs = Object.freeze({})

function keywords(kwargs: Kwargs | undefined): Kwargs {
  if (kwargs === undefined) return NONE
  check(isRecord(kwargs), 'kwargs', 'an object', kwargs)
  return kwargs
}

function sink(output: ResolvedPythonOptions['output']): ResolvedPythonOptions['output'] {
  const ok = typeof output === 'function' || output instanceof Writable || output === 'inherit' || output === 'ignore'
  check(ok, 'output', "'inherit', 'ignore', a function or a Writable", output)
  return output
}

function flag(name: string, value: boolean | undefined): boolean | undefined {
  check(value === undefined || typeof value === 'boolean', name, 'true or false', value)
  return value
}

function list(name: string, value: readonly string[]): readonly string[] {
  check(Array.isArray(value), name, 'an array of strings', value)
  for (const [i, item] of value.entries()) text(`${name}[${i}]`, item)
  return value
}

/** A module's name as it is; the path of a file made absolute, as workers may have another current folder. */
export function modulePath(module: string | URL): string {
  if (module instanceof URL) {
    if (module.protocol === 'file:' && module.pathname.endsWith('.py')) return fileURLToPath(module)
    throw new PythreadsError('ERR_PYTHREADS_ARGUMENT', `The URL of a module is file:... and ends in .py; got ${module.href}`)
  }
  if (typeof module !== 'string' || module === '') {
    throw new PythreadsError(
      'ERR_PYTHREADS_ARGUMENT',
      `A module is named by a non-empty string or a file: URL; got ${typeof module}`,
    )
  }
  return module.endsWith('.py') ? resolve(module) : module
}

/** Checks `module:attribute` and answers it with a file's path made absolute. @throws `ERR_PYTHREADS_ARGUMENT` */
export function resolveTarget(target: unknown): string {
  const wrong = (what: string) =>
    new PythreadsError(
      'ERR_PYTHREADS_ARGUMENT',
      `A target is 'module:attribute' (json:dumps) or 'file.py:attribute' (./rules.py:score); got ${what}`,
    )
  if (typeof target !== 'string') throw wrong(`a value of type ${typeof target}`)
  const colon = target.lastIndexOf(':')
  const attribute = target.slice(colon + 1)
  if (colon <= 0 || attribute === '' || attribute.split('.').includes('')) throw wrong(JSON.stringify(target))
  return `${modulePath(target.slice(0, colon))}:${attribute}`
}
