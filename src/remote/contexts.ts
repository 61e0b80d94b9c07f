import { PythreadsError } from '../errors/index.ts'
import type { Caller } from './caller.ts'
import type { Target } from './requests.ts'
import type { RemoteContext } from './types.ts'

/** Enters a context manager; `await using` leaves it. */
export async function enter(caller: Caller, target: Target): Promise<RemoteContext<unknown>> {
  const value = await caller.operate('enter', target, [])
  let open = true
  return {
    value,
    [Symbol.asyncDispose]: async () => {
      if (!open) return
      open = false
      await caller.operate('exit', target, [null])
    },
  }
}

/**
 * Runs `body` in a context manager. An error of `body` reaches `__exit__` as an exception: Python
 * calls a function that throws it.
 */
export async function within<R>(
  caller: Caller,
  target: Target,
  body: (value: unknown) => R,
): Promise<Awaited<R> | undefined> {
  if (typeof body !== 'function')
    throw new PythreadsError(
      'ERR_PYTHREADS_ARGUMENT',
      '$with takes a function of the entered value',
    )
  const value = await caller.operate('enter', target, [])
  let result: Awaited<R>
  try {
    result = await body(value)
  } catch (error) {
    const rethrow = () => {
      throw error
    }
    if ((await caller.operate('exit', target, [rethrow])) === true) return undefined
    throw error
  }
  await caller.operate('exit', target, [null])
  return result
}
