export { type MapProgress, mapItems } from './map.ts'
export { NO_SUBMIT_OPTIONS, Pool, type SetupStep, type SubmitOptions } from './pool.ts'
export type { GilStats, PoolStats, WorkerStats } from './stats.ts'
