import { inject, it } from 'vitest'
import type { TestPython } from './pythons.setup.ts'
import { ROLES } from './roles.ts'

export type { TestPython } from './pythons.setup.ts'

/**
 * One Python of each minor version that is on the machine, oldest first; in the quick suite those
 * that a placement uses.
 */
export const pythons: TestPython[] = inject('pythons')

/**
 * Every isolation with the Python that tests use for it, as far as this machine has one: for thread
 * the oldest with a libpython that has a GIL, for subinterpreter the newest with a GIL, for process
 * the oldest, and `thread` once more without a GIL.
 */
export const placements: readonly TestPlacement[] = ROLES.flatMap(({ name, isolation, find }) => {
  const python = find(pythons)
  if (python === undefined) return []
  const { executable, release, version, packages } = python
  return [{ name: `${name} (${release})`, isolation, python: executable, version, packages }]
}).map((place, turn) => ({ ...place, turn }))

export interface TestPlacement {
  name: string
  isolation: TestPython['isolations'][number]
  python: string
  version: TestPython['version']
  packages: string | null
  /** Its number among those that there are, for `sampled` of scale.ts. */
  turn: number
}

/**
 * How tests run that each start a host of their own: side by side, but not without a GIL. A
 * free-threaded 3.13 gives up its core 40 times for each file that it has read, so 1,760 times when
 * it starts: 0.05 s alone, 3.7 s beside 4 threads that compute and 9 s beside 8. (A critical
 * section within another one of the same object spins before it finds that it waits for itself.)
 */
export function eachHost({ name }: { readonly name: string }): typeof it | typeof it.concurrent {
  return name.includes('without') ? it : it.concurrent
}
