import { isMainThread } from 'node:worker_threads'
import { makeRoomForListeners } from './exit-listeners.ts'
import { bareCalls, closeFd, Poller, SOCK_STREAM, socketpair } from './libc.ts'

/**
 * How long Python may take to begin: C code may keep the GIL; and to find its files: without a GIL,
 * C code may keep it from that.
 */
const BEGIN_TIMEOUT_MS = 150
const FIND_TIMEOUT_MS = 300

let graceMs = 0
let watching = false

/**
 * Has the Python of this process do at the end of Node what a program does at its end: it is never
 * finalized. `order` tells it so; it takes a socket, to which Python writes a byte when it begins,
 * another one before it looks for files and one when it has found them, and which it closes when it
 * is done. For what takes time in between it has as long as the most patient pool gives it. Only
 * the main thread's end is that of the process.
 */
export function endAtExit(closeGraceMs: number, order: (fd: number) => boolean): void {
  if (!isMainThread) return
  graceMs = Math.max(graceMs, closeGraceMs)
  if (watching) return
  watching = true
  makeRoomForListeners(1)
  process.once('exit', () => {
    if (graceMs === 0) return
    const [ours, theirs] = socketpair(SOCK_STREAM)
    const poller = new Poller([ours], 'readable')
    if (!order(theirs)) closeFd(theirs)
    else {
      const step = (timeoutMs: number) =>
        poller.wait(timeoutMs) && bareCalls().recv(ours, Buffer.alloc(1), 1, 0) > 0
      if (step(BEGIN_TIMEOUT_MS) && step(graceMs) && step(FIND_TIMEOUT_MS)) poller.wait(graceMs)
    }
    closeFd(ours)
  })
}
