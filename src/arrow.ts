import { type Table, tableFromIPC, tableToIPC } from 'apache-arrow'
import { PythreadsError } from './errors/index.ts'
import type { RemoteObject } from './remote/index.ts'
import { PythonTable, type TableKind } from './wire/index.ts'

export type { TableKind } from './wire/index.ts'

// A program that uses this module installs the package itself: `npm install apache-arrow`.

/**
 * Copies a table from Python. JavaScript reads the columns where Python wrote them, in memory that
 * both sides share.
 *
 * @example
 * ```ts
 * const orders = await toArrow(py.import('pandas').read_csv('orders.csv'))
 * orders.getChild('amount')?.get(0)
 * ```
 * @param frame - A remote object, or the promise of one: a pandas or polars `DataFrame`, a pyarrow
 * `Table` or `RecordBatch`.
 * @returns The table of the package apache-arrow.
 * @throws `ERR_PYTHREADS_VALUE` when `frame` is no table, when pyarrow is not installed, or when
 * apache-arrow does not know the type of a column; and the errors of {@link Python.run}.
 */
export async function toArrow(frame: unknown): Promise<Table> {
  const remote = (await frame) as RemoteObject | null | undefined
  if (typeof remote?.$arrow !== 'function') {
    throw new PythreadsError(
      'ERR_PYTHREADS_VALUE',
      `toArrow takes a remote object, or the promise of one; got ${kindOf(remote)}`,
    )
  }
  const bytes = await remote.$arrow()
  try {
    return tableFromIPC(bytes)
  } catch (cause) {
    throw new PythreadsError(
      'ERR_PYTHREADS_VALUE',
      'The package apache-arrow cannot read a column of this table',
      { cause },
    )
  }
}

/**
 * Copies a table to pass it to Python, alone or within other values. The columns are copied once.
 *
 * @example
 * ```ts
 * await py.run('report:total', [fromArrow(table, 'pandas')])
 * ```
 * @param table - A table of the package apache-arrow.
 * @param kind - The type in Python: a `pyarrow.Table` (the default), or a `DataFrame` of pandas or
 * polars.
 * @returns An argument of a call.
 * @throws `ERR_PYTHREADS_ARGUMENT` for another kind, or when `table` is no table of apache-arrow.
 */
export function fromArrow(table: Table, kind: TableKind = 'pyarrow'): PythonTable {
  return new PythonTable(kind, streamOf(table))
}

function streamOf(table: Table): Uint8Array {
  try {
    return tableToIPC(table, 'stream')
  } catch (cause) {
    throw new PythreadsError(
      'ERR_PYTHREADS_ARGUMENT',
      `fromArrow takes a table of apache-arrow; got ${kindOf(table)}`,
      { cause },
    )
  }
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : `a value of type ${typeof value}`
}
