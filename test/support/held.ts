import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'vitest'
import type { Python } from '../../src/index.ts'

/** Waits until Python holds no more than so many JavaScript values. */
export async function pythonHolds(py: Python, callbacks: number): Promise<void> {
  const look = async () => {
    await Promise.all(py.stats().workers.map(({ worker }) => py.run('gc:collect', [], { worker })))
    return py.stats().callbacks
  }
  await expect.poll(look).toBe(callbacks)
}

/**
 * Waits until JavaScript holds no more than so many objects in Python, with the help of the garbage
 * collector.
 */
export async function javaScriptHolds(py: Python, objects: number): Promise<void> {
  const look = () => {
    collectGarbage()
    return py.stats().objects
  }
  await expect.poll(look).toBe(objects)
}

/** Runs JavaScript's garbage collector. */
export function collectGarbage(): void {
  const { Bun } = globalThis as { Bun?: { gc(force: boolean): void } }
  if (Bun !== undefined) return Bun.gc(true)
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
}
