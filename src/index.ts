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
  KeywordValues,
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
  type Importable,
  type Keywords,
  kw,
  type Operations,
  type PythonObject,
  type Remote,
  type RemoteAttribute,
  type RemoteContext,
  type RemoteGenerator,
  type RemoteLifetime,
  type RemoteMember,
  type RemoteModule,
  type RemoteObject,
  type RemoteReference,
  type Session,
  type SourceArguments,
  type SyncAttribute,
  type SyncGenerator,
  type SyncLifetime,
  type SyncModule,
  type SyncObject,
  type SyncOperations,
  type SyncPython,
  type SyncRemote,
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
