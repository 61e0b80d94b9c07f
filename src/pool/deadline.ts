import { PythreadsError } from '../errors/index.ts'
import type { Task } from './task.ts'

/** When a call is given up. */
export interface Patience {
  readonly signal?: AbortSignal | undefined
  /** How long it may take, from the moment it is made; `null`: any time. */
  readonly timeoutMs?: number | null | undefined
  /** How long it may wait for a worker; `null`: any time. */
  readonly queueTimeoutMs?: number | null | undefined
}

export function aborted(signal: AbortSignal): PythreadsError {
  return new PythreadsError('ERR_PYTHREADS_ABORTED', 'The call was aborted', { cause: signal.reason })
}

/** Has a call given up when its time is over or its signal says so. The timers end with the call. */
export function limitPatience(task: Task, patience: Patience, giveUp: (task: Task, error: PythreadsError) => void): void {
  const { signal, timeoutMs, queueTimeoutMs } = patience
  const ends: (() => void)[] = []
  if (signal !== undefined) {
    const abort = () => giveUp(task, aborted(signal))
    signal.addEventListener('abort', abort, { once: true })
    ends.push(() => signal.removeEventListener('abort', abort))
  }
  if (timeoutMs != null) {
    const timer = setTimeout(() => giveUp(task, late('TIMEOUT', `The call took longer than ${timeoutMs} ms`)), timeoutMs)
    ends.push(() => clearTimeout(timer))
  }
  if (queueTimeoutMs != null) {
    const message = `The call waited for a worker for longer than ${queueTimeoutMs} ms`
    const timer = setTimeout(() => task.queue !== undefined && giveUp(task, late('QUEUE_TIMEOUT', message)), queueTimeoutMs)
    task.onTaken = () => clearTimeout(timer)
    ends.push(() => clearTimeout(timer))
  }
  if (ends.length === 0) return
  task.onSettled = () => {
    for (const end of ends) end()
  }
}

function late(what: 'TIMEOUT' | 'QUEUE_TIMEOUT', message: string): PythreadsError {
  return new PythreadsError(`ERR_PYTHREADS_${what}`, message)
}
