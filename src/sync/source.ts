import { PythreadsError } from '../errors/index.ts'
import type { Isolation } from '../isolation/index.ts'
import type { ResolvedPythonOptions } from '../options/index.ts'
import type { Pool, SetupStep } from '../pool/index.ts'
import type { ExportedValues, ReferenceCounts } from '../references/index.ts'
import type { Listeners, OutputListener } from '../worker/index.ts'
import { connectSync } from './connect.ts'
import type { SyncConnection, SyncTools } from './connection.ts'

/** What sync calls need of the pool. */
export interface SyncSource
  extends Pick<ResolvedPythonOptions, 'copy' | 'exact' | 'readonly' | 'naiveDates'> {
  /**
   * Opens the connection for sync calls; called at the first one. `calledBack`: Python may call
   * functions of JavaScript on it.
   */
  open(tools: Omit<SyncTools, 'startTimeoutMs'>, calledBack: boolean): SyncConnection
  /** What every interpreter of the pool has to get first; entries that failed are `undefined`. */
  readonly setup: readonly (SetupStep | undefined)[]
  /** The JavaScript values that Python holds. */
  readonly exported: ExportedValues
  /**
   * The reference counts of the interpreter that all workers share, which then also runs sync
   * calls; `undefined` if each worker has an interpreter of its own.
   */
  readonly counts: ReferenceCounts | undefined
  /** Notes an extension module that the interpreter of sync calls has refused to load. */
  refused(module: unknown): void
  /** Releases an object of the shared interpreter. */
  release(id: number): void
  /** Gets the lines that Python prints, if the option `output` asks for them. */
  readonly onLine: OutputListener | undefined
  /** Get warnings, and records of `logging`. */
  readonly listeners: Listeners
}

type SyncSettings = Pick<
  SyncSource,
  'copy' | 'exact' | 'readonly' | 'naiveDates' | 'onLine' | 'listeners'
> &
  Pick<ResolvedPythonOptions, 'startTimeoutMs'>

/** What sync calls need of a pool and its isolation. */
export function syncSource(pool: Pool, isolation: Isolation, settings: SyncSettings): SyncSource {
  const { startTimeoutMs } = settings
  return {
    ...settings,
    open(tools, calledBack) {
      if (!pool.isOpen)
        throw new PythreadsError(
          'ERR_PYTHREADS_CLOSED',
          'The pool is closed: it takes no more calls',
        )
      const endpoint = isolation.openSync(pool.ready, startTimeoutMs, calledBack)
      return connectSync(endpoint, { ...tools, startTimeoutMs })
    },
    setup: pool.setup,
    exported: pool.exported,
    counts: pool.counts,
    refused: (module) => pool.noteRefused(module),
    release: (id) => pool.release(id),
  }
}
