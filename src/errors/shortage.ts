import type { ErrorCode } from './codes.ts'
import { forbidden } from './permission.ts'
import { PythreadsError } from './pythreads-error.ts'

/**
 * What the system has run out of, by the code of its error, and what to do. The kernel's
 * `start_failures.py` has the same sentences.
 */
const LACKS: Readonly<Record<string, string>> = {
  EMFILE: 'no descriptor is left in this process: raise its limit (ulimit -n), or close some',
  ENFILE: 'no descriptor is left on this machine',
  EAGAIN:
    'no process or thread may be started: raise the limit (ulimit -u, or that of the container)',
  ENOMEM: 'no memory is left: raise the limit of this process (ulimit -v) or of its container',
  ENOSPC: 'no room is left on the disk, or in /dev/shm',
}

const DID_NOT_START = 'A worker did not start'

/** Whether an error means that a resource of the system is used up; it may be free again later. */
export function isShortage(error: unknown): boolean {
  return codeOf(error) in LACKS
}

/**
 * Makes an error of pythreads for a system call that failed. `cause` is the error of the system
 * call; the message adds advice where the code of `cause` is known.
 */
export function shortage(code: ErrorCode, what: string, cause: unknown): PythreadsError {
  const lack = LACKS[codeOf(cause)]
  const said = cause instanceof Error ? cause.message : String(cause)
  return new PythreadsError(code, `${what}: ${said}${lack === undefined ? '' : ` (${lack})`}`, {
    cause,
  })
}

/**
 * Makes the error of a worker that did not start. An error of pythreads is returned as it is; what
 * Node's permission model forbids is an error of its own.
 */
export function startFailure(what: string, cause: unknown): PythreadsError {
  if (cause instanceof PythreadsError) return cause
  const denied = forbidden(what, cause)
  if (denied !== undefined) return denied
  return shortage('ERR_PYTHREADS_WORKER_START', `${DID_NOT_START}: ${what}`, cause)
}

/** Makes the error of a worker that did not start, where no system call failed. */
export function startError(how: string): PythreadsError {
  return new PythreadsError('ERR_PYTHREADS_WORKER_START', `${DID_NOT_START}: ${how}`)
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''
}
