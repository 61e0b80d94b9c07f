import { totalmem } from 'node:os'
import { types } from 'node:util'
import { isMainThread } from 'node:worker_threads'
import { isShortage, PythreadsError } from '../errors/index.ts'
import { addressOf, copyOf, mapPrivate } from '../native/index.ts'
import type { Loan } from '../wire/index.ts'
import { Allocator } from './allocator.ts'
import { leaveBeforeArraysAreFreed, whenThreadEnds } from './exit.ts'
import { FLAG_BYTES, MappedFlags } from './flags.ts'
import { type Budget, Lent, Table } from './loans.ts'
import { canShare, Mapping, type SharedFile, viewOf } from './mapping.ts'
import { pin } from './pin.ts'
import { UnmappedFile } from './unmapped-file.ts'

/**
 * Memory that JavaScript lends to Python. Rules:
 * 1. Each loan has a flag, one byte in a table that Python sees too. The flag is 0 until Python has
 *    dropped the memory, and 1 from then on. Python sends no message, so the end of a worker or a
 *    pool loses none. The table is swept when something else is lent, and by a timer.
 * 2. A loan lasts at least as long as the call that made it, as the call may be sent again. When a
 *    worker process ends, its loans end. An interpreter of this process keeps its loans.
 * 3. Arrays of the main thread are lent in place: they are referenced here, and pinned, until
 *    Python drops them. Arrays of a worker thread are copied into shared memory, as the thread can
 *    be terminated at any moment, and its arrays are freed then.
 * 4. The memory of the tables is never unmapped, as Python may write to it at any time.
 * 5. Worker processes can write to the whole file, and may be hostile. Their writes can end loans
 *    of the file, and nothing else. Workers in this process have a table of their own, which no
 *    other process sees: the end of such a loan frees memory of this process.
 */
/** Smaller arrays are copied into the frame rather than into shared memory. */
export const INLINE_BYTES: number = 32 * 1024
/** Free memory that is not returned to the system: the first write to a new page is slow. */
const WARM_BYTES = 256 * 2 ** 20
/** The flags are swept when the small loans since the last sweep exceed this share of all loans. */
const SWEEP_SHARE = 8
/** The timer sweeps after this time, while there are loans. */
const LOOK_MS = 200

/** The loans of one JavaScript thread, and the memory for its copies. */
class Lender {
  readonly #file: SharedFile
  /** The file, where it is mapped: workers of this process and `allocate` need that. */
  readonly #mapping: Mapping | undefined
  readonly #ofFile: Table
  #ofProcess: Table | undefined
  readonly #extents: Allocator
  /** The loans by the numbers of their flags. */
  readonly #loans: (Lent | undefined)[] = []
  #count = 0
  /** Numbers of flags that were used before and are free. */
  readonly #free: number[] = []
  /** The lowest number that was never used. */
  #next = 0
  /** Bytes of copies, and of arrays that `allocate` made. */
  used = 0
  /** The offsets of arrays that `allocate` made. */
  readonly #allocated = new WeakMap<ArrayBufferLike, number>()
  readonly #collected = new FinalizationRegistry<readonly [number, number]>(([start, bytes]) =>
    this.#giveBack(start, bytes),
  )
  readonly #pinned = new WeakSet<ArrayBufferLike>()
  #look: NodeJS.Timeout | undefined
  /** How many small loans were made since the last sweep. */
  #unswept = 0

  constructor(file: SharedFile) {
    this.#file = file
    this.#mapping = file instanceof Mapping ? file : undefined
    this.#ofFile = new Table(file.flags, -file.fd)
    this.#extents = new Allocator(FLAG_BYTES, file.bytes)
    whenThreadEnds(() => {
      this.sweep()
      if (this.#count === 0) file.discard(FLAG_BYTES, file.bytes - FLAG_BYTES) // rule 4
    })
  }

  get count(): number {
    return this.#count
  }

  get resident(): number {
    return this.#file.resident
  }

  /** Whether {@link allocate} can be used. */
  get allocates(): boolean {
    return this.#mapping !== undefined
  }

  /** Takes memory that every worker sees. It is freed when the buffer is collected. */
  allocate(bytes: number): ArrayBuffer | undefined {
    const mapping = this.#mapping
    const start = mapping === undefined ? undefined : this.#take(bytes)
    if (start === undefined || mapping === undefined) return undefined
    const buffer = mapping.view(start, bytes)
    mapping.clear(start, bytes)
    this.#allocated.set(buffer, start)
    this.#collected.register(buffer, [start, bytes])
    return buffer
  }

  /**
   * Lends some bytes: in place where the workers see them, otherwise a copy. Returns `undefined`
   * for arrays that are to be copied into the frame.
   */
  lend(bytes: Uint8Array, budget: Budget): Loan | undefined {
    const { buffer, byteOffset, length } = bytes
    if (length === 0) return undefined
    this.#sweepAtTimes(length)
    const file = budget.access === 'file'
    const table = file ? this.#ofFile : this.#tableOfProcess()
    if (table === undefined) return undefined
    const base = file ? 0 : this.#mapping?.address
    if (base === undefined) return undefined
    const allocated = this.#allocated.get(buffer)
    if (allocated !== undefined) {
      return this.#add(length, base + allocated + byteOffset, new Lent(buffer, budget, table))
    }
    if (!file && isMainThread && !isResizable(buffer)) {
      this.#pin(buffer)
      leaveBeforeArraysAreFreed(() => this.#lendsArrays())
      return this.#add(length, addressOf(bytes), new Lent(buffer, budget, table))
    }
    if (length < INLINE_BYTES || budget.used + length > budget.limit) return undefined
    const start = this.#take(length)
    if (start === undefined) return undefined
    const loan = this.#file.write(start, bytes)
      ? this.#add(length, base + start, new Lent(undefined, budget, table, start, length))
      : undefined
    if (loan !== undefined) budget.used += length
    else {
      this.#giveBack(start, length)
      this.#discardFree() // the file system is full
    }
    return loan
  }

  /** An array goes to workers that see none of this memory. */
  copied({ buffer }: Uint8Array, budget: Budget): void {
    if (this.#allocated.has(buffer)) warnOfCopies(budget)
  }

  /**
   * A call with this loan goes to a worker. `borrower`: the worker process, whose end is the end of
   * the loan; `undefined` for a worker in this process.
   */
  sent(flag: number, borrower: object | undefined): void {
    const loan = this.#loans[flag]
    if (loan === undefined) return
    loan.borrower = borrower
    loan.over = loan.fetched = false
    loan.table.flags.clear(flag) // a worker that had the call before, and died, may have set it
  }

  /**
   * Copies the bytes of a loan for a worker that has the loan and cannot see the memory. This ends
   * the worker's use of the loan. `undefined`: the worker has no such loan. `borrower`: as for
   * `sent`.
   */
  bytesFor(borrower: object | undefined, flag: number): Uint8Array | undefined {
    const loan = this.#loans[flag]
    const isOfFile = borrower !== undefined
    if (
      loan === undefined ||
      loan.borrower !== borrower ||
      (loan.table === this.#ofFile) !== isOfFile
    )
      return undefined
    if (loan.fetched) return undefined // a hostile worker may ask again and again
    loan.fetched = loan.over = true
    if (loan.bytes === 0 && isOfFile) warnOfCopies(loan.budget)
    const { position, length } = loan
    return new Uint8Array(isOfFile ? this.#file.copy(position, length) : copyOf(position, length))
  }

  /** The call that made a loan is over. */
  settle(flag: number): void {
    const loan = this.#loans[flag]
    if (loan === undefined) return
    loan.open = false
    if (loan.over) this.end(flag)
  }

  /** Ends a loan: Python never got the memory, or has dropped it. */
  end(flag: number): void {
    const loan = this.#loans[flag]
    if (loan === undefined) return
    this.#loans[flag] = undefined
    this.#count--
    loan.table.count--
    loan.table.flags.clear(flag)
    this.#free.push(flag)
    if (loan.bytes === 0) return
    loan.budget.used -= loan.bytes
    this.#giveBack(loan.start, loan.bytes)
  }

  /** A worker process has ended, and with it its loans. */
  forget(borrower: object): void {
    for (const [flag, loan] of this.#loans.entries()) {
      if (loan === undefined || loan.borrower !== borrower) continue
      loan.borrower = undefined
      this.#over(flag, loan)
    }
  }

  /** Ends the loans whose memory Python has dropped. */
  sweep(): void {
    if (this.#ofFile.count > 0) this.#sweep(this.#ofFile)
    if (this.#ofProcess !== undefined && this.#ofProcess.count > 0) this.#sweep(this.#ofProcess)
  }

  #sweep(table: Table): void {
    const used = table.flags.look(this.#next)
    // Each flag once: a hostile worker that keeps setting flags does not keep this thread here.
    for (let flag = used.indexOf(1); flag >= 0; flag = used.indexOf(1, flag + 1)) {
      table.flags.clear(flag)
      const loan = this.#loans[flag]
      if (loan?.table === table) this.#over(flag, loan)
    }
  }

  #tableOfProcess(): Table | undefined {
    if (this.#ofProcess === undefined) {
      const address = mapPrivate(FLAG_BYTES)
      if (address !== undefined)
        this.#ofProcess = new Table(new MappedFlags(viewOf(address, FLAG_BYTES)), address)
    }
    return this.#ofProcess
  }

  /** Whether Python has an array that V8 allocated, rather than memory of the mapping. */
  #lendsArrays(): boolean {
    this.sweep()
    return this.#loans.some(
      (loan) => loan?.bytes === 0 && !this.#allocated.has(loan.keep as ArrayBufferLike),
    )
  }

  /** Sweeps for every large loan, and now and then for small ones: else the cost is quadratic. */
  #sweepAtTimes(length: number): void {
    if (length < INLINE_BYTES && ++this.#unswept * SWEEP_SHARE < this.#count) return
    this.#unswept = 0
    this.sweep()
  }

  #over(flag: number, loan: Lent): void {
    loan.over = true
    if (!loan.open) this.end(flag)
  }

  #add(length: number, position: number, loan: Lent): Loan | undefined {
    const flag = this.#free.pop() ?? this.#next++
    if (flag >= FLAG_BYTES) {
      this.#next = FLAG_BYTES
      return undefined
    }
    if (!loan.table.flags.reserve(flag)) {
      this.#free.push(flag)
      return undefined
    }
    loan.position = position
    loan.length = length
    this.#loans[flag] = loan
    this.#count++
    loan.table.count++
    this.#look ??= this.#lookLater()
    return [length, position, loan.table.segment, flag]
  }

  #lookLater(): NodeJS.Timeout {
    return setTimeout(() => {
      this.sweep()
      this.#trim()
      this.#look = this.#count > 0 ? this.#lookLater() : undefined
    }, LOOK_MS).unref()
  }

  /**
   * Returns all free memory to the system when more of it is resident than `#giveBack` ever keeps:
   * then a worker process has written to free memory.
   */
  #trim(): void {
    if (this.#file.resident - this.used > 2 * WARM_BYTES) this.#discardFree()
  }

  #discardFree(): void {
    for (const [start, bytes] of this.#extents.free()) this.#file.discard(start, bytes)
  }

  #pin(buffer: ArrayBufferLike): void {
    if (this.#pinned.has(buffer)) return
    this.#pinned.add(buffer)
    if (types.isArrayBuffer(buffer)) pin(buffer)
  }

  #take(bytes: number): number | undefined {
    const start = this.#extents.take(bytes)
    if (start !== undefined) this.used += bytes
    return start
  }

  #giveBack(start: number, bytes: number): void {
    this.#extents.giveBack(start, bytes)
    this.used -= bytes
    if (bytes >= INLINE_BYTES && this.#file.resident - this.used > WARM_BYTES)
      this.#file.discard(start, bytes)
  }
}

/** The pools that were told of copies. */
const warned = new WeakSet<Budget>()

/** Says once for each pool that an array of `allocate` is no shared memory for its workers. */
function warnOfCopies(budget: Budget): void {
  if (warned.has(budget)) return
  warned.add(budget)
  process.emitWarning(
    'A Python worker cannot map the memory of `alloc`: it gets copies, and this process does not see what it writes.' +
      ' The worker has no room in its address space, no /proc, or not the rights of this process',
    { code: 'PYTHREADS_MEMORY_COPIED' },
  )
}

function isResizable(buffer: ArrayBufferLike): boolean {
  return (buffer as { resizable?: boolean }).resizable === true
}

let existing: Lender | undefined
let isImpossible = !canShare

/** Returns the lender of this JavaScript thread; `undefined` where memory cannot be lent. */
export function lender(): Lender | undefined {
  if (existing !== undefined || isImpossible) return existing
  try {
    existing = new Lender(makeFile(FLAG_BYTES + totalmem()))
  } catch {
    // No memory or no descriptor: arrays are copied until later.
  }
  return existing
}

/** The codes of errors that say that koffi does not load here. */
const WITHOUT_KOFFI: ReadonlySet<string> = new Set([
  'ERR_PYTHREADS_RUNTIME',
  'ERR_PYTHREADS_PERMISSION',
])

function makeFile(bytes: number): SharedFile {
  try {
    return Mapping.create(bytes)
  } catch (error) {
    if (!(error instanceof PythreadsError && WITHOUT_KOFFI.has(error.code))) throw error
  }
  try {
    return new UnmappedFile(bytes) // koffi is missing
  } catch (error) {
    isImpossible = !isShortage(error) // no such folder: never try again
    throw error
  }
}

/**
 * Lends some bytes as {@link Lender.lend} does. Small arrays make no lender, which would load
 * koffi for nothing.
 */
export function lend(bytes: Uint8Array, budget: Budget): Loan | undefined {
  if (budget.access === 'none') return void existing?.copied(bytes, budget)
  if (existing === undefined && budget.access === 'file' && bytes.length < INLINE_BYTES)
    return undefined
  return lender()?.lend(bytes, budget)
}

/** The lender of this thread, if one was made. */
export function existingLender(): Lender | undefined {
  return existing
}
