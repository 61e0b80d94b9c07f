export { type Choice, choose, processInstead, tryModules } from './auto.ts'
export { createIsolation } from './create.ts'
export {
  type Ending,
  type Isolation,
  type Launched,
  NO_LIMITS,
  type SyncEndpoint,
  type SyncSocketWorker,
  type WorkerSettings,
} from './isolation.ts'
export { encodeSettings } from './settings.ts'
export type { WorkerTimes } from './status-page.ts'
export { type IsolationKind, libpythonHint, SUPPORT_MATRIX, supportOf } from './support.ts'
export { MAIN, SIDE, type SyncSockets } from './sync-sockets.ts'
