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

/** Gives calls that their worker had not begun, and that were taken from it, to other workers. */
export class Resubmission {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Makes a call wait for another worker, or rejects it if no worker can run it any more. */
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

  /** The error of a call that needs a worker or a remote object which is gone. */
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
