import type { PythonFacts } from '../discovery/index.ts'
import { InProcessIsolation } from './in-process.ts'
import type { Launcher, WorkerSettings } from './isolation.ts'
import { type ChildOptions, ProcessIsolation } from './process.ts'

/** Where a worker runs. */
export type IsolationKind = 'thread' | 'subinterpreter' | 'process'

/** What holds of all workers of an isolation. */
export interface IsolationTraits {
  /** Whether workers share modules and the namespace of `exec`. */
  readonly isShared: boolean
  /** Whether a worker that does not listen can be ended. */
  readonly isKillable: boolean
  /** Whether workers run in this process, which can load one Python only, for good. */
  readonly inProcess: boolean
}

/** A way to run workers. */
export interface Isolation extends Launcher, IsolationTraits {
  readonly kind: IsolationKind
}

/** One isolation. Which Pythons can do it stands in the support matrix. */
export interface IsolationRow extends IsolationTraits {
  /** Whether `'auto'` may choose it, where it can; else only a user can, by name. */
  readonly isAutomatic: boolean
  create(facts: PythonFacts, settings: WorkerSettings, child: ChildOptions): Launcher
}

/**
 * All isolations, the one that `'auto'` prefers first. Options, support matrix, `'auto'`, the
 * command line and the tests take their lists from here.
 */
export const ISOLATIONS: { readonly [K in IsolationKind]: IsolationRow } = {
  thread: {
    isAutomatic: true,
    isShared: true,
    isKillable: false,
    inProcess: true,
    create: (facts, settings) => new InProcessIsolation('thread', facts, settings),
  },
  subinterpreter: {
    isAutomatic: false, // most extension modules refuse to load in one, and some packages hide that
    isShared: false,
    isKillable: false,
    inProcess: true,
    create: (facts, settings) => new InProcessIsolation('subinterpreter', facts, settings),
  },
  process: {
    isAutomatic: true,
    isShared: false,
    isKillable: true,
    inProcess: false,
    create: (facts, settings, child) => new ProcessIsolation(facts, settings, child),
  },
}

/** The names of all isolations, the one that `'auto'` prefers first. */
export const ISOLATION_KINDS: readonly IsolationKind[] = Object.freeze(
  Object.keys(ISOLATIONS) as IsolationKind[],
)
