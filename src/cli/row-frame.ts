import { type Format, isTable } from './formats.ts'
import { countRecords, lastRecordEnd } from './record-chunks.ts'

const NEWLINE = 0x0a
/** The length of the comma and the line break that `records.py` writes before each item. */
const SEPARATOR_BYTES = 2
const [ARRAY, CLOSED, EMPTY_ARRAY, NOTHING] = ['[\n', '\n]\n', '[]\n', ''].map((text) =>
  Buffer.from(text),
) as [Buffer, Buffer, Buffer, Buffer]

/** The text around the rows of an output: a JSON array needs brackets. */
export class RowFrame {
  readonly #isArray: boolean
  readonly #csv: boolean
  #isFirst = true

  constructor(format: Format) {
    this.#isArray = format === 'json'
    this.#csv = isTable(format)
  }

  /** Whether the file needs a closing bracket. */
  get isClosed(): boolean {
    return this.#isArray
  }

  /** Returns the bytes to write for some rows. */
  next(rows: Uint8Array, count: number): Uint8Array {
    if (!(this.#isArray && this.#isFirst) || count === 0) return rows
    this.#isFirst = false
    return Buffer.concat([ARRAY, rows.subarray(SEPARATOR_BYTES)])
  }

  /** Returns the bytes behind the last row. */
  end(isEmpty: boolean): Uint8Array {
    return this.#isArray ? (isEmpty ? EMPTY_ARRAY : CLOSED) : NOTHING
  }

  /**
   * Returns how many bytes at the beginning of `written` are complete rows. An item of an array is
   * complete when the next one begins.
   */
  wholeRows(written: Uint8Array): number {
    if (!this.#isArray) return lastRecordEnd(written, this.#csv ? false : undefined)
    // a row ends where the comma before the next one begins
    return Math.max(0, written.lastIndexOf(NEWLINE) - 1)
  }

  /** Counts the rows. */
  count(rows: Uint8Array): number {
    return countRecords(rows, this.#csv)
  }
}
