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
 * 1. A loan has a cell, one byte in a table that Python sees too: it is 0 until Python has no use
 *    for the memory any more, then
 *    1. Nothing is sent for it, so neither the end of a worker nor that of a pool loses one. It is
 *       looked at when something else is lent, and from time to time.
 * 2. A loan is not over before the call that made it is: the call may be made again. A worker
 *    process that ends gives back what it had; what an interpreter of this process has, it keeps.
 * 3. Arrays of the main thread are lent themselves: they are held here, and pinned, until Python
 *    lets go. Those of a worker thread die with it, at any moment: they are copied into memory that
 *    does not.
 * 4. The memory of the table is never unmapped, as Python may write there.
 * 5. Worker processes can write to all of the file, and may be hostile: what they write can end
 *    loans of the file, and nothing else. Workers in this process have a table of their own, which
 *    no process sees: the end of such a loan frees memory of this process.
 */
export const FLAG_BYTES: number = 1 << 20
/** Smaller arrays are copied into the frame, where they need not be lent. */
export const INLINE_BYTES: number = 32 * 1024
/** Free memory that is kept, as memory that is new to a process is slow. */
const WARM_BYTES = 256 * 2 ** 20
/**
 * Of how many loans one has been made since the cells were last looked at, when it is time to do so
 * again.
 */
const SWEEP_SHARE = 8
/** How often loans are looked at that nobody else looks at. */
const LOOK_MS = 200

/**
 * How a pool's workers see the memory of this process: at its address, by mapping a file, or not at
 * all.
 */
export type Access = 'address' | 'file' | 'none'

/** What one pool lends. */
export interface Budget {
  /** Known when the first worker is there. */
  access: Access
  /** How many bytes of copies it may lend at a time. */
  readonly limit: number
  used: number
}

/**
 * Where Python notes the ends of loans: one table in the file, and one that only this process sees.
 * The numbers of cells are for both.
 */
class Table {
  readonly flags: Uint8Array
  /** By which Python finds it: its address, or the descriptor of the file below zero. */
  readonly segment: number
  /** How many loans have their cells in it. */
  count = 0

  constructor(memory: ArrayBuffer, segment: number) {
    this.flags = new Uint8Array(memory)
    this.segment = segment
  }
}

class Lent {
  /** What must not be collected. */
  readonly keep: unknown
  readonly budget: Budget
  readonly table: Table
  /** Where its copy is, if it is one, and its size; else 0. */
  readonly start: number
  readonly bytes: number
  /** The call that made it is not over. */
  open = true
  /** Python has let go. */
  over = false
  /** Its worker was sent a copy, as it cannot see the memory. */
  fetched = false
  borrower: object | undefined = undefined
  /** Where its bytes are in the file, and how many. */
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

/** What a JavaScript thread lends. */
class Lender {
  readonly #mapping: Mapping
  readonly #ofFile: Table
  #ofProcess: Table | undefined
  readonly #extents: Allocator
  /** By their cells. */
  readonly #loans: (Lent | undefined)[] = []
  #count = 0
  readonly #free: number[] = []
  #next = 0
  /** Bytes of copies, and of arrays that were allocated here. */
  used = 0
  readonly #allocated = new WeakMap<ArrayBufferLike, number>()
  readonly #collected = new FinalizationRegistry<readonly [number, number]>(([start, bytes]) =>
    this.#giveBack(start, bytes),
  )
  readonly #pinned = new WeakSet<ArrayBufferLike>()
  #look: NodeJS.Timeout | undefined
  /** How many small loans there were since the cells were looked at. */
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

  /** Memory that every worker sees. It is given back when it is collected. */
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
   * Lends some bytes: those themselves, where they are seen, or a copy. `undefined` where neither
   * can be.
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
   * A call with this loan goes to a worker, whose end would be that of the loan; `undefined`: none.
   */
  sent(flag: number, borrower: object | undefined): void {
    const loan = this.#loans[flag]
    if (loan === undefined) return
    loan.borrower = borrower
    loan.over = loan.fetched = false
    loan.table.flags[flag] = 0 // a worker that died may have let go
  }

  /**
   * A copy of the bytes of a loan for the worker that has it and cannot see them: for it, the loan
   * is over. `undefined`: it has no such loan. `borrower`: as for `sent`.
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
    if (loan.fetched) return undefined // one request, one copy: nobody may be reading them
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

  /** Python never had it, or has it no longer. */
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

  /** A worker process has ended: it has nothing any more. */
  forget(borrower: object): void {
    for (const [flag, loan] of this.#loans.entries()) {
      if (loan === undefined || loan.borrower !== borrower) continue
      loan.borrower = undefined
      this.#over(flag, loan)
    }
  }

  /** Takes back what Python has let go. */
  sweep(): void {
    if (this.#ofFile.count > 0) this.#sweep(this.#ofFile)
    if (this.#ofProcess !== undefined && this.#ofProcess.count > 0) this.#sweep(this.#ofProcess)
  }

  #sweep(table: Table): void {
    const used = table.flags.subarray(0, this.#next)
    // Each place once: a worker that writes there all the time does not hold this thread up.
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

  /** Whether Python has an array of this thread, rather than memory of the mapping. */
  #lendsArrays(): boolean {
    this.sweep()
    return this.#loans.some(
      (loan) => loan?.bytes === 0 && !this.#allocated.has(loan.keep as ArrayBufferLike),
    )
  }

  /**
   * To look at all cells for each of many small loans would take time that grows with their square.
   */
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
   * Gives all that is free back to the system when there is more of it than is ever kept: a worker
   * process has written there.
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

/**
 * The lender of this JavaScript thread, made when it is first needed; `undefined` where nothing can
 * be lent.
 */
export function lender(): Lender | undefined {
  if (existing !== undefined || isImpossible) return existing
  try {
    existing = new Lender()
  } catch (error) {
    // No koffi; or no room for the mapping now, or no descriptor: arrays are copied meanwhile.
    isImpossible = error instanceof PythreadsError && error.code === 'ERR_PYTHREADS_RUNTIME'
  }
  return existing
}

/** What was lent so far in this thread, if anything was. */
export function existingLender(): Lender | undefined {
  return existing
}
