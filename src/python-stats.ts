import type { FoundPython } from './discovery/index.ts'
import type { IsolationKind } from './isolation/index.ts'
import type { PoolEvents } from './observe/index.ts'
import type { PoolStats } from './pool/index.ts'

/** What {@link Python.stats} returns. */
export interface PythonStats extends PoolStats {
  /** The name of the pool: the option `name`, or `pool-1` and so on. */
  readonly name: string
  /** The Python that the workers run. */
  readonly python: {
    /** The path of its executable. */
    readonly executable: string
    /** The version as Python prints it, e.g. `3.13.5`. */
    readonly version: string
    /** Whether it is a free-threaded build, which can run without a GIL. */
    readonly freeThreaded: boolean
    /** Where it was found, e.g. `VIRTUAL_ENV`. */
    readonly source: string
    /**
     * A sentence for each environment that comes before this Python and is not used: it belongs to
     * another user, or it does not have the version that the option `python` asks for. Each
     * sentence is also emitted once as a warning of the process.
     */
    readonly passedOver: readonly string[]
  }
  /** How the workers run. */
  readonly isolation: IsolationKind
  /**
   * Why they run so: a sentence for each isolation that was considered. In subinterpreters, a
   * sentence follows for each extension module that refused to load, also when a package caught the
   * error.
   */
  readonly reasons: readonly string[]
}

/** The events of {@link Python} as types of `EventEmitter`: each listener gets one object. */
export type PythonEvents = { [K in keyof PoolEvents]: [details: PoolEvents[K]] }

/** The sentence of `reasons` for an extension module that refused to load. */
export function refusedReason(module: string): string {
  return `refused in a subinterpreter: ${module} (use isolation 'process')`
}

/** What `stats()` says of the Python that was found. */
export function pythonStats({ facts, source, passedOver }: FoundPython): PythonStats['python'] {
  const { executable, release: version, freeThreaded } = facts
  return { executable, version, freeThreaded, source, passedOver }
}
