import { availableParallelism } from 'node:os'
import { SPIN_MS, SpinWait } from './spin-wait.ts'

/**
 * Makes `wait`, which blocks this thread, spin first where that has paid lately. `wait(0)` looks
 * without blocking.
 */
export function spinFirst(
  wait: (timeoutMs: number) => boolean,
  cores: number = availableParallelism(),
): (timeoutMs: number) => boolean {
  if (cores < 2) return wait // the thread that it waits for needs the only core
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
