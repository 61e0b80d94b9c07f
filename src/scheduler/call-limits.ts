import { PythreadsError } from '../errors/index.ts'
import type { ResolvedCallOptions } from '../options/index.ts'
import type { Task } from './task.ts'

/** The limits after which a call is cancelled. */
export type CallLimits = Pick<ResolvedCallOptions, 'signal' | 'timeoutMs' | 'queueTimeoutMs'>

export function abortError(signal: AbortSignal, target?: string): PythreadsError {
  return new PythreadsError('ERR_PYTHREADS_ABORTED', 'The call was aborted', {
    cause: signal.reason,
    target,
  })
}

/** Each signal has one listener for all of its calls: Node warns of many listeners. */
const listeners = new WeakMap<AbortSignal, Set<() => void>>()

function onAbort(signal: AbortSignal, abort: () => void): () => void {
  let known = listeners.get(signal)
  if (known === undefined) {
    const callbacks = new Set<() => void>()
    known = callbacks
    listeners.set(signal, callbacks)
    signal.addEventListener('abort', () => callbacks.forEach((callback) => void callback()), {
      once: true,
    })
  }
  known.add(abort)
  return () => known.delete(abort)
}

/**
 * Cancels a call by `giveUp` when its time is over or its signal is aborted. The timers and the
 * listener are removed when the call is settled. `isWaiting` says whether a call still waits for a
 * worker.
 */
export function armLimits(
  task: Task,
  limits: CallLimits,
  isWaiting: (task: Task) => boolean,
  giveUp: (task: Task, error: PythreadsError) => void,
): void {
  const { signal, timeoutMs, queueTimeoutMs } = limits
  const ends: (() => void)[] = []
  const after = (ms: number, then: () => void) => {
    const timer = setTimeout(then, ms)
    ends.push(() => clearTimeout(timer))
  }
  if (signal !== undefined)
    ends.push(onAbort(signal, () => giveUp(task, abortError(signal, task.target))))
  if (timeoutMs != null)
    after(timeoutMs, () =>
      giveUp(task, late('TIMEOUT', `The call took longer than ${timeoutMs} ms`, task)),
    )
  if (queueTimeoutMs != null) {
    const message = `The call waited for a worker for longer than ${queueTimeoutMs} ms`
    after(
      queueTimeoutMs,
      () => isWaiting(task) && giveUp(task, late('QUEUE_TIMEOUT', message, task)),
    )
  }
  if (ends.length === 0) return
  task.onSettled = () => {
    for (const end of ends) end()
  }
}

function late(
  what: 'TIMEOUT' | 'QUEUE_TIMEOUT',
  message: string,
  { target }: Task,
): PythreadsError {
  return new PythreadsError(`ERR_PYTHREADS_${what}`, message, { target })
}
