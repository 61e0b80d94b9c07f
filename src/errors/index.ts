export { ERROR_CODES, type ErrorCode } from './codes.ts'
export { PythonError, type PythonErrorDetails, type PythonFrame, raise } from './python-error.ts'
export { PythreadsError, type PythreadsErrorOptions } from './pythreads-error.ts'
