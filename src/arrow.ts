import { type Table, tableFromIPC, tableToIPC } from 'apache-arrow'
import { PythreadsError } from './errors/index.ts'
import type { RemoteObject } from './remote/index.ts'
import { PythonTable, type TableKind } from './wire/index.ts'

export type { TableKind } from './wire/index.ts'

// Tables of Apache Arrow, by the package of that name, which a program installs itself: `npm install apache-arrow`.

/**
 * Copies a table from Python: a pandas or polars `DataFrame`, a pyarrow `Table` or `RecordBatch`. Its columns are read where Python
 * wrote them, in memory that both see.
 *
 * @example
 * ```ts
 * const orders = await toArrow(py.import('pandas').read_csv('orders.csv'))
 * orders.getChild('amount')?.get(0)
 * ```
 * @throws `ERR_PYTHREADS_VALUE` when it is no table, pyarrow is not there, or a column is of a type that apache-arrow does not know
 */
export async function toArrow(frame: unknown): Promise<Table> {
  const remote = (await frame) as RemoteObject | null | undefined
  if (typeof remote?.$arrow !== 'function') {
    throw new PythreadsError('ERR_PYTHREADS_VALUE', `toArrow takes a remote object, or the promise of one; got ${kindOf(remote)}`)
  }
  const bytes = await remote.$arrow()
  try {
    return tableFromIPC(bytes)
  } catch (cause) {
    throw new PythreadsError('ERR_PYTHREADS_VALUE', 'The package apache-arrow cannot read a column of this table', { cause })
  }
}

/**
 * A table to pass to Python, alone or within other values, where it arrives as a `pyarrow.Table`, or as a `DataFrame` of pandas or
 * polars. The table's columns are copied once.
 *
 * @example
 * ```ts
 * await py.run('report:total', [fromArrow(table, 'pandas')])
 * ```
 */
export function fromArrow(table: Table, kind: TableKind = 'pyarrow'): PythonTable {
  return new PythonTable(kind, streamOf(table))
}

function streamOf(table: Table): Uint8Array {
  try {
    return tableToIPC(table, 'stream')
  } catch (cause) {
    throw new PythreadsError('ERR_PYTHREADS_ARGUMENT', `fromArrow takes a table of apache-arrow; got ${kindOf(table)}`, { cause })
  }
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : `a value of type ${typeof value}`
}
