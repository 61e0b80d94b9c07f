import { isMainThread } from 'node:worker_threads'
import { makeRoomForListeners, silenceStderr } from '../native/index.ts'

/**
 * Runs `end` when this JavaScript thread ends by itself, after the present listeners of `exit`. On
 * the main thread `end` never runs: the end of the process frees everything.
 */
export function whenThreadEnds(end: () => void): void {
  if (!isMainThread) process.off('exit', end).once('exit', end)
}

let mustLeave: (() => boolean) | undefined

/**
 * Ends this process by `process.reallyExit` where its natural end would free arrays that Python's
 * threads are still reading. `process.exit` and uncaught errors end the process without freeing
 * arrays. Node emits `beforeExit` before a natural end, and only then.
 *
 * `lendsArrays` says whether Python still has an array. If it has none, the natural end goes on.
 */
export function leaveBeforeArraysAreFreed(lendsArrays: () => boolean): void {
  if (mustLeave !== undefined || !isMainThread) return
  mustLeave = lendsArrays
  makeRoomForListeners(2)
  process.on('beforeExit', prepare)
  prepare() // a listener of `beforeExit` may be lending the first array right now
  // An uncaught error is printed after `exit` was emitted.
  process.prependListener('uncaughtExceptionMonitor', disarm)
}

function prepare(): void {
  arm()
  process.nextTick(arm) // again, behind the `exit` listeners that other `beforeExit` listeners add
  // runs only if the process has more work, and does not end yet
  setImmediate(disarm).unref()
}

function arm(): void {
  disarm()
  process.prependListener('exit', remember).on('exit', leave)
}

function disarm(): void {
  process.off('exit', remember).off('exit', leave)
}

/** The listeners of this `exit` event. Node calls none that is added during the event. */
let heard: ReturnType<typeof process.rawListeners> = []

function remember(): void {
  heard = process.rawListeners('exit')
}

function leave(code: number): void {
  if (!mustLeave?.()) return
  for (const listener of heard.slice(heard.indexOf(leave) + 1)) listener.call(process, code)
  // `--trace-exit` would print a stack for `reallyExit`; a natural end prints none.
  if (/(^|\s)--trace-exit(\s|$)/.test([...process.execArgv, process.env['NODE_OPTIONS']].join(' ')))
    silenceStderr()
  const { reallyExit } = process as unknown as { reallyExit?: (code: number) => never }
  reallyExit?.call(process, Number(process.exitCode ?? code))
}
