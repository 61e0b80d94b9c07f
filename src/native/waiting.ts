import { readSync } from 'node:fs'

/**
 * Waits for sockets that do not block, without a native call: they are looked at again and again.
 */

const NEVER = new Int32Array(new SharedArrayBuffer(4))
/** The wait is looked at after this share of the time that it has taken so far, */
const NAP_SHARE = 16
/** and at least this often. */
const MAX_NAP_MS = 2
const MIN_NAP_MS = 0.02

/** Blocks this thread for a moment, unless it is terminated. */
export function nap(ms: number): void {
  Atomics.wait(NEVER, 0, 0, ms)
}

/**
 * Waits until something is true, `timeoutMs` at most; returns whether it is. What takes longer is
 * looked at less often.
 */
export function waitUntil(isTrue: () => boolean, timeoutMs: number): boolean {
  const began = performance.now()
  while (!isTrue()) {
    const waited = performance.now() - began
    if (waited >= timeoutMs) return false
    nap(Math.min(napAfter(waited), timeoutMs - waited))
  }
  return true
}

/** How long to nap after a wait that has taken so far. */
export function napAfter(waitedMs: number): number {
  return Math.min(Math.max(waitedMs / NAP_SHARE, MIN_NAP_MS), MAX_NAP_MS)
}

/**
 * Reads what has come to a socket that does not block: how many bytes, 0 at its end, -1 when there
 * is nothing yet.
 */
export function readNow(fd: number, bytes: Buffer): number {
  try {
    return readSync(fd, bytes)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? -1 : 0
  }
}

/** As {@link readNow}, once something has come; -1 when nothing comes for `timeoutMs`. */
export function readSoon(fd: number, bytes: Buffer, timeoutMs: number): number {
  let length = -1
  waitUntil(() => {
    length = readNow(fd, bytes)
    return length >= 0
  }, timeoutMs)
  return length
}
