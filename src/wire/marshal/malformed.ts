import { PythreadsError } from '../../errors/index.ts'

/** Refuses bytes that are no value, or that the kernel would not send. */
export function malformed(reason: string, cause?: unknown): never {
  throw new PythreadsError(
    'ERR_PYTHREADS_PROTOCOL',
    `Malformed value from Python: ${reason}`,
    cause === undefined ? {} : { cause },
  )
}
