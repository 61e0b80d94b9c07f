import { type ErrorCode, PythonError, PythreadsError } from '../index.ts'

/** The exit statuses of the program. */
export const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const

/** Errors that the user's code raised. Errors with other codes are printed without a traceback. */
const HAS_TRACEBACK: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'ERR_PYTHREADS_PYTHON',
  'ERR_PYTHREADS_IMPORT_FAILED',
])

/**
 * The text of an error for a terminal: Python's traceback for errors of the user's code, the
 * message for other errors of pythreads, and a JavaScript stack only for bugs.
 */
export function describeError(error: unknown): string {
  if (error instanceof PythonError && HAS_TRACEBACK.has(error.code))
    return `${error.traceback.trimEnd()}\n[${error.code}] ${error.message}`
  if (error instanceof PythreadsError) return `[${error.code}] ${error.message}`
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

/**
 * Makes the error of a file that cannot be opened, read or written. `name`: the flag and the path.
 * `error`: the system's error, or a text. `progress`: how much has been written.
 */
export function fileError(name: string, error: unknown, progress?: string): PythreadsError {
  const { code, message } = error as NodeJS.ErrnoException
  const [, text] = /^\w+: (.*?)(?:, \w+(?: .*)?)?$/.exec(message ?? '') ?? []
  const said =
    typeof error === 'string'
      ? error
      : text === undefined
        ? (message ?? String(error))
        : `${text} (${code})`
  const end = progress === undefined ? '' : `; ${progress}`
  return new PythreadsError('ERR_PYTHREADS_FILE', `${name}: ${said}${end}`, { cause: error })
}
