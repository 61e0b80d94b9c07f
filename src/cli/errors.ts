import { type ErrorCode, PythonError, PythreadsError } from '../index.ts'

/** The exit statuses of the program. */
export const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const

/** What code of the user's raised; the others are told by their message alone. */
const HAS_TRACEBACK: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'ERR_PYTHREADS_PYTHON',
  'ERR_PYTHREADS_IMPORT_FAILED',
])

/**
 * An error as a person at a terminal wants to read it: what Python said, or our message; a stack
 * only for bugs.
 */
export function describeError(error: unknown): string {
  if (error instanceof PythonError && HAS_TRACEBACK.has(error.code))
    return `${error.traceback.trimEnd()}\n[${error.code}] ${error.message}`
  if (error instanceof PythreadsError) return `[${error.code}] ${error.message}`
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

/**
 * A file that cannot be opened, read or written, by the flag that named it. `error` is what the
 * system said, or a text. `progress` says what has been done so far.
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
