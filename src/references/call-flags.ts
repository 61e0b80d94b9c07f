import type { ResolvedCallOptions, ResolvedPythonOptions } from '../options/index.ts'
import { copyFlags, FLAG } from '../wire/index.ts'

type ValueOption = 'copy' | 'exact' | 'readonly'

/** The flags of a call's frame for the options that say how its values cross. */
export function callFlags(
  call: Pick<ResolvedCallOptions, ValueOption>,
  pool: Pick<ResolvedPythonOptions, ValueOption>,
): number {
  const { copy = pool.copy, exact = pool.exact, readonly = pool.readonly } = call
  return copyFlags(copy) | (readonly ? FLAG.READONLY : 0) | (exact ? FLAG.EXACT : 0)
}
