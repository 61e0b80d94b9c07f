export type { Gil } from './gil.ts'
export { emitWarning, type Listeners, tellLog, tellWarning } from './records.ts'
export type { WorkerEvents } from './reports.ts'
export { OutputLines, type OutputListener, toStream } from './socket/output-lines.ts'
export { SocketLink, type SocketLinkTools } from './socket/socket-link.ts'
export {
  type PoolSize,
  type Recycling,
  type SupervisorHost,
  WorkerSupervisor,
} from './supervisor.ts'
export { Worker, type WorkerTools } from './worker.ts'
