import { fstatSync, openSync, readSync, writeSync } from 'node:fs'
import { letGo } from '../attempt.ts'
import { PythreadsError } from '../errors/index.ts'
import { avoidsNativeCalls, copyOf, isSealed, sweepPython } from '../native/index.ts'
import type { Loan } from '../wire/index.ts'
import { whenThreadEnds } from './exit.ts'
import { FLAG_BYTES, INLINE_BYTES } from './lend.ts'
import { Mapping, type Part, viewOf } from './mapping.ts'
import { notMemory, openWorkerFile, refusesToShrink, sizeOf } from './worker-file.ts'

/**
 * Memory that Python lends to JavaScript; the kernel's `lend.py` says how. A loan is over when the
 * ArrayBuffer that shows it is collected: its cell becomes 1, which Python looks at when it lends
 * something else, and when it is asked to.
 */
const RETURNED = 1
const TAKEN = 2
/** How long after memory was given back Python is told to look for it. */
const SWEEP_MS = 50
/** A worker that lent nothing for so long need not keep memory for more. */
const TRIM_MS = 1_000

interface Hold {
  readonly flags: Uint8Array
  readonly flag: number
  readonly file: MappedFile | undefined
  /** The address, for which the buffer is shown again. */
  readonly address: number | undefined
  /** Where it is in its file. */
  readonly part: Part
}

/** A file that a worker lends from. */
type WorkerFile = MappedFile | ReadFile

/** One that is mapped, until the last array of it is collected. */
class MappedFile {
  readonly mapping: Mapping
  readonly flags: Uint8Array
  /**
   * The cells of what is shown: the worker, which can write to the table, does not end such a loan.
   */
  readonly shown = new Set<number>()
  live = 0
  ended = false
  /** How often memory was borrowed. */
  borrowed = 0
  readonly #trim: () => void
  #timer: NodeJS.Timeout | undefined

  /**
   * `trim`: has the worker keep no memory that is free.
   *
   * @throws `ERR_PYTHREADS_PROTOCOL` when it is not the memory of a worker; another error when
   * nothing can be mapped
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

  /** Memory is given back: unless more is borrowed soon, the worker need not keep it. */
  trimLater(): void {
    if (this.ended) return
    const { borrowed } = this
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      if (this.borrowed === borrowed) this.#trim()
      else this.trimLater()
    }, TRIM_MS).unref()
  }

  /**
   * The worker has ended: what nobody here uses is given back at once, the address space too.
   * Nobody reads the cells any more.
   */
  end(): void {
    this.ended = true
    clearTimeout(this.#timer)
    if (this.live > 0)
      this.mapping.keepOnly([...holds].filter(({ file }) => file === this).map(({ part }) => part))
    this.check()
  }

  check(): void {
    if (!this.ended || this.live > 0) return
    files.delete(this)
    this.mapping.close()
  }

  discard(): void {
    this.mapping.discard(FLAG_BYTES, this.mapping.bytes - FLAG_BYTES)
  }
}

/** The files that are mapped. */
const files = new Set<MappedFile>()

/**
 * One that cannot be mapped, as there is no koffi, no room for the mapping, or no memory but
 * JavaScript's own is allowed: it is read. So are all in a thread that makes no native calls.
 */
class ReadFile {
  readonly bytes: number
  readonly #fd: number

  /** `bytes`: how large it is. `fd` is closed by `end`. */
  constructor(fd: number, bytes: number) {
    this.#fd = fd
    this.bytes = bytes
  }

  /**
   * What a worker lends from. @throws `ERR_PYTHREADS_PROTOCOL` when it is not the memory of a
   * worker
   */
  static ofWorker(fd: number): ReadFile {
    if (!refusesToShrink(fd)) notMemory('a file that can get shorter')
    return new ReadFile(fd, sizeOf(fd))
  }

  get resident(): number {
    return fstatSync(this.#fd).blocks * 512
  }

  /** A copy of what is lent, which ends the loan. */
  take([size, position, segment, flag]: Loan): ArrayBuffer {
    const copy = Buffer.allocUnsafeSlow(size) // has an ArrayBuffer of its own
    try {
      for (let at = 0; at < size; ) {
        const read = readSync(this.#fd, copy, at, size - at, position + at)
        if (read === 0) malformed()
        at += read
      }
      writeSync(this.#fd, Uint8Array.of(RETURNED), 0, 1, Math.max(segment, 0) + flag)
    } catch {
      malformed() // nothing is there, or the worker has seen to it that nobody can write
    }
    return copy.buffer as ArrayBuffer
  }

  end(): void {
    letGo(this.#fd)
  }
}

function fileOf(fd: number, trim: () => void): WorkerFile {
  if (avoidsNativeCalls) return ReadFile.ofWorker(fd)
  try {
    return new MappedFile(fd, trim)
  } catch (error) {
    if (error instanceof PythreadsError && error.code === 'ERR_PYTHREADS_PROTOCOL') throw error
    return ReadFile.ofWorker(fd)
  }
}

let bufferMemory: ReadFile | undefined

/**
 * The memory of this process as a file, whose positions are addresses, for threads that make no
 * native calls.
 */
function ownMemory(): ReadFile | undefined {
  if (!avoidsNativeCalls) return undefined
  try {
    bufferMemory ??= new ReadFile(openSync('/proc/self/mem', 'r+'), Number.MAX_SAFE_INTEGER)
  } catch {
    // no /proc, or a process that has other rights by now
  }
  return bufferMemory
}

/** What this thread borrows. */
const holds = new Set<Hold>()

/**
 * Large memory of this process that is shown, by its address. As long as a buffer lives, its loan
 * keeps the memory in place: who gets the same memory again gets the same buffer. V8 collects
 * garbage for every few large buffers that are made.
 */
const shown = new Map<number, WeakRef<ArrayBuffer>>()

const collected = new FinalizationRegistry<Hold>((hold) => {
  holds.delete(hold)
  if (hold.address !== undefined && shown.get(hold.address)?.deref() === undefined)
    shown.delete(hold.address)
  if (hold.file?.ended !== true) hold.flags[hold.flag] = RETURNED
  if (hold.file === undefined) return sweepSoon()
  hold.file.shown.delete(hold.flag)
  hold.file.live--
  hold.file.trimLater()
  hold.file.check()
})

/** The arrays of a thread end with it. */
function giveAllBack(): void {
  for (const { flags, flag, file } of holds) {
    if (file?.ended !== true) flags[flag] = RETURNED
    file?.discard()
  }
  holds.clear()
  sweepPython()
}

let sweeping = false

/**
 * Has the Python of this process look for memory that was given back, when there may be more of it.
 */
function sweepSoon(): void {
  if (sweeping) return
  sweeping = true
  setTimeout(() => {
    sweeping = false
    sweepPython()
  }, SWEEP_MS).unref()
}

/** How many arrays of this thread are Python's memory. */
export function borrowedCount(): number {
  return holds.size
}

/**
 * Bytes of the arrays that are Python's memory, and what they and the files that they are in take.
 */
export function borrowedUse(): { used: number; resident: number } {
  let used = 0
  let resident = 0
  for (const { part, file } of holds) {
    used += part.bytes
    if (file === undefined) resident += part.bytes
  }
  for (const { mapping } of files) resident += mapping.resident
  return { used, resident }
}

/** Tables of cells in this process, by their address; they are never freed. */
const tables = new Map<number, Uint8Array>()

/**
 * How many bytes sync calls may borrow before the event loop gets its turn: only then are arrays
 * noticed that were collected.
 */
const TURN_BYTES = 64 * 2 ** 20
let borrowedInTurn = 0

/** Whether a sync call may borrow so many bytes; otherwise it has to copy them. */
export function mayBorrow(bytes: number): boolean {
  if (!(bytes >= 0) || borrowedInTurn + bytes > TURN_BYTES) return false
  if (borrowedInTurn === 0) {
    setImmediate(() => {
      borrowedInTurn = 0
    }).unref()
  }
  borrowedInTurn += bytes
  return true
}

/** Where a loan is. */
interface Located {
  readonly address: number
  /** Where the end of the loan is noted. */
  readonly flags: Uint8Array
  readonly file: MappedFile | undefined
}

/** What one worker lends. */
export class Borrowed {
  readonly #inProcess: () => boolean
  readonly #trim: () => void
  #file: WorkerFile | undefined
  /**
   * The worker's file: its descriptor there, and one of this process, which `#file` owns once there
   * is one.
   */
  #theirs = -1
  #ours: number | undefined

  /**
   * `inProcess`: it runs in this process, and is trusted with addresses. `trim`: has it give memory
   * that is free back to the system.
   */
  constructor(inProcess: () => boolean, trim: () => void) {
    this.#inProcess = inProcess
    this.#trim = trim
  }

  /**
   * Opens the file from which a worker will lend, before it lends anything: what changes later, as
   * the rights of this process, does not matter. Returns whether its memory can be seen. `pid`: the
   * worker's, from the system. `fd`: what the worker says; -1: it lends none.
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
   * The memory of a loan, which is over when it is collected. @throws `ERR_PYTHREADS_PROTOCOL` when
   * there is no such loan
   */
  view(loan: Loan): ArrayBuffer {
    const again = this.again(loan)
    if (again !== undefined) return again
    const located = this.#locate(loan)
    if (located instanceof ReadFile) return located.take(loan)
    const { address, flags, file } = located
    const [size, , , flag] = loan
    const buffer = viewOf(address, size)
    const isShown = file === undefined && size >= INLINE_BYTES
    if (isShown) shown.set(address, new WeakRef(buffer))
    const part = { offset: loan[1], bytes: size }
    const hold = { flags, flag, file, address: isShown ? address : undefined, part }
    if (holds.size === 0) whenThreadEnds(giveAllBack)
    holds.add(hold)
    if (file !== undefined) {
      file.shown.add(flag)
      file.live++
      file.borrowed++
    }
    collected.register(buffer, hold)
    return buffer
  }

  /** The buffer of an earlier loan of the same memory, if there is one; then this one is over. */
  again([size, position, segment, flag]: Loan): ArrayBuffer | undefined {
    if (!(segment > 0) || !this.#inProcess()) return undefined
    const buffer = shown.get(position)?.deref()
    const flags = tables.get(segment)
    if (buffer?.byteLength !== size || flags === undefined || !(flag >= 0 && flag < FLAG_BYTES))
      return undefined
    flags[flag] = RETURNED
    sweepSoon()
    return buffer
  }

  /** A copy of the memory of a loan, which is over then. */
  copy(loan: Loan): ArrayBuffer {
    const located = this.#locate(loan)
    if (located instanceof ReadFile) return located.take(loan)
    // What is lent was written: else a few bytes in a frame would make a copy of any size.
    if (located.file !== undefined && loan[0] > located.file.mapping.resident) malformed()
    const copy = copyOf(located.address, loan[0])
    end(located, loan)
    return copy
  }

  /**
   * Reads the memory of a loan, which is over then. `mayChange`: a worker process can write there
   * meanwhile.
   */
  read<T>(loan: Loan, use: (bytes: ArrayBuffer, mayChange: boolean) => T): T {
    const located = this.#locate(loan)
    if (located instanceof ReadFile) return use(located.take(loan), false)
    try {
      return use(viewOf(located.address, loan[0]), located.file !== undefined)
    } finally {
      end(located, loan)
    }
  }

  /** The worker has ended. */
  end(): void {
    if (this.#file !== undefined) this.#file.end()
    else if (this.#ours !== undefined) letGo(this.#ours)
    this.#file = undefined
    this.#ours = undefined
  }

  #locate([size, position, segment, flag]: Loan): Located | ReadFile {
    const isSane =
      size > 0 &&
      position > 0 &&
      flag >= 0 &&
      flag < FLAG_BYTES &&
      [size, position, segment, flag].every(Number.isSafeInteger)
    if (!isSane || (segment > 0 && !this.#inProcess())) malformed()
    if (segment > 0) {
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
      return { address: position, flags, file: undefined }
    }
    const file = this.#fileOf(-segment)
    if (position < FLAG_BYTES || position + size > file.bytes) malformed()
    if (file instanceof ReadFile) {
      if (size > file.resident) malformed() // as in `copy`
      return file
    }
    if (file.shown.has(flag)) malformed()
    file.flags[flag] = TAKEN
    return { address: file.mapping.address + position, flags: file.flags, file }
  }

  #fileOf(fd: number): WorkerFile {
    if (fd !== this.#theirs || this.#ours === undefined) malformed()
    this.#file ??= fileOf(this.#ours, this.#trim)
    return this.#file
  }
}

/** What was read is not needed any more. */
function end({ flags, file }: Located, [, , , flag]: Loan): void {
  flags[flag] = RETURNED
  file?.trimLater()
}

function malformed(): never {
  throw new PythreadsError(
    'ERR_PYTHREADS_PROTOCOL',
    'Malformed value from Python: memory that is none',
  )
}
