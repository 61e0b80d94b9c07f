import { isMainThread } from 'node:worker_threads'
import { makeRoomForListeners } from './exit-listeners.ts'
import { bareCalls, closeFd, Poller, SOCK_STREAM, socketpair } from './libc.ts'

/** How long Python may take to begin: C code may keep the GIL. */
const BEGIN_TIMEOUT_MS = 150
/**
 * How long Python may take to find its open files: without a GIL it stops all threads for the
 * search, which C code may delay.
 */
const FIND_TIMEOUT_MS = 300

let graceMs = 0
let watching = false

/**
 * Makes the Python of this process join its threads, run its exit functions and flush its files
 * when Node ends, as Python is never finalized. `order` gives Python a socket. Python writes a byte
 * to the socket when it begins, one before it looks for open files, and one when it has found them;
 * it closes the socket when it is done. Exit functions and flushing may each take the longest
 * `closeGraceMs` of all pools. Only the main thread does this: its end is the end of the process.
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
