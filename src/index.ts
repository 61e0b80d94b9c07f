export {
  ERROR_CODES,
  type ErrorCode,
  PythonError,
  type PythonFrame,
  PythreadsError,
  type SourcePlace,
  WorkerDiedError,
} from './errors/index.ts'
export { ISOLATION_KINDS, type IsolationKind } from './isolation/index.ts'
export type { TypedArray, TypedArrayConstructor } from './memory/index.ts'
export {
  type CallDetails,
  type CallEvents,
  type CallOutcome,
  CHANNEL_NAMES,
  type ChannelName,
  type PoolEvents,
  type TimesSummary,
} from './observe/index.ts'
export type {
  CallOptions,
  CopyOptions,
  Initializer,
  IsolationOption,
  KeywordValues,
  LimitOptions,
  LoggingOptions,
  LogLevel,
  MapOptions,
  NaiveDates,
  OutputLine,
  PythonErrorOptions,
  PythonLogRecord,
  PythonOptions,
  PythonWarning,
  RecycleOptions,
  RunOptions,
  StartProgress,
  WorkerRange,
} from './options/index.ts'
export type { GilStats, MapProgress, MemoryStats, PoolStats, WorkerStats } from './pool/index.ts'
export { Python } from './python.ts'
export type { PythonEvents, PythonStats } from './python-stats.ts'
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
  type SyncRemote,
} from './remote/index.ts'
export type { SyncPython } from './sync/index.ts'
export {
  type DType,
  NdArray,
  type NdArrayData,
  type NdArraySource,
  type NdItem,
  type Nested,
  type PythonBytes,
  PythonDate,
  type PythonFloat,
  PythonScalar,
  type ScalarType,
  type ZoneOptions,
} from './wire/index.ts'
