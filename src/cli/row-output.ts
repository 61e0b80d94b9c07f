import type { FileHandle } from 'node:fs/promises'
import { fileError } from './errors.ts'
import { whole } from './numbers.ts'
import type { Printer } from './printer.ts'
import { countRecords, lastRecordEnd } from './record-chunks.ts'

/** Where rows go. */
export interface RowOutput {
  /** Nobody reads it any more. */
  readonly closed: boolean
  /** Writes `count` whole rows. @throws `ERR_PYTHREADS_FILE`, which says what has been written */
  write(rows: Uint8Array, count: number): Promise<void>
  end(): Promise<void>
}

/** Rows in a file. When the file takes no more, it ends with the last row that it has whole. */
export class FileOutput implements RowOutput {
  readonly closed = false
  readonly #handle: FileHandle
  readonly #name: string
  readonly #csv: boolean
  #rows = 0
  #bytes = 0

  /** Closes `handle` at its end. */
  constructor(handle: FileHandle, name: string, csv: boolean) {
    this.#handle = handle
    this.#name = name
    this.#csv = csv
  }

  async write(rows: Uint8Array, count: number): Promise<void> {
    let done = 0
    try {
      while (done < rows.length) done += (await this.#handle.write(rows, done)).bytesWritten
    } catch (error) {
      const kept = rows.subarray(0, lastRecordEnd(rows.subarray(0, done), this.#csv ? false : undefined))
      this.#rows += countRecords(kept, this.#csv)
      this.#bytes += kept.length
      await this.#handle.truncate(this.#bytes).catch(() => {}) // a device has no length
      throw fileError(this.#name, error, this.#written)
    }
    this.#rows += count
    this.#bytes += rows.length
  }

  async end(): Promise<void> {
    try {
      await this.#handle.close() // some file systems tell only here that a disk is full
    } catch (error) {
      throw fileError(this.#name, error, this.#written)
    }
  }

  get #written(): string {
    return `${whole(this.#rows)} rows are written (${whole(this.#bytes)} bytes)`
  }
}

/** Rows to standard output. */
export class StandardOutput implements RowOutput {
  readonly #printer: Printer
  #rows = 0

  constructor(printer: Printer) {
    this.#printer = printer
  }

  get closed(): boolean {
    return this.#printer.closed
  }

  async write(rows: Uint8Array, count: number): Promise<void> {
    await this.#printer.print(rows)
    this.#check()
    this.#rows += count
  }

  async end(): Promise<void> {
    await this.#printer.flush()
    this.#check()
  }

  #check(): void {
    const { failure } = this.#printer
    if (failure !== undefined) throw fileError('standard output', failure, `${whole(this.#rows)} rows were written, or less`)
  }
}
