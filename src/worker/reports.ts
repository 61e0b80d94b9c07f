import type { Ending } from '../isolation/index.ts'
import type { Task } from '../scheduler/index.ts'
import type { WorkerLife } from './life.ts'

/** The events that the calls of one worker report. */
export interface Reports {
  /**
   * The worker's thread can take a call: it has room, or it waits for a callback and can take a
   * call that the callback made.
   */
  free(): void
  /** The worker's thread is done with a call. `us`: the microseconds that the call held it. */
  threadReleased(task: Task, us: number): void
  /** The result or error of a call has arrived. */
  settled(task: Task): void
  /** The worker skipped a call that was taken back: another worker has to take the call. */
  skipped(task: Task): void
  /** A coroutine or an interrupt made progress: the worker may not be needed any more. */
  progressed(): void
  /** The worker goes on with a cancelled call. */
  stuck(): void
  /** Python calls a function of JavaScript. */
  callbackBegan(): void
  /** Python has the result of the function, and goes on. */
  callbackReturned(): void
}

/** The events that a worker reports to its pool. */
export interface WorkerEvents<W> {
  /**
   * The worker's thread can take a call: it has room, or it waits for a callback and can take a
   * call that the callback made.
   */
  free(worker: W): void
  /** The worker's thread is done with a call. `us`: the microseconds that the call held it. */
  threadReleased(task: Task, us: number): void
  /** The result or error of a call has arrived. */
  settled(task: Task): void
  /** Python calls a function of JavaScript. */
  callbackBegan(): void
  /** Python has the result of the function, and goes on. */
  callbackReturned(): void
  /** A coroutine or an interrupt made progress: the worker may not be needed any more. */
  progressed(worker: W): void
  /** The worker skipped a call that was taken back: another worker has to take the call. */
  skipped(task: Task): void
  /** The worker goes on with a cancelled call, and is not wedged yet. */
  stuck(worker: W): void
  /** A module has turned the GIL of a free-threaded build on. */
  gilEnabled(worker: W): void
  /** The worker's interpreter has refused to load an extension module. */
  refused(module: string): void
  /** The worker is gone. */
  exited(worker: W, ending: Ending): void
}

/** Passes the reports of a worker's calls to the pool, with the worker. */
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
