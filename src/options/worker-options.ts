import { statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { PythreadsError } from '../errors/index.ts'
import { isRecord, own } from '../own.ts'
import { canKeep } from '../platform/index.ts'
import { type Kwargs, keywords, NONE } from './call-options.ts'
import { check, integer, isUrl, MAX_MS, ownOptions, text, unset } from './check.ts'
import type { Initializer, PythonOptions, WorkerRange } from './options.ts'
import { folderPath, resolveTarget } from './targets.ts'

/** The most workers a pool may have. */
export const MAX_WORKERS = 1000
const MAX_THREADS = 10_000

const NO_RANGE = unset(['min', 'max', 'idleMs'] as const satisfies (keyof WorkerRange)[])
const NO_INITIALIZER = unset(['target', 'args', 'kwargs'] as const satisfies (keyof Initializer)[])

/** What `env: 'minimal'` keeps: where things are and how to write, nothing that is secret. */
const MINIMAL_ENV =
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_\w+|TZ|TERM|TMPDIR|TMP|TEMP|VIRTUAL_ENV|CONDA_PREFIX|PYTHON\w*|LD_LIBRARY_PATH|DYLD_\w+|SYSTEMROOT|COMSPEC|PATHEXT|APPDATA|LOCALAPPDATA)$/i

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

export function resolveInitializer(initialize: string | URL | Initializer): ResolvedInitializer {
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

/** Checks an object of bounds; a bound that is missing becomes `null`. */
export function bounds<K extends string>(
  name: string,
  given: { readonly [P in K]?: number | null | undefined } | undefined,
  keys: readonly K[],
): { readonly [P in K]: number | null } {
  const own = given === undefined ? undefined : ownOptions(name, given, unset(keys), name)
  const entries = keys.map((key) => {
    const value = own?.[key] ?? null
    if (value !== null && !canKeep(`${name}.${key}`))
      throw new PythreadsError(
        'ERR_PYTHREADS_OPTION',
        `The option \`${name}.${key}\` is not possible on Windows, which does not bound what a process uses`,
      )
    return [
      key,
      value === null ? null : integer(`${name}.${key}`, value, 1, Number.MAX_SAFE_INTEGER),
    ]
  })
  return Object.fromEntries(entries) as { readonly [P in K]: number | null }
}

export function environment(env: PythonOptions['env']): NodeJS.ProcessEnv | undefined {
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
export function threads(
  option: PythonOptions['threadsPerWorker'] = 'auto',
  workers: number,
): number {
  if (option !== 'auto') return integer('threadsPerWorker', option, 1, MAX_THREADS, "'auto' or ")
  return Math.max(1, Math.floor(availableParallelism() / workers))
}

/** A folder that is there. */
export function folder(name: string, value: string | URL): string {
  const path = resolve(text(name, folderPath(name, value)))
  check(
    statSync(path, { throwIfNoEntry: false })?.isDirectory() === true,
    name,
    'a folder that is there',
    value,
  )
  return path
}

/**
 * The packages that are asked for: requirements, each of one line that begins with a name, so that
 * none is an option of pip; or the path of a file.
 */
export function requirements(
  dependencies: NonNullable<PythonOptions['dependencies']>,
): readonly string[] | string {
  if (!Array.isArray(dependencies)) {
    const isPlace = typeof dependencies === 'string' || isUrl(dependencies)
    const expected = 'an array of requirements, or the path or the URL of a file'
    check(isPlace && dependencies !== '', 'dependencies', expected, dependencies)
    return resolve(folderPath('dependencies', dependencies))
  }
  for (const [i, one] of dependencies.entries()) {
    const isOk = typeof one === 'string' && /^[A-Za-z0-9][^\r\n]*$/.test(one.trim())
    check(isOk, `dependencies[${i}]`, "a requirement such as 'numpy>=2'", one)
  }
  return dependencies.map((one: string) => one.trim())
}
