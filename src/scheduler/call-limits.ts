import { PythreadsError } from '../errors/index.ts'
import type { Task } from './task.ts'

/** When a call is given up. */
export interface CallLimits {
  readonly signal?: AbortSignal | undefined
  /** How long it may take, from the moment it is made; `null`: any time. */
  readonly timeoutMs?: number | null | undefined
  /** How long it may wait for a worker; `null`: any time. */
  readonly queueTimeoutMs?: number | null | undefined
}

export function abortError(signal: AbortSignal, target?: string): PythreadsError {
  return new PythreadsError('ERR_PYTHREADS_ABORTED', 'The call was aborted', {
    cause: signal.reason,
    target,
  })
}

/** What to do when a signal is aborted. A signal of many calls has one listener. */
const listeners = new WeakMap<AbortSignal, Set<() => void>>()

function onAbort(signal: AbortSignal, abort: () => void): () => void {
  let waiting = listeners.get(signal)
  if (waiting === undefined) {
    const all = new Set<() => void>()
    waiting = all
    listeners.set(signal, all)
    signal.addEventListener('abort', () => all.forEach((one) => void one()), { once: true })
  }
  waiting.add(abort)
  return () => waiting.delete(abort)
}

/**
 * Has a call given up when its time is over or its signal says so; what is set for that ends with
 * the call. `isWaiting` says whether a call has not begun.
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
