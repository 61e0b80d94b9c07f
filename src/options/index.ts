export { check } from './check.ts'
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
} from './options.ts'
export * from './resolve.ts'
