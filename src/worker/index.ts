export type { Gil } from './gil.ts'
export { emitWarning, type Listeners, tellLog, tellWarning } from './records.ts'
export type { WorkerEvents } from './reports.ts'
export { isBacklog } from './socket/frame-reader.ts'
export { OutputLines, type OutputListener, toStream } from './socket/output-lines.ts'
export { SocketWorkers } from './socket/socket-workers.ts'
export {
  type Capabilities,
  cannotCarry,
  type LinkTools,
  type WorkerSource,
} from './source.ts'
export type { PoolSize, Recycling, SupervisorHost } from './supervised.ts'
export { WorkerSupervisor } from './supervisor.ts'
export { Worker, type WorkerTools } from './worker.ts'
