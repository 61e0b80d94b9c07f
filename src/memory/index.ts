export { allocate, type TypedArray, type TypedArrayConstructor } from './allocate.ts'
export { Borrowed, mayBorrow } from './borrowed.ts'
export { type Account, lender, lenderMade, type Sight } from './loans.ts'
export { memoryStats } from './stats.ts'
