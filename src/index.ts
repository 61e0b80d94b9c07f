export { ERROR_CODES, type ErrorCode, PythonError, type PythonFrame, PythreadsError } from './errors/index.ts'
export type { IsolationKind } from './isolation/index.ts'
export type { IsolationOption, MapOptions, PythonOptions, RunOptions } from './options/index.ts'
export type { MapProgress, PoolStats, WorkerStats } from './pool/index.ts'
export { Python, type PythonStats } from './python.ts'
export {
  type Keywords,
  kw,
  type Remote,
  type RemoteAttribute,
  type RemoteModule,
  type SourceArguments,
  type SyncAttribute,
  type SyncModule,
  type SyncPython,
} from './remote/index.ts'
