import { WorkerDiedError } from '../errors/index.ts'
import type { Ending } from '../isolation/index.ts'
import { existingLender } from '../memory/index.ts'
import type { Observer } from '../observe/index.ts'
import type { ReferenceCounts } from '../references/index.ts'
import type { Dispatcher, Leases, Task } from '../scheduler/index.ts'
import type { Worker, WorkerSupervisor } from '../worker/index.ts'
import type { Admission } from './admission.ts'
import type { Resubmission } from './resubmission.ts'
import type { RunningCalls } from './running-calls.ts'

interface Parts {
  readonly admission: Admission
  readonly dispatcher: Dispatcher<Worker>
  readonly leases: Leases<Worker>
  readonly observer: Observer
  readonly resubmission: Resubmission
  readonly running: RunningCalls
  /** The reference counts of an interpreter that all workers share. */
  readonly shared: ReferenceCounts | undefined
  readonly supervisor: WorkerSupervisor<Worker>
}

/** A call is rejected when this number of workers have ended as they were to begin it. */
const MOST_DEATHS = 3

/** Deals with the calls of workers that have ended or are wedged. */
export class WorkerEnds {
  readonly #parts: Parts
  /** The calls, and the errors, of workers that are gone. */
  #calls = 0
  #errors = 0

  constructor(parts: Parts) {
    this.#parts = parts
  }

  get calls(): number {
    return this.#calls
  }

  get errors(): number {
    return this.#errors
  }

  /** A worker goes on with a call that was cancelled. */
  stuck(worker: Worker): void {
    const { supervisor, resubmission, leases, observer } = this.#parts
    const waiting = worker.takeBack()
    supervisor.stuck(worker)
    if (worker.life.isWedged) {
      this.#endCounts(worker, 'its worker does not come back from a call')
      this.#leave(worker)
      leases.leave(worker)
      observer.tell('workerWedged', { worker: worker.index, wedged: supervisor.wedged })
    }
    for (const task of waiting) resubmission.resubmit(task)
  }

  /** A worker is gone. */
  exited(worker: Worker, ending: Ending): void {
    const { supervisor, leases, running } = this.#parts
    const { calls, errors } = worker.takeCounts()
    this.#calls += calls
    this.#errors += errors
    const { isFresh, life } = worker
    const { begun, waiting, suspect } = worker.abandon()
    for (const task of waiting) this.#retract(task, worker)
    this.#endCounts(worker, 'its worker has ended')
    existingLender()?.forget(worker)
    const how = life.endedAs ?? ending.how
    const error =
      life.failure ?? new WorkerDiedError(worker.index, { ...ending, how }, worker.lastWords)
    supervisor.gone(worker, error, isFresh)
    this.#leave(worker)
    leases.leave(worker)
    for (const task of begun) {
      const isRepeated = task.cancelledAt === undefined && task.home !== worker
      if (isRepeated && task.retries-- > 0) waiting.push(task)
      else running.lose(task, error)
    }
    if (suspect !== undefined) suspect.deaths++
    for (const task of waiting) {
      if (task.home === worker) running.lose(task, error)
      else if (task === suspect && task.deaths >= MOST_DEATHS)
        this.#refuseDeadly(task, worker, { ...ending, how })
      else this.#parts.resubmission.resubmit(task)
    }
    if (life.servedLast) supervisor.checkLife(worker.index, error)
    this.#tell(worker, how)
    running.check()
  }

  /** The pool is destroyed: kills a worker, and rejects its calls. */
  destroy(worker: Worker, error: unknown): void {
    const { begun, waiting } = worker.abandon()
    for (const task of begun) task.lose(error, 'cancelled')
    for (const task of waiting) {
      this.#retract(task, worker)
      task.drop(error, 'cancelled')
    }
    worker.kill()
  }

  #tell(worker: Worker, how: string): void {
    const { supervisor, admission, observer } = this.#parts
    const { pid, lastWords, index, life } = worker
    const isExpected =
      life.isRetiring || life.isWedged || index >= supervisor.size.max || !admission.isOpen
    const asked = isExpected && life.endedAs === undefined
    observer.tell('workerExit', { worker: index, pid, how, asked, lastWords })
  }

  /** Rejects a call that ended several workers: the next worker would end too. */
  #refuseDeadly(task: Task, worker: Worker, ending: Ending): void {
    const how = `${ending.how}, before it began the call, as ${task.deaths - 1} others did`
    if (task.cancelledAt === undefined) this.#parts.running.left()
    task.drop(new WorkerDiedError(worker.index, { ...ending, how }, worker.lastWords))
  }

  #leave(worker: Worker): void {
    const { dispatcher, resubmission } = this.#parts
    dispatcher.leave(worker, (task) => resubmission.whyImpossible(task))
  }

  /** The worker never read a call: takes its JavaScript values back from the worker's counts. */
  #retract({ references: { numbers } }: Task, worker: Worker): void {
    if (numbers !== undefined) worker.counts.retract(numbers)
  }

  #endCounts(worker: Worker, why: string): void {
    if (worker.counts !== this.#parts.shared) worker.counts.end(why)
  }
}
