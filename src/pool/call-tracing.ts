import type { Observer } from '../observe/index.ts'
import type { DispatchTarget, Task } from '../scheduler/index.ts'

/** Publishes when calls begin and end, on the channels of `diagnostics_channel`. */
export class CallTracing {
  readonly #observer: Observer

  constructor(observer: Observer) {
    this.#observer = observer
  }

  get isOn(): boolean {
    return this.#observer.hears('callStart') || this.#observer.hears('callEnd')
  }

  /** A call begins. */
  trace(task: Task, { index }: DispatchTarget, queuedMs: number): void {
    const observer = this.#observer
    const { target, order: id } = task
    const begin = performance.now()
    let last = index
    observer.publish('callStart', { id, worker: index, target, queuedMs })
    task.onEnd = (outcome, error) => {
      last = task.worker?.index ?? last
      const { threadMs } = task
      const ms = performance.now() - begin
      observer.publish('callEnd', { id, worker: last, target, outcome, ms, threadMs, error })
    }
  }
}
