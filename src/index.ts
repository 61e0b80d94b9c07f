export {
  ERROR_CODES,
  type ErrorCode,
  PythonError,
  type PythonFrame,
  PythreadsError,
  type SourcePlace,
  WorkerDiedError,
} from './errors/index.ts'
export type { IsolationKind } from './isolation/index.ts'
export type { TypedArray, TypedArrayConstructor } from './memory/index.ts'
export { CHANNEL_NAMES, type ChannelName, type PoolEvents, type TimesSummary } from './observe/index.ts'
export type {
  CallOptions,
  Initializer,
  IsolationOption,
  LimitOptions,
  MapOptions,
  OutputLine,
  PythonOptions,
  RecycleOptions,
  RunOptions,
  WorkerRange,
} from './options/index.ts'
export type { GilStats, MapProgress, PoolStats, WorkerStats } from './pool/index.ts'
export { Python, type PythonStats } from './python.ts'
export {
  type Keywords,
  kw,
  type Operations,
  type Remote,
  type RemoteAttribute,
  type RemoteContext,
  type RemoteModule,
  type RemoteObject,
  type Session,
  type SourceArguments,
  type SyncAttribute,
  type SyncModule,
  type SyncObject,
  type SyncPython,
} from './remote/index.ts'
export {
  type DType,
  NdArray,
  type NdArrayData,
  type NdArraySource,
  type NdItem,
  type Nested,
  type PythonBytes,
  type PythonFloat,
  PythonScalar,
  type ScalarType,
} from './wire/index.ts'
