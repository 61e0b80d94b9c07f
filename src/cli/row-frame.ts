import { type Format, isTable } from './formats.ts'
import { countRecords, lastRecordEnd } from './record-chunks.ts'

const NEWLINE = 0x0a
/** What stands between items of an array, as `records.py` writes it before each. */
const SEPARATOR_BYTES = 2
const [ARRAY, CLOSED, EMPTY_ARRAY, NOTHING] = ['[\n', '\n]\n', '[]\n', ''].map((text) =>
  Buffer.from(text),
) as [Buffer, Buffer, Buffer, Buffer]

/** What stands around the rows of a format, and where rows end. */
export class RowFrame {
  readonly #isArray: boolean
  readonly #csv: boolean
  #isFirst = true

  constructor(format: Format) {
    this.#isArray = format === 'json'
    this.#csv = isTable(format)
  }

  /** Whether something closes the file. */
  get isClosed(): boolean {
    return this.#isArray
  }

  /** Rows as they stand in the file. */
  next(rows: Uint8Array, count: number): Uint8Array {
    if (!(this.#isArray && this.#isFirst) || count === 0) return rows
    this.#isFirst = false
    return Buffer.concat([ARRAY, rows.subarray(SEPARATOR_BYTES)])
  }

  /** What stands behind the last row. */
  end(isEmpty: boolean): Uint8Array {
    return this.#isArray ? (isEmpty ? EMPTY_ARRAY : CLOSED) : NOTHING
  }

  /**
   * How many bytes the whole rows have at the beginning of what was written; items of an array are
   * whole when the next one begins.
   */
  wholeRows(written: Uint8Array): number {
    if (!this.#isArray) return lastRecordEnd(written, this.#csv ? false : undefined)
    // a row ends where the comma before the next one begins
    return Math.max(0, written.lastIndexOf(NEWLINE) - 1)
  }

  /** How many rows these are. */
  count(rows: Uint8Array): number {
    return countRecords(rows, this.#csv)
  }
}
