export {
  DEFAULT_CALL,
  type Kwargs,
  NO_OPTIONS,
  type ResolvedCallOptions,
  type ResolvedMapOptions,
  type ResolvedRunOptions,
  resolveCallOptions,
  resolveCopy,
  resolveMapOptions,
  resolveRunOptions,
  resolveSyncOptions,
  type SyncKey,
} from './call-options.ts'
export { check, isKeywordValues } from './check.ts'
export type * from './listeners.ts'
export type { ResolvedErrors, ResolvedLogging } from './observe-options.ts'
export type * from './options.ts'
export { type ResolvedPythonOptions, resolvePythonOptions } from './resolve.ts'
export { modulePath, resolveTarget, targetName } from './targets.ts'
export { type ResolvedInitializer, type ResolvedRange, resolveWorkers } from './worker-options.ts'
