// pythreads itself, as it is built: the four drivers differ in isolation and Python.
// BENCH_PYTHREADS names another build (--compare).
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { IsolationKind, SyncModule } from '../../dist/index.js'
import type { Driver, DriverOptions, Engine } from '../lib/engine.ts'
import { ROOT, WORK_FOLDER } from '../lib/folders.ts'
import { callFromThreads } from '../lib/threads.ts'

type Library = typeof import('../../dist/index.js')

export const BUILD: string = process.env['BENCH_PYTHREADS'] ?? join(ROOT, 'dist', 'index.js')

export function pythreads(isolation: IsolationKind): Driver {
  return {
    maxWorkers: 1000,
    async load() {
      const library = (await import(pathToFileURL(BUILD).href)) as Library
      return (options) => open(library, isolation, options)
    },
  }
}

async function open(
  { Python }: Library,
  isolation: IsolationKind,
  { python, workers }: DriverOptions,
): Promise<Engine> {
  const options = { isolation, python, workers, path: [WORK_FOLDER] }
  const py = await Python.start(options)
  const work = py.import<Record<string, (...args: readonly unknown[]) => unknown>>('work')
  const call = (name: string) => {
    const found = work[name] as (...args: readonly unknown[]) => Promise<unknown>
    return (...args: readonly unknown[]) => found(...args)
  }
  let sync: SyncModule | undefined
  return {
    sync: (name) => {
      sync ??= py.sync.import('work')
      const found = sync[name] as (...args: readonly unknown[]) => unknown
      return (...args) => found(...args)
    },
    call,
    total: (array) => py.run<number>('work:total', [array]),
    totalSync: (array) => py.sync.run<number>('work:total', [array]),
    doubles: async (length) => doublesOf(await py.run('work:doubles', [length])),
    doublesSync: (length) => doublesOf(py.sync.run('work:doubles', [length])),
    alloc: (length) => py.alloc(Float64Array, length),
    map: (name, items) => py.map(`work:${name}`, items),
    iterate: (name, ...args) => py.run(`work:${name}`, args),
    callback: (callback, times) => py.run('work:times', [callback, times]),
    callbackSync: (callback, times) => py.sync.run('work:times', [callback, times]),
    coroutine: call,
    threads: (threads, ms, locked) =>
      callFromThreads({ build: BUILD, options: { ...options, workers: 1 } }, threads, ms, locked),
    close: () => py.close(),
  }
}

/** An array of numpy arrives as a typed array, or as an `NdArray` around one. */
function doublesOf(value: unknown): Float64Array {
  const data = value instanceof Float64Array ? value : (value as { readonly data?: unknown }).data
  if (data instanceof Float64Array) return data
  throw new Error(`numpy's array arrived as ${Object.prototype.toString.call(value)}`)
}
