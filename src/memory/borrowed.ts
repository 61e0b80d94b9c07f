import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs'
import { sweepInProcess } from '../capi/index.ts'
import { PythreadsError } from '../errors/index.ts'
import type { Loan } from '../wire/index.ts'
import { whenThreadEnds } from './exit.ts'
import { CELLS, INLINE_BYTES } from './loans.ts'
import { Mapping, viewOf } from './mapping.ts'

/**
 * Memory that Python lends to JavaScript; the kernel's `lending.py` says how. A loan is over when the ArrayBuffer that shows it is
 * collected: its cell becomes 1, which Python looks at when it lends something else, and when it is asked to.
 */
const OVER = 1
const TAKEN = 2
/** How long after memory was given back Python is told to look for it. */
const SWEEP_MS = 50

interface Hold {
  readonly cells: Uint8Array
  readonly cell: number
  readonly file: MappedFile | undefined
  /** The address, for which the buffer is shown again. */
  readonly address: number | undefined
}

/** A file that a worker lends from. */
type WorkerFile = MappedFile | ReadFile

/** One that is mapped, until the last array of it is collected. */
class MappedFile {
  readonly mapping: Mapping
  readonly cells: Uint8Array
  live = 0
  ended = false

  constructor(pid: number, fd: number) {
    this.mapping = Mapping.open(pid, fd)
    this.cells = new Uint8Array(this.mapping.view(0, CELLS))
  }

  get bytes(): number {
    return this.mapping.bytes
  }

  end(): void {
    this.ended = true
    this.check()
  }

  check(): void {
    if (!this.ended || this.live > 0) return
    this.discard() // an interpreter that stays when its worker has ended keeps the file open
    this.mapping.close()
  }

  discard(): void {
    this.mapping.discard(CELLS, this.mapping.bytes - CELLS)
  }
}

/** One that cannot be mapped, as there is no koffi, or no memory but JavaScript's own is allowed: it is read. */
class ReadFile {
  readonly bytes: number
  readonly #fd: number

  constructor(pid: number, fd: number) {
    this.#fd = openSync(`/proc/${pid}/fd/${fd}`, 'r+')
    this.bytes = fstatSync(this.#fd).size
  }

  /** A copy of what is lent, which ends the loan. */
  take(position: number, size: number, cell: number): ArrayBuffer {
    const copy = new Uint8Array(size)
    for (let at = 0; at < size; ) at += readSync(this.#fd, copy, at, size - at, position + at)
    writeSync(this.#fd, Uint8Array.of(OVER), 0, 1, cell)
    return copy.buffer
  }

  end(): void {
    closeSync(this.#fd)
  }
}

function openFile(pid: number, fd: number): WorkerFile {
  try {
    return new MappedFile(pid, fd)
  } catch {
    return new ReadFile(pid, fd)
  }
}

/** What this thread borrows. */
const holds = new Set<Hold>()

/**
 * Large memory of this process that is shown, by its address. As long as a buffer lives, its loan keeps the memory in place: who
 * gets the same memory again gets the same buffer. V8 collects garbage for every few large buffers that are made.
 */
const shown = new Map<number, WeakRef<ArrayBuffer>>()

const collected = new FinalizationRegistry<Hold>((hold) => {
  holds.delete(hold)
  if (hold.address !== undefined && shown.get(hold.address)?.deref() === undefined) shown.delete(hold.address)
  hold.cells[hold.cell] = OVER
  if (hold.file === undefined) return sweepSoon()
  hold.file.live--
  hold.file.check()
})

/** The arrays of a thread end with it. */
function giveAllBack(): void {
  for (const { cells, cell, file } of holds) {
    cells[cell] = OVER
    file?.discard()
  }
  holds.clear()
  sweepInProcess()
}

let sweeping = false

/** Has the Python of this process look for memory that was given back, when there may be more of it. */
function sweepSoon(): void {
  if (sweeping) return
  sweeping = true
  setTimeout(() => {
    sweeping = false
    sweepInProcess()
  }, SWEEP_MS).unref()
}

/** How many arrays of this thread are Python's memory. */
export function borrowedCount(): number {
  return holds.size
}

/** Tables of cells in this process, by their address; they are never freed. */
const tables = new Map<number, Uint8Array>()

/** How many bytes sync calls may borrow before the event loop gets its turn: only then are arrays noticed that were collected. */
const TURN_BYTES = 64 * 2 ** 20
let borrowedInTurn = 0

/** Whether a sync call may borrow so many bytes; otherwise it has to copy them. */
export function mayBorrow(bytes: number): boolean {
  if (borrowedInTurn + bytes > TURN_BYTES) return false
  if (borrowedInTurn === 0) {
    setImmediate(() => {
      borrowedInTurn = 0
    }).unref()
  }
  borrowedInTurn += bytes
  return true
}

interface Opened {
  readonly buffer: ArrayBuffer
  /** Where the end of the loan is noted; `undefined`: it is over. */
  readonly cells: Uint8Array | undefined
  readonly cell: number
  readonly file: MappedFile | undefined
}

/** What one worker lends. */
export class Borrowed {
  readonly #pid: () => number | undefined
  readonly #inProcess: () => boolean
  #file: WorkerFile | undefined
  #fd = 0

  /** `inProcess`: it runs in this process, and is trusted with addresses. */
  constructor(pid: () => number | undefined, inProcess: () => boolean) {
    this.#pid = pid
    this.#inProcess = inProcess
  }

  /** The memory of a loan, which is over when it is collected. @throws `ERR_PYTHREADS_PROTOCOL` when there is no such loan */
  view(loan: Loan): ArrayBuffer {
    const again = this.again(loan)
    if (again !== undefined) return again
    const { buffer, cells, cell, file } = this.#open(loan)
    if (cells === undefined) return buffer // a copy
    const [size, position, space] = loan
    const address = space > 0 && size >= INLINE_BYTES ? position : undefined
    if (address !== undefined) shown.set(address, new WeakRef(buffer))
    const hold = { cells, cell, file, address }
    if (holds.size === 0) whenThreadEnds(giveAllBack)
    holds.add(hold)
    if (file !== undefined) file.live++
    collected.register(buffer, hold)
    return buffer
  }

  /** The buffer of an earlier loan of the same memory, if there is one; then this one is over. */
  again([size, position, space, cell]: Loan): ArrayBuffer | undefined {
    if (!(space > 0) || !this.#inProcess()) return undefined
    const buffer = shown.get(position)?.deref()
    const cells = tables.get(space)
    if (buffer?.byteLength !== size || cells === undefined || !(cell >= 0 && cell < CELLS)) return undefined
    cells[cell] = OVER
    sweepSoon()
    return buffer
  }

  /** Reads the memory of a loan, which is over then. */
  read<T>(loan: Loan, use: (bytes: ArrayBuffer) => T): T {
    const { buffer, cells, cell } = this.#open(loan)
    try {
      return use(buffer)
    } finally {
      if (cells !== undefined) cells[cell] = OVER
    }
  }

  /** The worker has ended. */
  end(): void {
    this.#file?.end()
    this.#file = undefined
  }

  #open([size, position, space, cell]: Loan): Opened {
    const isSane =
      size > 0 && position > 0 && cell >= 0 && cell < CELLS && [size, position, space, cell].every(Number.isSafeInteger)
    if (!isSane || (space > 0 && !this.#inProcess())) malformed()
    if (space > 0) {
      let cells = tables.get(space)
      if (cells === undefined) {
        cells = new Uint8Array(viewOf(space, CELLS))
        tables.set(space, cells)
      }
      cells[cell] = TAKEN
      return { cells, cell, buffer: viewOf(position, size), file: undefined }
    }
    const file = this.#fileOf(-space)
    if (position < CELLS || position + size > file.bytes) malformed()
    if (file instanceof ReadFile) return { cells: undefined, cell, buffer: file.take(position, size, cell), file: undefined }
    file.cells[cell] = TAKEN
    return { cells: file.cells, cell, buffer: file.mapping.view(position, size), file }
  }

  #fileOf(fd: number): WorkerFile {
    if (this.#file !== undefined) {
      if (this.#fd !== fd) malformed()
      return this.#file
    }
    const pid = this.#pid()
    if (pid === undefined) malformed()
    try {
      this.#file = openFile(pid, fd)
    } catch (cause) {
      const message = `The memory of a result is gone: the worker process ${pid} ended, or its files cannot be opened`
      throw new PythreadsError('ERR_PYTHREADS_WORKER_DIED', message, { cause })
    }
    this.#fd = fd
    return this.#file
  }
}

function malformed(): never {
  throw new PythreadsError('ERR_PYTHREADS_PROTOCOL', 'Malformed value from Python: memory that is none')
}
