import { availableParallelism } from 'node:os'
import { SPIN_MS, SpinWait } from './spin-wait.ts'

/**
 * Wraps `wait`, which blocks this thread: the wrapper spins before it blocks, where spinning has
 * paid lately. `wait(0)` must return at once.
 */
export function spinFirst(
  wait: (timeoutMs: number) => boolean,
  cores: number = availableParallelism(),
): (timeoutMs: number) => boolean {
  if (cores < 2) return wait // Python's thread needs the only core
  const spin = new SpinWait()
  return (timeoutMs) => {
    if (!spin.begin()) return wait(timeoutMs)
    const until = performance.now() + SPIN_MS
    while (!wait(0)) {
      if (performance.now() < until) continue
      spin.wasted()
      return wait(timeoutMs)
    }
    spin.paid()
    return true
  }
}
