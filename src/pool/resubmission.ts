import { PythreadsError } from '../errors/index.ts'
import type { Dispatcher, Task } from '../scheduler/index.ts'
import type { Worker } from '../worker/index.ts'
import type { Members } from './members.ts'
import type { RunningCalls } from './running-calls.ts'

interface Parts {
  readonly dispatcher: Dispatcher<Worker>
  readonly members: Members
  readonly running: RunningCalls
}

/** What becomes of calls that a worker had and has not begun. */
export class Resubmission {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** A call goes to the next worker. */
  resubmit(task: Task): void {
    task.worker = undefined
    if (task.cancelledAt !== undefined) return task.references.retract()
    const { running, members, dispatcher } = this.#parts
    running.left()
    const error = this.whyImpossible(task)
    if (error !== undefined) return task.drop(error)
    if (!members.includes(task.origin)) task.origin = undefined
    dispatcher.replace(task)
  }

  /** Why a call cannot be made any more, if what it needs is gone. */
  whyImpossible(task: Task): PythreadsError | undefined {
    const gone = task.references.owner?.counts.ended
    if (gone !== undefined) {
      return new PythreadsError(
        'ERR_PYTHREADS_OBJECT_RELEASED',
        `A remote object in the call is gone: ${gone}`,
      )
    }
    const { home } = task
    if (home === undefined || this.#parts.members.includes(home as Worker)) return undefined
    return new PythreadsError(
      'ERR_PYTHREADS_WORKER_DIED',
      'The worker of this session ended, and its variables with it',
    )
  }
}
