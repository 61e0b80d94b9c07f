export { type Choice, choose, chooseAfter, tryModules } from './auto.ts'
export { createIsolation } from './create.ts'
export {
  type Ending,
  type Launched,
  NO_LIMITS,
  type SyncEndpoint,
  type SyncSocketWorker,
  type WorkerSettings,
} from './isolation.ts'
export { encodeSettings } from './settings.ts'
export type { WorkerTimes } from './status-page.ts'
export { libpythonHint, SUPPORT_MATRIX, supportOf } from './support.ts'
export { MAIN, SIDE, type SyncSockets } from './sync-sockets.ts'
export { ISOLATION_KINDS, ISOLATIONS, type Isolation, type IsolationKind } from './table.ts'
