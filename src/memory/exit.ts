import { isMainThread } from 'node:worker_threads'
import { makeRoomForListeners, silenceStderr } from '../native/index.ts'

/**
 * Has `end` run when this JavaScript thread ends, unless it is terminated, after whoever listens to
 * `exit` so far; for the main thread, whose process ends, not at all.
 */
export function whenThreadEnds(end: () => void): void {
  if (!isMainThread) process.off('exit', end).once('exit', end)
}

let mustLeave: (() => boolean) | undefined

/**
 * Ends this process without freeing what Python may be reading. Only a natural end of Node frees
 * arrays before it ends the process, while Python's threads go on; `process.exit` and uncaught
 * errors do not. `beforeExit` is emitted before a natural end, and only then.
 *
 * `isNeeded` says whether Python still has an array: otherwise the end stays a natural one.
 */
export function leaveBeforeArraysAreFreed(isNeeded: () => boolean): void {
  if (mustLeave !== undefined || !isMainThread) return
  mustLeave = isNeeded
  makeRoomForListeners(2)
  process.on('beforeExit', prepare)
  prepare() // `beforeExit` may be what the first array is lent in
  // An uncaught error is printed after `exit` was emitted.
  process.prependListener('uncaughtExceptionMonitor', disarm)
}

function prepare(): void {
  arm()
  process.nextTick(arm) // after what other listeners of `beforeExit` add
  // runs only if there is more work, so that the process does not end yet
  setImmediate(disarm).unref()
}

function arm(): void {
  disarm()
  process.prependListener('exit', remember).on('exit', leave)
}

function disarm(): void {
  process.off('exit', remember).off('exit', leave)
}

/** The listeners that Node calls; those that are added meanwhile are not called. */
let heard: ReturnType<typeof process.rawListeners> = []

function remember(): void {
  heard = process.rawListeners('exit')
}

function leave(code: number): void {
  if (!mustLeave?.()) return
  for (const listener of heard.slice(heard.indexOf(leave) + 1)) listener.call(process, code)
  // `--trace-exit` tells of every call of this function, and there is none at a natural end.
  if (/(^|\s)--trace-exit(\s|$)/.test([...process.execArgv, process.env['NODE_OPTIONS']].join(' ')))
    silenceStderr()
  const { reallyExit } = process as unknown as { reallyExit?: (code: number) => never }
  reallyExit?.call(process, Number(process.exitCode ?? code))
}
