import { fstatSync, openSync, readSync, writeSync } from 'node:fs'
import { letGo } from '../attempt.ts'
import { PythreadsError } from '../errors/index.ts'
import { avoidsNativeCalls, isSealed } from '../native/index.ts'
import type { Loan } from '../wire/index.ts'
import { FLAG_BYTES } from './flags.ts'
import { Mapping, type Part } from './mapping.ts'
import { notMemory, refusesToShrink, sizeOf } from './worker-file.ts'

/** The files from which workers lend memory: mapped where that is possible, else read. */

/** The flag of a loan that is over. The kernel's `lend.py` waits for it. */
export const RETURNED = 1
/** A worker that has lent nothing for this time need not keep free memory. */
const TRIM_MS = 1_000

export type LentFile = MappedFile | ReadFile

/** The files that are mapped. */
const files = new Set<MappedFile>()

/** A file that is mapped until the last array in it is collected. */
export class MappedFile {
  readonly mapping: Mapping
  readonly flags: Uint8Array
  ended = false
  /**
   * The parts that are arrays here, by their flags. The worker can write to the flags, but does not
   * end such a loan.
   */
  readonly #shown = new Map<number, Part>()
  /** The number of loans that were shown. */
  #borrowed = 0
  readonly #trim: () => void
  #timer: NodeJS.Timeout | undefined

  /**
   * `trim`: has the worker give free memory back to the system.
   *
   * @throws `ERR_PYTHREADS_PROTOCOL` when the file is not the memory of a worker; another error
   * when it cannot be mapped
   */
  constructor(fd: number, trim: () => void) {
    if (!isSealed(fd)) notMemory('a file that can get shorter')
    sizeOf(fd)
    this.mapping = new Mapping(fd)
    this.flags = new Uint8Array(this.mapping.view(0, FLAG_BYTES))
    files.add(this)
    this.#trim = trim
  }

  get bytes(): number {
    return this.mapping.bytes
  }

  isShown(flag: number): boolean {
    return this.#shown.has(flag)
  }

  /** Notes that a part is an array of this thread. */
  show(flag: number, part: Part): void {
    this.#shown.set(flag, part)
    this.#borrowed++
  }

  /** The array of a part was collected. */
  hide(flag: number): void {
    this.#shown.delete(flag)
    this.trimLater()
    this.#closeIfUnused()
  }

  /** Memory was returned: the worker need not keep it unless it lends again soon. */
  trimLater(): void {
    if (this.ended) return
    const borrowed = this.#borrowed
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      if (this.#borrowed === borrowed) this.#trim()
      else this.trimLater()
    }, TRIM_MS).unref()
  }

  /**
   * The worker has ended, so no process reads the flags any more. Unmaps at once what is no array
   * here.
   */
  end(): void {
    this.ended = true
    clearTimeout(this.#timer)
    if (this.#shown.size > 0) this.mapping.keepOnly([...this.#shown.values()])
    this.#closeIfUnused()
  }

  #closeIfUnused(): void {
    if (!this.ended || this.#shown.size > 0) return
    files.delete(this)
    this.mapping.close()
  }

  /** Returns all memory of the file except the flags. */
  discard(): void {
    this.mapping.discard(FLAG_BYTES, this.mapping.bytes - FLAG_BYTES)
  }
}

/** The memory that mapped files take. */
export function mappedBytes(): number {
  let bytes = 0
  for (const { mapping } of files) bytes += mapping.resident
  return bytes
}

/**
 * A file that is read because it cannot be mapped: koffi is missing, the address space is full, or
 * Node does not allow buffers of foreign memory. A thread that makes no native calls reads all
 * files.
 */
export class ReadFile {
  readonly bytes: number
  readonly #fd: number

  /** `bytes`: the size of the file. `end` closes `fd`. */
  constructor(fd: number, bytes: number) {
    this.#fd = fd
    this.bytes = bytes
  }

  /**
   * The file from which a worker lends. @throws `ERR_PYTHREADS_PROTOCOL` when it is not the memory
   * of a worker
   */
  static ofWorker(fd: number): ReadFile {
    if (!refusesToShrink(fd)) notMemory('a file that can get shorter')
    return new ReadFile(fd, sizeOf(fd))
  }

  get resident(): number {
    return fstatSync(this.#fd).blocks * 512
  }

  /** Copies the memory of a loan, and ends the loan. */
  take([size, position, segment, flag]: Loan): ArrayBuffer {
    const copy = Buffer.allocUnsafeSlow(size) // has an ArrayBuffer of its own
    try {
      for (let at = 0; at < size; ) {
        const read = readSync(this.#fd, copy, at, size - at, position + at)
        if (read === 0) noLoan()
        at += read
      }
      writeSync(this.#fd, Uint8Array.of(RETURNED), 0, 1, Math.max(segment, 0) + flag)
    } catch {
      noLoan() // no memory is there, or the worker has sealed the file against writing
    }
    return copy.buffer as ArrayBuffer
  }

  end(): void {
    letGo(this.#fd)
  }
}

/** Maps the file from which a worker lends, or opens it for reading. */
export function lentFile(fd: number, trim: () => void): LentFile {
  if (avoidsNativeCalls) return ReadFile.ofWorker(fd)
  try {
    return new MappedFile(fd, trim)
  } catch (error) {
    if (error instanceof PythreadsError && error.code === 'ERR_PYTHREADS_PROTOCOL') throw error
    return ReadFile.ofWorker(fd)
  }
}

let memoryOfProcess: ReadFile | undefined

/**
 * The memory of this process as a file whose positions are addresses, for a thread that makes no
 * native calls. Other threads see that memory directly.
 */
export function ownMemory(): ReadFile | undefined {
  if (!avoidsNativeCalls) return undefined
  try {
    memoryOfProcess ??= new ReadFile(openSync('/proc/self/mem', 'r+'), Number.MAX_SAFE_INTEGER)
  } catch {
    // There is no /proc, or this process has other rights by now.
  }
  return memoryOfProcess
}

/** Refuses a loan that does not exist. */
export function noLoan(): never {
  throw new PythreadsError(
    'ERR_PYTHREADS_PROTOCOL',
    'Malformed value from Python: memory that is none',
  )
}
