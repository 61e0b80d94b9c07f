import { letGo } from '../attempt.ts'
import { copyOf } from '../native/index.ts'
import type { Loan } from '../wire/index.ts'
import { bufferAt, type Located, show, sweepSoon } from './borrowed-arrays.ts'
import { FLAG_BYTES } from './flags.ts'
import { type LentFile, lentFile, noLoan, ownMemory, RETURNED, ReadFile } from './lent-files.ts'
import { viewOf } from './mapping.ts'
import { openWorkerFile } from './worker-file.ts'

/**
 * Memory that Python lends to JavaScript; the kernel's `lend.py` is the other side. A loan is over
 * when the ArrayBuffer that shows its memory is collected: then its flag becomes 1. Python looks at
 * the flags when it lends something else, and when JavaScript asks it to.
 */

/** The flag of a loan that JavaScript uses. */
const TAKEN = 2

/** The tables of flags in this process, by their address. They are never freed. */
const tables = new Map<number, Uint8Array>()

/** What one worker lends. */
export class Borrowed {
  readonly #inProcess: () => boolean
  readonly #trim: () => void
  #file: LentFile | undefined
  /** The number that the descriptor of the worker's file has in the worker. */
  #theirs = -1
  /** This process's descriptor of that file. `#file` owns it once there is one. */
  #ours: number | undefined

  /**
   * `inProcess`: whether the worker runs in this process, and is trusted with addresses. `trim`:
   * has the worker give free memory back to the system.
   */
  constructor(inProcess: () => boolean, trim: () => void) {
    this.#inProcess = inProcess
    this.#trim = trim
  }

  /**
   * Opens the file from which a worker will lend, before it lends anything, so that later changes
   * such as those of the rights of this process do not matter. Returns whether its memory can be
   * seen. `pid`: the worker's, from the system. `fd`: what the worker sent; -1: it lends none.
   *
   * @throws `ERR_PYTHREADS_PROTOCOL` when the file is not the memory of a worker
   */
  open(pid: number, fd: unknown): boolean {
    if (fd === -1) return true
    this.#ours = openWorkerFile(pid, fd)
    if (this.#ours === undefined) return false
    this.#theirs = fd as number
    return true
  }

  /** This process's descriptor of the file from which the worker lends. */
  get descriptor(): number | undefined {
    return this.#ours
  }

  /**
   * The memory of a loan, which is over when the buffer is collected.
   *
   * @throws `ERR_PYTHREADS_PROTOCOL` when there is no such loan
   */
  view(loan: Loan): ArrayBuffer {
    const again = this.again(loan)
    if (again !== undefined) return again
    const located = this.#locate(loan)
    return located instanceof ReadFile ? located.take(loan) : show(located)
  }

  /** The buffer that already shows the memory of this loan, if there is one; the loan is over. */
  again([size, position, segment, flag]: Loan): ArrayBuffer | undefined {
    if (!(segment > 0) || !this.#inProcess()) return undefined
    const buffer = bufferAt(position, size)
    const flags = tables.get(segment)
    if (buffer === undefined || flags === undefined || !(flag >= 0 && flag < FLAG_BYTES))
      return undefined
    flags[flag] = RETURNED
    sweepSoon()
    return buffer
  }

  /** Copies the memory of a loan, and ends the loan. */
  copy(loan: Loan): ArrayBuffer {
    const located = this.#locate(loan)
    if (located instanceof ReadFile) return located.take(loan)
    // Memory that is lent was written. Without this check, a few bytes in a frame would have this
    // process make a copy of any size.
    if (located.file !== undefined && loan[0] > located.file.mapping.resident) noLoan()
    const copy = copyOf(located.address, loan[0])
    end(located)
    return copy
  }

  /**
   * Reads the memory of a loan, and ends the loan. `mayChange`: a worker process can write there
   * meanwhile.
   */
  read<T>(loan: Loan, use: (bytes: ArrayBuffer, mayChange: boolean) => T): T {
    const located = this.#locate(loan)
    if (located instanceof ReadFile) return use(located.take(loan), false)
    try {
      return use(viewOf(located.address, loan[0]), located.file !== undefined)
    } finally {
      end(located)
    }
  }

  /** The worker has ended. */
  end(): void {
    if (this.#file !== undefined) this.#file.end()
    else if (this.#ours !== undefined) letGo(this.#ours)
    this.#file = undefined
    this.#ours = undefined
  }

  #locate(loan: Loan): Located | ReadFile {
    const [size, position, segment, flag] = loan
    const isSane =
      size > 0 &&
      position > 0 &&
      flag >= 0 &&
      flag < FLAG_BYTES &&
      [size, position, segment, flag].every(Number.isSafeInteger)
    if (!isSane || (segment > 0 && !this.#inProcess())) noLoan()
    return segment > 0 ? locateHere(loan) : this.#locateInFile(loan)
  }

  #locateInFile([size, position, segment, flag]: Loan): Located | ReadFile {
    const file = this.#fileOf(-segment)
    if (position < FLAG_BYTES || position + size > file.bytes) noLoan()
    if (file instanceof ReadFile) {
      if (size > file.resident) noLoan() // as in `copy`
      return file
    }
    if (file.isShown(flag)) noLoan()
    const { flags, mapping } = file
    flags[flag] = TAKEN
    const part = { offset: position, bytes: size }
    return { address: mapping.address + position, part, flags, flag, file }
  }

  #fileOf(fd: number): LentFile {
    if (fd !== this.#theirs || this.#ours === undefined) noLoan()
    this.#file ??= lentFile(this.#ours, this.#trim)
    return this.#file
  }
}

/** Memory of this process, whose position is an address. */
function locateHere([size, position, segment, flag]: Loan): Located | ReadFile {
  const own = ownMemory()
  if (own !== undefined) {
    sweepSoon()
    return own
  }
  let flags = tables.get(segment)
  if (flags === undefined) {
    flags = new Uint8Array(viewOf(segment, FLAG_BYTES))
    tables.set(segment, flags)
  }
  flags[flag] = TAKEN
  const part = { offset: position, bytes: size }
  return { address: position, part, flags, flag, file: undefined }
}

/** Ends a loan whose memory is not shown. */
function end({ flags, flag, file }: Located): void {
  flags[flag] = RETURNED
  file?.trimLater()
}
