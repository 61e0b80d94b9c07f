import type { PythonFacts } from '../discovery/index.ts'
import type { Told, ToldError } from './main-thread.ts'
import { reapSoon } from './posix.ts'
import { finishAtExit, initialiseNow } from './runtime.ts'

/** What the main thread does for threads that make no native calls (`main-thread.ts`). Bundled as a file of CommonJS. */

/** Initialises Python, unless that was done before. Returns whether it is there; JSON of {@link Told}. */
export function initialise(facts: PythonFacts, closeGraceMs: number): string {
  return told(() => {
    const isThere = initialiseNow(facts)
    if (isThere) finishAtExit(closeGraceMs)
    return isThere
  })
}

/** Waits for child processes that were killed by a thread that has ended. */
export function reap(pids: readonly number[]): void {
  reapSoon(pids)
}

function told<T>(task: () => T): string {
  let outcome: Told<T>
  try {
    outcome = { value: task() }
  } catch (error) {
    outcome = { error: tell(error) }
  }
  return JSON.stringify(outcome)
}

function tell(error: unknown): ToldError {
  const { name, message, code, errno, syscall, cause } = error as NodeJS.ErrnoException & { cause?: unknown }
  return { name, message, ...{ code, errno, syscall }, ...(cause === undefined ? {} : { cause: tell(cause) }) } as ToldError
}
