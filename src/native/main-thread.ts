import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { PythonFacts } from '../discovery/index.ts'
import { PythreadsError } from '../errors/index.ts'
import { MAIN_THREAD_FILE } from '../kernel.ts'
import { makeRoomForListeners } from './exit-listeners.ts'
import type * as OnMainThread from './on-main-thread.ts'
import type { Outcome, PlainError } from './outcome.ts'
import { nap } from './waiting.ts'

/**
 * Has the main thread make the native calls of threads that avoid them. It is reached by the
 * inspector, whose messages interrupt its JavaScript, a wait of `Atomics.wait` too; only native
 * code that blocks it holds them up. It evaluates an expression, which can require a file of
 * CommonJS, and import none.
 */
type Task = keyof typeof OnMainThread

/** How long the main thread may be in native code before this thread does without it. */
const BEGIN_TIMEOUT_MS = 5_000

/**
 * Has the main thread initialise Python, unless that was done before. Returns `false` while another
 * thread does it, and `undefined` where the main thread cannot be reached.
 *
 * @throws what it throws there
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
    const reply = await evaluate(session, expression('initialise', facts, closeGraceMs), timeoutMs)
    if (reply === undefined) return undefined
    const told = JSON.parse(reply) as Outcome<boolean>
    if ('error' in told) throw errorOf(told.error)
    return told.value
  } finally {
    settleAtExit()
    session.disconnect()
    disconnected = performance.now()
  }
}

/** How long a thread lives on after it has disconnected. */
const SETTLE_MS = 100
let disconnected: number | undefined

/**
 * The main thread tells this one when it has dropped a session, and aborts the process when this
 * one is being taken down at that very moment (seen on Node 20 to 26, where a thread ended by
 * itself within 3 ms; not where it was terminated, or still connected).
 */
function settleAtExit(): void {
  if (disconnected !== undefined) return
  makeRoomForListeners(1)
  process.once('exit', () => nap(Math.max((disconnected ?? 0) + SETTLE_MS - performance.now(), 0)))
}

/**
 * Has the main thread wait for children of this thread, which ends, that were killed. Returns
 * whether it could be asked.
 */
export function reapOnMainThread(pids: readonly number[]): boolean {
  const session = open()
  session?.post('Runtime.evaluate', { expression: expression('reap', pids), ...EVALUATION })
  return session !== undefined
}

const EVALUATION = { includeCommandLineAPI: true, returnByValue: true, silent: true } as const

type Session = import('node:inspector').Session

function open(): Session | undefined {
  if (!existsSync(MAIN_THREAD_FILE)) return undefined // the application is a bundle
  try {
    const inspector = createRequire(import.meta.url)(
      'node:inspector',
    ) as typeof import('node:inspector')
    const session = new inspector.Session()
    session.connectToMainThread()
    return session
  } catch {
    return undefined // Node was built without it, or its permission model forbids it
  }
}

function expression(task: Task, ...args: readonly unknown[]): string {
  return `require(${JSON.stringify(MAIN_THREAD_FILE)}).${task}(${args.map((arg) => JSON.stringify(arg)).join()})`
}

/**
 * Returns what an expression evaluates to, as text; `undefined` when it fails or takes too long.
 */
function evaluate(session: Session, text: string, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeoutMs, undefined) // keeps this thread alive
    session.post('Runtime.evaluate', { expression: text, ...EVALUATION }, (failure, reply) => {
      clearTimeout(timer)
      const failed = failure !== null || reply.exceptionDetails !== undefined
      resolve(failed ? undefined : String(reply.result.value))
    })
  })
}

function errorOf(told: PlainError): Error {
  const { name, message, code, cause: nested, ...rest } = told
  const cause = nested === undefined ? {} : { cause: errorOf(nested) }
  if (name === 'PythreadsError')
    return new PythreadsError(code as PythreadsError['code'], message, cause)
  return Object.assign(new Error(message, cause), {
    ...(code === undefined ? {} : { code }),
    ...rest,
  })
}
