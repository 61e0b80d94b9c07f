import type { Recycling, SupervisedWorker } from './supervised.ts'

/**
 * A worker that holds as much as `recycle.memoryMb` from the beginning is replaced when it has
 * grown by this factor.
 */
const GROWTH = 1.25

/** Why it is time for another process in place of a worker's, if it is. Runs after each call. */
export function dueFor(worker: SupervisedWorker, limits: Recycling): string | undefined {
  const { calls, ageMs, memoryMb } = limits
  if (calls !== null && worker.calls >= calls) return `it has had ${worker.calls} calls`
  if (ageMs !== null && performance.now() - worker.servingSince >= ageMs)
    return `it has served for ${ageMs} ms`
  if (memoryMb !== null && worker.residentMb >= Math.max(memoryMb, worker.freshMb * GROWTH))
    return `it holds ${Math.round(worker.residentMb)} MB`
  return undefined
}
