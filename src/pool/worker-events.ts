import type { Ending } from '../isolation/index.ts'
import type { Observer } from '../observe/index.ts'
import type { Dispatcher, Task } from '../scheduler/index.ts'
import type { Worker, WorkerEvents, WorkerSupervisor } from '../worker/index.ts'
import type { PoolOptions } from './options.ts'
import type { RefusedModules } from './refused-modules.ts'
import type { Resubmission } from './resubmission.ts'
import type { RunningCalls } from './running-calls.ts'
import type { WorkerEnds } from './worker-ends.ts'

interface Parts {
  readonly options: PoolOptions
  readonly dispatcher: Dispatcher<Worker>
  readonly ends: WorkerEnds
  readonly observer: Observer
  readonly refused: RefusedModules
  readonly resubmission: Resubmission
  readonly running: RunningCalls
  readonly supervisor: WorkerSupervisor<Worker>
}

/** Passes the events of workers to the parts of the pool that need them. */
export class PoolWorkerEvents implements WorkerEvents<Worker> {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** A worker can take calls: after one of them, or because its lease was given back. */
  free(worker: Worker): void {
    const { options, supervisor, dispatcher, running } = this.#parts
    if (options.size.min < supervisor.size.max && worker.idle) worker.becameIdle()
    supervisor.check(worker)
    dispatcher.feed(worker)
    running.check()
  }

  threadReleased(task: Task, us: number): void {
    this.#parts.running.threadReleased(task, us)
  }

  settled(task: Task): void {
    this.#parts.running.settled(task)
  }

  callbackBegan(): void {
    this.#parts.running.callbackBegan()
  }

  callbackReturned(): void {
    this.#parts.running.callbackReturned()
  }

  skipped(task: Task): void {
    this.#parts.resubmission.resubmit(task)
  }

  progressed(worker: Worker): void {
    this.#parts.supervisor.check(worker)
  }

  stuck(worker: Worker): void {
    this.#parts.ends.stuck(worker)
  }

  gilEnabled(worker: Worker): void {
    const module = worker.gil.culprit ?? ''
    this.#parts.observer.tell('gilEnabled', { worker: worker.index, module })
  }

  refused(module: unknown): void {
    this.#parts.refused.note(module)
  }

  exited(worker: Worker, ending: Ending): void {
    this.#parts.ends.exited(worker, ending)
  }
}
