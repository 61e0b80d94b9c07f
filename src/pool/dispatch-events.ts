import type { Observer } from '../observe/index.ts'
import type { DispatchEvents, Task } from '../scheduler/index.ts'
import type { Worker } from '../worker/index.ts'
import type { Resubmission } from './resubmission.ts'
import type { RunningCalls } from './running-calls.ts'

interface Parts {
  readonly observer: Observer
  readonly resubmission: Resubmission
  readonly running: RunningCalls
  readonly supervisor: { grow(index: number | undefined): void }
}

/** Passes the events of the dispatcher to the parts of the pool that need them. */
export class PoolDispatchEvents implements DispatchEvents<Worker> {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  sending(task: Task, worker: Worker): void {
    this.#parts.running.sending(task, worker)
  }

  waiting(task: Task): void {
    this.#parts.supervisor.grow(task.workerIndex)
  }

  takenBack(task: Task): void {
    this.#parts.resubmission.resubmit(task)
  }

  drained(): void {
    this.#parts.observer.tell('drain', {})
  }
}
