import type { PythonFacts } from '../discovery/index.ts'
import { useKernel } from '../kernel.ts'
import { finishAtExit } from './control-socket.ts'
import { reapSoon } from './libc.ts'
import type { Outcome, PlainError } from './outcome.ts'
import { initialiseNow } from './runtime.ts'

/**
 * The functions that the main thread runs for threads that make no native calls
 * (`main-thread.ts`). `scripts/bundle.js` bundles them into a CommonJS file.
 */

/**
 * Initialises Python, if it is not initialised yet. Returns an {@link Outcome} as JSON: `false`
 * while another thread initialises. `kernel`: the folder that the calling thread has found.
 */
export function initialise(facts: PythonFacts, closeGraceMs: number, kernel: string): string {
  return plainError(() => {
    useKernel(kernel)
    const isThere = initialiseNow(facts)
    if (isThere) finishAtExit(closeGraceMs)
    return isThere
  })
}

/** Waits for killed child processes of a thread that has ended. */
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
    code,
    errno,
    syscall,
    ...(cause === undefined ? {} : { cause: report(cause) }),
  } as PlainError
}
