import { availableParallelism } from 'node:os'

/** How long a thread looks again and again before it sleeps: about as long as it takes to wake it. */
const AWAKE_MS = 0.1
/** After a vigil in vain the next wait goes without one, then two, four, and at most so many. */
const MAX_PASSED = 64

/**
 * Makes `wait`, which blocks this thread, stay awake for a moment first, where that has paid lately: to wake a thread takes
 * longer than most short calls. As `pool/vigil.ts` for the event loop, and the kernel's `spin_wait.py`.
 */
export function vigilant(
  wait: (timeoutMs: number) => boolean,
  cores: number = availableParallelism(),
): (timeoutMs: number) => boolean {
  if (cores < 2) return wait // whom it waits for needs the only one
  let passNow = 0
  let passNext = 1
  return (timeoutMs) => {
    if (passNow > 0) {
      passNow--
      return wait(timeoutMs)
    }
    const until = performance.now() + AWAKE_MS
    while (!wait(0)) {
      if (performance.now() < until) continue
      passNow = passNext
      passNext = Math.min(passNext * 2, MAX_PASSED)
      return wait(timeoutMs)
    }
    passNext = 1
    return true
  }
}
