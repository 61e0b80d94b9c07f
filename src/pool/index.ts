export { type MapPlan, type MapProgress, mapItems, takeNext } from './map.ts'
export { Pool, type PoolStats, type WorkerStats } from './pool.ts'
export { FrameEncoder, type Write } from './task.ts'
