import { copyFor, PythreadsError } from './pythreads-error.ts'

/** Has an error that was just made name what was called, unless it does already. */
export function nameTarget<E>(error: E, target: string | undefined): E {
  if (target !== undefined && error instanceof PythreadsError && error.target === undefined)
    Object.assign(error, { target })
  return error
}

/** The copies of errors that many calls have, by what these called. */
const copies = new WeakMap<PythreadsError, Map<string, PythreadsError>>()

/** An error that other calls have, too, for one that called `target`. */
export function forTarget(error: unknown, target: string | undefined): unknown {
  if (target === undefined || !(error instanceof PythreadsError) || error.target === target)
    return error
  let known = copies.get(error)
  if (known === undefined) {
    known = new Map()
    copies.set(error, known)
  }
  const copy = known.get(target) ?? copyFor(error, target)
  known.set(target, copy)
  return copy
}
