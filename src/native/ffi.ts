import { isMainThread } from 'node:worker_threads'
import type Koffi from 'koffi'
import { requirePackage } from '../entry.ts'
import { forbidden, PythreadsError } from '../errors/index.ts'
import { javascriptRuntime } from '../platform/index.ts'

/** The stack of native calls: Python's C code nests deeply, and koffi allows at most 16 MiB. */
const STACK_BYTES = 16 * 1024 * 1024

/**
 * Whether this JavaScript thread avoids native calls where there is another way. A thread of
 * `worker_threads` can be terminated at any moment, and koffi aborts the process when that happens
 * while koffi loads, defines a function or makes a view (design/latch.md). The other ways need
 * `/proc`.
 */
export const avoidsNativeCalls: boolean = !isMainThread && process.platform === 'linux'

let loaded: typeof Koffi | undefined
let failure: PythreadsError | undefined

/**
 * Returns koffi, and loads it on first use: importing pythreads stays cheap, and process isolation
 * works where koffi does not load. Bun, Deno and Electron never load it (design/runtimes.md).
 *
 * @throws `ERR_PYTHREADS_RUNTIME` where koffi has no binary for this platform
 */
export function ffi(): typeof Koffi {
  if (loaded !== undefined) return loaded
  if (failure !== undefined) throw failure
  try {
    if (javascriptRuntime() !== 'node') throw new Error('this is not Node')
    loaded = requirePackage('koffi') as typeof Koffi
  } catch (cause) {
    // On musl it is often libstdc++ that is missing.
    const [why] = String((cause as Error).message).split('\n')
    const message = `koffi does not load on ${process.platform}-${process.arch} (${why}); in-process Python needs koffi, isolation 'process' does not`
    failure =
      forbidden('koffi cannot be loaded', cause) ??
      new PythreadsError('ERR_PYTHREADS_RUNTIME', message, { cause })
    throw failure
  }
  try {
    loaded.config({ sync_stack_size: STACK_BYTES })
  } catch {
    // "Cannot change Koffi configuration once a library has been loaded": the program itself uses
    // koffi, and its setting stays. koffi's default of 2 MiB is enough except for very deep calls.
  }
  return loaded
}

/** Loads what in-process Python needs. @throws the errors of {@link ffi} */
export function loadNativeCalls(): void {
  ffi()
}

/** Whether this JavaScript thread can make native calls. Loads koffi to find out. */
export function makesNativeCalls(): boolean {
  if (avoidsNativeCalls) return false
  try {
    return ffi() !== undefined
  } catch {
    return false
  }
}
