import type { Flags } from './flags.ts'

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
export class Table {
  readonly flags: Flags
  /** How Python finds the table: an address, or the negative descriptor of the file. */
  readonly segment: number
  /** How many loans have their flag in this table. */
  count = 0

  constructor(flags: Flags, segment: number) {
    this.flags = flags
    this.segment = segment
  }
}

/** One loan. */
export class Lent {
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
