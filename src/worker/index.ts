export { OutputLines, type OutputListener, toStream } from './output-lines.ts'
export { emitWarning, type Listeners, tellLog, tellWarning } from './records.ts'
export { type PoolSize, type Recycling, WorkerSupervisor } from './supervisor.ts'
export { Worker, type WorkerTools } from './worker.ts'
