import type { ResolvedPythonOptions } from '../options/index.ts'
import type { SetupStep } from '../pool/index.ts'
import type { ExportedValues, ReferenceCounts } from '../references/index.ts'
import type { Listeners, OutputListener } from '../worker/index.ts'
import type { SyncConnection, SyncTools } from './connection.ts'

/** What sync calls need of the pool. */
export interface SyncSource
  extends Pick<ResolvedPythonOptions, 'copy' | 'exact' | 'readonly' | 'naiveDates'> {
  /**
   * Opens the line; called when the first sync call is made. `calledBack`: Python may call
   * functions on it.
   */
  open(tools: Omit<SyncTools, 'startTimeoutMs'>, calledBack: boolean): SyncConnection
  /** What every interpreter of the pool has to get first; entries that failed are `undefined`. */
  readonly setup: readonly (SetupStep | undefined)[]
  /** The JavaScript values that Python holds. */
  readonly exported: ExportedValues
  /** Of the interpreter that all workers share, if they do: then sync calls go there. */
  readonly counts: ReferenceCounts | undefined
  /** Notes an extension module that the interpreter of sync calls has refused to load. */
  refused(module: unknown): void
  /** Has an object of the shared interpreter dropped. */
  release(id: number): void
  /** Gets what is printed, where it is asked for. */
  readonly onLine: OutputListener | undefined
  /** Get warnings, and records of `logging`. */
  readonly listeners: Listeners
}
