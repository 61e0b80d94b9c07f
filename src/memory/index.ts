export { Borrowed, mayBorrow } from './borrow.ts'
export { type Access, type Budget, existingLender, lender } from './lend.ts'
export { allocate, type TypedArray, type TypedArrayConstructor } from './shared-arrays.ts'
export { memoryStats } from './stats.ts'
