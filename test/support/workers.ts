import { expect } from 'vitest'
import type { Python } from '../../src/index.ts'

/** How long what will happen may take on a machine that others use too. */
export const SOON_MS = 120_000

/**
 * The id of a worker's process. @throws when it has none, so that no signal goes to the group of
 * this process by mistake
 */
export function pidOf(py: Python, slot: number): number {
  const pid = py.stats().workers[slot]?.pid
  if (pid === undefined) throw new Error(`worker ${slot} has no process now`)
  return pid
}

/** Ends a worker's process. */
export function kill(py: Python, slot: number): void {
  process.kill(pidOf(py, slot), 'SIGKILL')
}

/** The states of all workers. */
export function states(py: Python): string[] {
  return py.stats().workers.map(({ state }) => state)
}

/**
 * Waits until so many workers are idle, has each answer a call, and looks for anything left behind.
 */
export async function healthy(py: Python, workers: number): Promise<void> {
  await expect
    .poll(() => states(py).filter((state) => state === 'idle').length, { timeout: SOON_MS })
    .toBe(workers)
  const numbers = py.stats().workers.map(({ worker }) => worker)
  expect(
    await Promise.all(numbers.map((worker) => py.run('builtins:abs', [worker], { worker }))),
  ).toEqual(numbers)
  expect(py.stats()).toMatchObject({ running: 0, queued: 0 })
}
