import type { FileHandle } from 'node:fs/promises'
import { fileError } from './errors.ts'
import type { Format } from './formats.ts'
import { whole } from './numbers.ts'
import type { Printer } from './printer.ts'
import { RowFrame } from './row-frame.ts'

/** A file or stream for rows. */
export interface RowOutput {
  /** Whether the reader has gone. */
  readonly closed: boolean
  /** Writes `count` complete rows. @throws `ERR_PYTHREADS_FILE`, which says how much was written */
  write(rows: Uint8Array, count: number): Promise<void>
  end(): Promise<void>
}

/** Writes rows to a file. On a full disk, the file is cut behind its last complete row. */
export class FileOutput implements RowOutput {
  readonly closed = false
  readonly #handle: FileHandle
  readonly #name: string
  readonly #frame: RowFrame
  /** The complete rows in the file, and their bytes. */
  #rows = 0
  #bytes = 0
  /** The rows of the last write: some may be removed to make room for the closing bracket. */
  #last: { readonly bytes: Uint8Array; readonly count: number } = {
    bytes: new Uint8Array(0),
    count: 0,
  }
  #isFull = false

  /** Takes over `handle`; `end` closes it. */
  constructor(handle: FileHandle, name: string, format: Format) {
    this.#handle = handle
    this.#name = name
    this.#frame = new RowFrame(format)
  }

  async write(rows: Uint8Array, count: number): Promise<void> {
    const bytes = this.#frame.next(rows, count)
    const [done, failure] = await this.#write(bytes)
    if (failure !== undefined) throw await this.#full(failure.error, bytes.subarray(0, done))
    this.#rows += count
    this.#bytes += bytes.length
    if (this.#frame.isClosed && count > 0) this.#last = { bytes, count }
  }

  async end(): Promise<void> {
    try {
      if (this.#isFull) return
      const [, failure] = await this.#write(this.#frame.end(this.#rows === 0))
      if (failure !== undefined) throw await this.#full(failure.error, new Uint8Array(0))
    } finally {
      await this.#close()
    }
  }

  async #write(
    bytes: Uint8Array,
  ): Promise<[written: number, failure: { readonly error: unknown } | undefined]> {
    let done = 0
    try {
      while (done < bytes.length) done += (await this.#handle.write(bytes, done)).bytesWritten
    } catch (error) {
      return [done, { error }]
    }
    return [done, undefined]
  }

  /**
   * Cuts the file behind its last complete row, or some rows earlier, so that the closing bracket
   * has room. Returns the error to throw.
   */
  async #full(error: unknown, written: Uint8Array): Promise<Error> {
    this.#isFull = true
    const [rows, bytes] = [this.#rows - this.#last.count, this.#bytes - this.#last.bytes.length]
    const all = Buffer.concat([this.#last.bytes, written])
    let kept: Uint8Array = all.subarray(
      0,
      Math.max(this.#last.bytes.length, this.#frame.wholeRows(all)),
    )
    for (;;) {
      this.#rows = rows + this.#frame.count(kept)
      this.#bytes = bytes + kept.length
      const end = this.#frame.end(this.#rows === 0)
      await this.#handle.truncate(this.#bytes).catch(() => {}) // devices cannot be truncated
      const { bytesWritten } = await this.#handle
        .write(end, 0, end.length, this.#bytes)
        .catch(() => ({ bytesWritten: 0 }))
      if (bytesWritten === end.length) this.#bytes += end.length
      if (bytesWritten === end.length || kept.length === 0)
        return fileError(this.#name, error, this.#written)
      kept = kept.subarray(0, this.#frame.wholeRows(kept))
    }
  }

  async #close(): Promise<void> {
    try {
      await this.#handle.close() // NFS may report a full disk only here
    } catch (error) {
      throw fileError(this.#name, error, this.#written)
    }
  }

  get #written(): string {
    return `${whole(this.#rows)} rows are written (${whole(this.#bytes)} bytes)`
  }
}

/** Writes rows to standard output. */
export class StandardOutput implements RowOutput {
  readonly #printer: Printer
  readonly #frame: RowFrame
  #rows = 0

  constructor(printer: Printer, format: Format) {
    this.#printer = printer
    this.#frame = new RowFrame(format)
  }

  get closed(): boolean {
    return this.#printer.closed
  }

  async write(rows: Uint8Array, count: number): Promise<void> {
    await this.#printer.print(this.#frame.next(rows, count))
    this.#check()
    this.#rows += count
  }

  async end(): Promise<void> {
    this.#printer.print(this.#frame.end(this.#rows === 0))
    await this.#printer.end()
    this.#check()
  }

  #check(): void {
    const { failure } = this.#printer
    if (failure !== undefined)
      throw fileError('standard output', failure, `at most ${whole(this.#rows)} rows were written`)
  }
}
