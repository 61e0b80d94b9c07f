import { copyFor, PythreadsError } from './pythreads-error.ts'

/** Adds the target to an error that was just made for this call, unless the error has one. */
export function nameTarget<E>(error: E, target: string | undefined): E {
  if (target !== undefined && error instanceof PythreadsError && error.target === undefined)
    Object.assign(error, { target })
  return error
}

/** Copies of errors that many calls share, by the target of the call. */
const copies = new WeakMap<PythreadsError, Map<string, PythreadsError>>()

/**
 * Returns the error that a call of `target` gets, where many calls fail with one error, e.g. when
 * their worker ends. Calls of the same target share a copy.
 */
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
