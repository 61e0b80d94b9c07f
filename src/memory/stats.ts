import { borrowedCount, borrowedUse } from './borrowed.ts'
import { lenderMade } from './loans.ts'

/** What this JavaScript thread lends and borrows. */
export function memoryStats(): { lent: number; borrowed: number; usedMb: number; residentMb: number } {
  const lender = lenderMade()
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
