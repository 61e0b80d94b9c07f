import type { PythonFacts } from '../discovery/index.ts'
import { finishAtExit } from './control-socket.ts'
import { reapSoon } from './libc.ts'
import type { Outcome, PlainError } from './outcome.ts'
import { initialiseNow } from './runtime.ts'

/**
 * What the main thread does for threads that make no native calls (`main-thread.ts`). Bundled as a
 * file of CommonJS.
 */

/**
 * Initialises Python, unless that was done before. Returns whether it is there; JSON of {@link
 * Outcome}.
 */
export function initialise(facts: PythonFacts, closeGraceMs: number): string {
  return plainError(() => {
    const isThere = initialiseNow(facts)
    if (isThere) finishAtExit(closeGraceMs)
    return isThere
  })
}

/** Waits for child processes that were killed by a thread that has ended. */
export function reap(pids: readonly number[]): void {
  reapSoon(pids)
}

function plainError<T>(task: () => T): string {
  let outcome: Outcome<T>
  try {
    outcome = { value: task() }
  } catch (error) {
    outcome = { error: report(error) }
  }
  return JSON.stringify(outcome)
}

function report(error: unknown): PlainError {
  const { name, message, code, errno, syscall, cause } = error as NodeJS.ErrnoException & {
    cause?: unknown
  }
  return {
    name,
    message,
    ...{ code, errno, syscall },
    ...(cause === undefined ? {} : { cause: report(cause) }),
  } as PlainError
}
