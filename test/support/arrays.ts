import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { Python } from '../../src/index.ts'
import { collectGarbage } from './held.ts'
import { SOON_MS } from './workers.ts'

/** The module of the tests of arrays. */
export const ARRAYS: string = new URL('../python/arrays.py', import.meta.url).pathname

/**
 * An array as large as its memory says: in the frame, in shared memory, and larger than a frame may
 * be.
 */
export const SIZES: readonly number[] = [3, 10_000, 100_000]

/** The numbers from 0. */
export function numbers(length: number): Float64Array {
  return Float64Array.from({ length }, (_, i) => i)
}

/**
 * Arrays that cross sides at a moment: `lent` to Python, `borrowed` from it; and megabytes of
 * memory that both see.
 */
export interface Shared {
  lent: number
  borrowed: number
  usedMb: number
}

/**
 * What there is when garbage has been collected on both sides: all pools of this thread have a part
 * in it.
 */
export async function shared(py: Python): Promise<Shared> {
  await collected()
  await Promise.all(py.stats().workers.map(({ worker }) => py.run('gc:collect', [], { worker })))
  const { lent, borrowed, usedMb } = py.stats().memory
  return { lent, borrowed, usedMb }
}

/** Waits until neither side has any array of the other one, but for those of before. */
export async function allReturned(
  py: Python,
  before: Shared = { lent: 0, borrowed: 0, usedMb: 0 },
): Promise<void> {
  const beyond = async () => {
    const now = await shared(py)
    return Object.entries(before).filter(([name, value]) => now[name as keyof Shared] > value)
  }
  await expect.poll(beyond, { timeout: SOON_MS }).toEqual([])
}

/** Collects garbage until finalizers have run. */
export async function collected(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) {
    collectGarbage()
    await sleep(5)
  }
}

/** Whether an array has the numbers from 0; quicker than `toEqual`. */
export function areNumbers(array: Float64Array): boolean {
  return array.every((x, i) => x === i)
}
