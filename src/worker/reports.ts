import type { Ending } from '../isolation/index.ts'
import type { Task } from '../scheduler/index.ts'
import type { WorkerLife } from './life.ts'

/** What a worker's calls tell its pool. */
export interface Reports {
  /**
   * Its thread can take a call: it has room for one, or it waits for a callback and can take one
   * that the callback made.
   */
  free(): void
  /** Its thread is done with a call, which held it for this number of microseconds. */
  threadReleased(task: Task, us: number): void
  /** A call that it had is over. */
  settled(task: Task): void
  /** It skipped a call, as it was told to: somebody else has to take it. */
  skipped(task: Task): void
  /** Something came to an end beside its thread, which may have been the last that needed it. */
  progressed(): void
  /** It goes on with a call that was cancelled. */
  stuck(): void
  /** Python calls a function of JavaScript. */
  callbackBegan(): void
  /** Python has the result of the function, and goes on. */
  callbackReturned(): void
}

/** What a worker tells its pool. */
export interface WorkerEvents<W> {
  /**
   * Its thread can take a call: it has room for one, or it waits for a callback and can take one
   * that the callback made.
   */
  free(worker: W): void
  /** Its thread is done with a call, which held it for this number of microseconds. */
  threadReleased(task: Task, us: number): void
  /** A call that it had is over. */
  settled(task: Task): void
  /** Python calls a function of JavaScript. */
  callbackBegan(): void
  /** Python has the result of the function, and goes on. */
  callbackReturned(): void
  /** Something came to an end beside its thread, which may have been the last that needed it. */
  progressed(worker: W): void
  /** It skipped a call, as it was told to: somebody else has to take it. */
  skipped(task: Task): void
  /** It does not leave a call alone that was cancelled. */
  stuck(worker: W): void
  /** A module has turned the GIL of a free-threaded build on. */
  gilEnabled(worker: W): void
  /** Its interpreter has refused to load an extension module. */
  refused(module: string): void
  /** It is gone. */
  exited(worker: W, ending: Ending): void
}

/** Tells the pool what a worker's calls have to tell, and whose they are. */
export class WorkerReports<W extends { readonly life: WorkerLife }> implements Reports {
  readonly #worker: W
  readonly #events: WorkerEvents<W>

  constructor(worker: W, events: WorkerEvents<W>) {
    this.#worker = worker
    this.#events = events
  }

  free(): void {
    this.#events.free(this.#worker)
  }

  threadReleased(task: Task, us: number): void {
    this.#events.threadReleased(task, us)
  }

  settled(task: Task): void {
    this.#events.settled(task)
  }

  skipped(task: Task): void {
    this.#events.skipped(task)
  }

  progressed(): void {
    this.#events.progressed(this.#worker)
  }

  stuck(): void {
    if (!this.#worker.life.isWedged) this.#events.stuck(this.#worker)
  }

  callbackBegan(): void {
    this.#events.callbackBegan()
  }

  callbackReturned(): void {
    this.#events.callbackReturned()
  }
}
