import type { PythonFacts } from '../discovery/index.ts'
import { entry, requirePackage } from '../entry.ts'
import { PythreadsError } from '../errors/index.ts'
import { kernelFolder } from '../kernel.ts'
import { javascriptRuntime } from '../platform/index.ts'
import { makeRoomForListeners } from './exit-listeners.ts'
import type * as OnMainThread from './on-main-thread.ts'
import type { Outcome, PlainError } from './outcome.ts'
import { nap } from './waiting.ts'

/**
 * Makes the main thread run the native calls of threads that avoid them. An inspector session
 * evaluates an expression there: its messages interrupt JavaScript and `Atomics.wait`, and only
 * blocking native code delays them. The expression can `require` a CommonJS file; `import` does not
 * work in it.
 */
type Task = keyof typeof OnMainThread

/** How long the main thread may be in native code before this thread makes the calls itself. */
const BEGIN_TIMEOUT_MS = 5_000

/**
 * Makes the main thread initialise Python, if it is not initialised yet. Returns `false` while
 * another thread does so, and `undefined` where the main thread cannot be reached.
 *
 * @throws the error of the initialisation
 */
export async function initialiseOnMainThread(
  facts: PythonFacts,
  closeGraceMs: number,
  timeoutMs: number,
): Promise<boolean | undefined> {
  const session = open()
  if (session === undefined) return undefined
  try {
    if ((await evaluate(session, '0', BEGIN_TIMEOUT_MS)) === undefined) return undefined
    const reply = await evaluate(
      session,
      expression('initialise', facts, closeGraceMs, kernelFolder()),
      timeoutMs,
    )
    if (reply === undefined) return undefined
    const outcome = JSON.parse(reply) as Outcome<boolean>
    if ('error' in outcome) throw errorOf(outcome.error)
    return outcome.value
  } finally {
    settleAtExit()
    session.disconnect()
    disconnected = performance.now()
  }
}

/** How long a thread must live after it has disconnected its inspector session. */
const SETTLE_MS = 100
let disconnected: number | undefined

/**
 * Delays the end of this thread after a session was disconnected. The main thread reports to this
 * thread that the session is closed, and aborts the process if this thread is being taken down at
 * that moment (seen on Node 20 to 26 when a thread ended by itself within 3 ms; never when it was
 * terminated, or still connected).
 */
function settleAtExit(): void {
  if (disconnected !== undefined) return
  makeRoomForListeners(1)
  process.once('exit', () => nap(Math.max((disconnected ?? 0) + SETTLE_MS - performance.now(), 0)))
}

/**
 * Makes the main thread wait for the killed child processes of this thread, which is ending.
 * Returns false where the main thread cannot be reached. A main thread that has not loaded the same
 * bundle leaves the children as zombies until the process ends.
 */
export function reapOnMainThread(pids: readonly number[]): boolean {
  const session = open()
  session?.post('Runtime.evaluate', { expression: expression('reap', pids), ...EVALUATION })
  return session !== undefined
}

const EVALUATION = { includeCommandLineAPI: true, returnByValue: true, silent: true } as const

type Session = import('node:inspector').Session

function open(): Session | undefined {
  if (javascriptRuntime() !== 'node') return undefined // Bun's inspector evaluates nothing
  try {
    const inspector = requirePackage('node:inspector') as typeof import('node:inspector')
    const session = new inspector.Session()
    session.connectToMainThread()
    return session
  } catch {
    return undefined // Node was built without the inspector, or the permission model forbids it
  }
}

function expression(task: Task, ...args: readonly unknown[]): string {
  const { library, mainThread } = entry()
  // In a bundle without such a file, the main thread may have loaded the bundle too.
  const file = mainThread === undefined ? 'undefined' : `require(${JSON.stringify(mainThread)})`
  return `(${library} ?? ${file}).${task}(${args.map((arg) => JSON.stringify(arg)).join()})`
}

/** Returns the value of an expression as text; `undefined` when it fails or takes too long. */
function evaluate(session: Session, text: string, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeoutMs, undefined) // also keeps this thread alive
    session.post('Runtime.evaluate', { expression: text, ...EVALUATION }, (failure, reply) => {
      clearTimeout(timer)
      const failed = failure !== null || reply.exceptionDetails !== undefined
      resolve(failed ? undefined : String(reply.result.value))
    })
  })
}

function errorOf(plain: PlainError): Error {
  const { name, message, code, cause: nested, ...rest } = plain
  const cause = nested === undefined ? {} : { cause: errorOf(nested) }
  if (name === 'PythreadsError')
    return new PythreadsError(code as PythreadsError['code'], message, cause)
  return Object.assign(new Error(message, cause), {
    ...(code === undefined ? {} : { code }),
    ...rest,
  })
}
