import type { IsolationKind } from '../../src/isolation/index.ts'
import type { TestPython } from './pythons.setup.ts'

/** A way to run Python, and the Python that tests use for it. */
export interface Role {
  readonly name: IsolationKind | 'thread without a GIL'
  readonly isolation: IsolationKind
  find(all: readonly TestPython[]): TestPython | undefined
  /** What the end of a run says where no Python can do it. */
  readonly missing: string
  /** What scripts/build-python.sh builds for the full suite where no Python can do it. */
  readonly tag?: string
  /** Whether tests use numpy and the like there. */
  readonly usesPackages: boolean
}

export const ROLES: readonly Role[] = [
  {
    name: 'thread',
    isolation: 'thread',
    find: (all) =>
      all.find((python) => python.isolations.includes('thread') && !python.freeThreaded),
    missing: 'thread isolation (no Python with a libpython)',
    usesPackages: true,
  },
  {
    name: 'subinterpreter',
    isolation: 'subinterpreter',
    // Python 3.12 has it only on request.
    find: (all) =>
      all.findLast(
        (python) => python.isolations.includes('subinterpreter') && python.version[1] >= 13,
      ),
    missing: 'subinterpreters (no Python 3.13 or newer with a libpython)',
    tag: '3.13',
    usesPackages: false,
  },
  {
    name: 'process',
    isolation: 'process',
    find: (all) => all.find((python) => !python.freeThreaded) ?? all[0],
    missing: 'process isolation (no Python 3.10 or newer)',
    usesPackages: true,
  },
  {
    name: 'thread without a GIL',
    isolation: 'thread',
    find: (all) => all.find((python) => python.freeThreaded),
    missing: 'thread without a GIL (no free-threaded Python)',
    tag: '3.13t',
    usesPackages: true,
  },
]
