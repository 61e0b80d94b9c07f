import { PythreadsError } from '../../errors/index.ts'

/** What a table can be in Python. */
export type TableKind = 'pyarrow' | 'pandas' | 'polars'

const KINDS: readonly TableKind[] = ['pyarrow', 'pandas', 'polars']

/** A table on its way to Python. {@link fromArrow} makes it. */
export class PythonTable {
  /** What the table becomes in Python. */
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
