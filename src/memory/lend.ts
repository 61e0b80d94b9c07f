import { totalmem } from 'node:os'
import { types } from 'node:util'
import { isMainThread } from 'node:worker_threads'
import { PythreadsError } from '../errors/index.ts'
import { addressOf, copyOf, mapPrivate } from '../native/index.ts'
import type { Loan } from '../wire/index.ts'
import { Allocator } from './allocator.ts'
import { leaveBeforeArraysAreFreed, whenThreadEnds } from './exit.ts'
import { canMap, Mapping, viewOf } from './mapping.ts'
import { pin } from './pin.ts'

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
export const FLAG_BYTES: number = 1 << 20
/** Smaller arrays are copied into the frame rather than into shared memory. */
export const INLINE_BYTES: number = 32 * 1024
/** Free memory that is not returned to the system: the first write to a new page is slow. */
const WARM_BYTES = 256 * 2 ** 20
/** The flags are swept when the small loans since the last sweep exceed this share of all loans. */
const SWEEP_SHARE = 8
/** The timer sweeps after this time, while there are loans. */
const LOOK_MS = 200

/**
 * How a pool's workers see the memory of this process: at its address, by mapping a file, or not at
 * all.
 */
export type Access = 'address' | 'file' | 'none'

/** The limit of the memory that one pool lends. */
export interface Budget {
  /** `'none'` until the first worker has started. */
  access: Access
  /** The most bytes of copies that are lent at a time. */
  readonly limit: number
  used: number
}

/**
 * The flags by which Python ends loans. One table is in the file, another one is seen by this
 * process only. A number belongs to one loan, in either table.
 */
class Table {
  readonly flags: Uint8Array
  /** How Python finds the table: an address, or the negative descriptor of the file. */
  readonly segment: number
  /** How many loans have their flag in this table. */
  count = 0

  constructor(memory: ArrayBuffer, segment: number) {
    this.flags = new Uint8Array(memory)
    this.segment = segment
  }
}

class Lent {
  /** The buffer, which must not be collected during the loan; `undefined` for a copy. */
  readonly keep: unknown
  readonly budget: Budget
  readonly table: Table
  /** The offset of the copy in the mapping, and its size; both 0 where the array itself is lent. */
  readonly start: number
  readonly bytes: number
  /** The call that made the loan is not over. */
  open = true
  /** Python has dropped the memory. */
  over = false
  /** The worker could not see the memory, and was sent its bytes. */
  fetched = false
  /** The worker process that has the loan; `undefined` for workers in this process. */
  borrower: object | undefined = undefined
  /** Where Python finds the bytes: an offset in the file, or an address. */
  position = 0
  length = 0

  constructor(keep: unknown, budget: Budget, table: Table, start: number = 0, bytes: number = 0) {
    this.keep = keep
    this.budget = budget
    this.table = table
    this.start = start
    this.bytes = bytes
  }
}

/** The loans of one JavaScript thread, and the memory for its copies. */
class Lender {
  readonly #mapping: Mapping
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

  constructor() {
    this.#mapping = Mapping.create(FLAG_BYTES + totalmem())
    this.#ofFile = new Table(this.#mapping.view(0, FLAG_BYTES), -this.#mapping.fd)
    this.#extents = new Allocator(FLAG_BYTES, this.#mapping.bytes)
    whenThreadEnds(() => {
      this.sweep()
      // rule 4
      if (this.#count === 0) this.#mapping.discard(FLAG_BYTES, this.#mapping.bytes - FLAG_BYTES)
    })
  }

  get count(): number {
    return this.#count
  }

  get resident(): number {
    return this.#mapping.resident
  }

  /** Takes memory that every worker sees. It is freed when the buffer is collected. */
  allocate(bytes: number): ArrayBuffer | undefined {
    const start = this.#take(bytes)
    if (start === undefined) return undefined
    const buffer = this.#mapping.view(start, bytes)
    this.#mapping.clear(start, bytes)
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
    const base = file ? 0 : this.#mapping.address
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
    budget.used += length
    this.#mapping.write(start, bytes)
    return this.#add(length, base + start, new Lent(undefined, budget, table, start, length))
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
    loan.table.flags[flag] = 0 // a worker that had the call before, and died, may have set it
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
    const base = isOfFile ? this.#mapping.address : 0
    return new Uint8Array(copyOf(base + loan.position, loan.length))
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
    loan.table.flags[flag] = 0
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
    const used = table.flags.subarray(0, this.#next)
    // Each flag once: a hostile worker that keeps setting flags does not keep this thread here.
    for (let flag = used.indexOf(1); flag >= 0; flag = used.indexOf(1, flag + 1)) {
      used[flag] = 0
      const loan = this.#loans[flag]
      if (loan?.table === table) this.#over(flag, loan)
    }
  }

  #tableOfProcess(): Table | undefined {
    if (this.#ofProcess === undefined) {
      const address = mapPrivate(FLAG_BYTES)
      if (address !== undefined) this.#ofProcess = new Table(viewOf(address, FLAG_BYTES), address)
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
    if (this.#mapping.resident - this.used <= 2 * WARM_BYTES) return
    for (const [start, bytes] of this.#extents.free()) this.#mapping.discard(start, bytes)
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
    if (bytes >= INLINE_BYTES && this.#mapping.resident - this.used > WARM_BYTES)
      this.#mapping.discard(start, bytes)
  }
}

function isResizable(buffer: ArrayBufferLike): boolean {
  return (buffer as { resizable?: boolean }).resizable === true
}

let existing: Lender | undefined
let isImpossible = !canMap

/** Returns the lender of this JavaScript thread; `undefined` where memory cannot be lent. */
export function lender(): Lender | undefined {
  if (existing !== undefined || isImpossible) return existing
  try {
    existing = new Lender()
  } catch (error) {
    // Without koffi, never try again. No memory or no descriptor: arrays are copied until later.
    isImpossible = error instanceof PythreadsError && error.code === 'ERR_PYTHREADS_RUNTIME'
  }
  return existing
}

/** The lender of this thread, if one was made. */
export function existingLender(): Lender | undefined {
  return existing
}
