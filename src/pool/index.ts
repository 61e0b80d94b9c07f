export type { SetupStep } from './broadcasts.ts'
export { checkItems, type MapProgress, mapItems } from './map.ts'
export { Pool } from './pool.ts'
export type { GilStats, MemoryStats, PoolStats, WorkerStats } from './stats.ts'
