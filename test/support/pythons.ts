import { inject } from 'vitest'
import type { TestPython } from './pythons.setup.ts'

export type { TestPython } from './pythons.setup.ts'

/** One Python of each minor version that is on the machine, oldest first. */
export const pythons: TestPython[] = inject('pythons')

type IsolationKind = TestPython['isolations'][number]

/**
 * Every isolation with the Python that tests use for it: for thread the oldest with a libpython that has a GIL, for
 * subinterpreter the newest with a GIL, for process the oldest, and `thread` once more without a GIL.
 */
export const placements: { name: string; isolation: IsolationKind; python: string; packages: string | null }[] = [
  place(
    'thread',
    'thread',
    pythons.find((python) => python.isolations.includes('thread') && !python.freeThreaded),
  ),
  place(
    'subinterpreter',
    'subinterpreter',
    pythons.findLast((python) => python.isolations.includes('subinterpreter')),
  ),
  place(
    'process',
    'process',
    pythons.find((python) => !python.freeThreaded),
  ),
  place(
    'thread without a GIL',
    'thread',
    pythons.find((python) => python.freeThreaded),
  ),
]

function place(name: string, isolation: IsolationKind, python: TestPython | undefined) {
  if (python === undefined) throw new Error(`No Python on this machine can do ${name}`)
  return { name: `${name} (${python.release})`, isolation, python: python.executable, packages: python.packages }
}
