import { PythreadsError } from '../../errors/index.ts'

/** The types of tables in Python. */
export type TableKind = 'pyarrow' | 'pandas' | 'polars'

const KINDS: readonly TableKind[] = ['pyarrow', 'pandas', 'polars']

/** A table as an argument of a call. {@link fromArrow} makes it. */
export class PythonTable {
  /** The type of the table in Python. */
  readonly kind: TableKind
  /** The bytes of an Arrow IPC stream. */
  readonly ipc: Uint8Array

  /**
   * @throws `ERR_PYTHREADS_ARGUMENT` for an unknown kind
   * @internal
   */
  constructor(kind: TableKind, ipc: Uint8Array) {
    if (!KINDS.includes(kind)) {
      throw new PythreadsError(
        'ERR_PYTHREADS_ARGUMENT',
        `A table arrives as one of ${KINDS.join(', ')}; got ${String(kind)}`,
      )
    }
    this.kind = kind
    this.ipc = ipc
  }
}
