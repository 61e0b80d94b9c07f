export { ERROR_CODES, type ErrorCode } from './codes.ts'
export { tellListener } from './listener.ts'
export {
  type ClassNamer,
  PythonError,
  type PythonErrorDetails,
  type PythonFrame,
  raise,
  type SourcePlace,
  toError,
} from './python-error.ts'
export { PythreadsError, type PythreadsErrorOptions } from './pythreads-error.ts'
export { isShortage, shortage, startFailure } from './shortage.ts'
export { forTarget, nameTarget } from './target.ts'
export { quoted, WorkerDiedError } from './worker-died-error.ts'
