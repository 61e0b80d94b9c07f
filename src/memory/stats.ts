import { borrowedCount, borrowedUse } from './borrowed-arrays.ts'
import { existingLender } from './lend.ts'

/** Counts the memory that this JavaScript thread lends and borrows. */
export function memoryStats(): {
  lent: number
  borrowed: number
  usedMb: number
  residentMb: number
} {
  const lender = existingLender()
  lender?.sweep()
  const { count = 0, used = 0, resident = 0 } = lender ?? {}
  const borrowed = borrowedUse()
  return {
    lent: count,
    borrowed: borrowedCount(),
    usedMb: (used + borrowed.used) / 2 ** 20,
    residentMb: (resident + borrowed.resident) / 2 ** 20,
  }
}
