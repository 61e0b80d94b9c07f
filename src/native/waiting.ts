import { readNow } from './descriptors.ts'

/** Waits for nonblocking sockets without native calls: reads and naps until something comes. */

const NEVER = new Int32Array(new SharedArrayBuffer(4))
/** A nap is the time that was waited so far, divided by this number, */
const NAP_SHARE = 16
/** and not outside of these bounds. */
const MAX_NAP_MS = 2
const MIN_NAP_MS = 0.02

/** Blocks this thread for a moment; `terminate()` ends the wait. */
export function nap(ms: number): void {
  Atomics.wait(NEVER, 0, 0, ms)
}

/**
 * Waits until a condition is true; returns false when it is not after `timeoutMs`. The longer the
 * wait, the rarer the condition is checked.
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

/** How long to nap after waiting for `waitedMs`. */
export function napAfter(waitedMs: number): number {
  return Math.min(Math.max(waitedMs / NAP_SHARE, MIN_NAP_MS), MAX_NAP_MS)
}

/** Like {@link readNow}, and waits for bytes; -1 when nothing comes within `timeoutMs`. */
export function readSoon(fd: number, bytes: Buffer, timeoutMs: number): number {
  let length = -1
  waitUntil(() => {
    length = readNow(fd, bytes)
    return length >= 0
  }, timeoutMs)
  return length
}
