import type { Observer } from '../observe/index.ts'
import { type ExportedValues, ReferenceCounts } from '../references/index.ts'
import type { Dispatcher, Leases } from '../scheduler/index.ts'
import { type SupervisorHost, Worker, type WorkerTools } from '../worker/index.ts'
import type { PoolOptions } from './options.ts'
import type { RunningCalls } from './running-calls.ts'
import type { WorkerLaunch } from './worker-launch.ts'

interface Parts {
  readonly options: PoolOptions
  readonly dispatcher: Dispatcher<Worker>
  readonly exported: ExportedValues
  readonly launch: WorkerLaunch
  readonly leases: Leases<Worker>
  readonly observer: Observer
  readonly running: RunningCalls
  /** In a shared interpreter, what all workers hold together. */
  readonly shared: ReferenceCounts | undefined
  readonly workerTools: WorkerTools
}

/** What the supervisor needs of its pool. */
export class PoolSupervisorHost implements SupervisorHost<Worker> {
  readonly #parts: Parts
  #hasWarned = false

  constructor(parts: Parts) {
    this.#parts = parts
  }

  get workers(): (Worker | undefined)[] {
    return this.#parts.dispatcher.workers
  }

  get waiting(): number {
    return this.#parts.dispatcher.queued
  }

  make(index: number): Worker {
    const { exported, shared, workerTools } = this.#parts
    const counts = shared ?? new ReferenceCounts(exported)
    return new Worker(index, counts, shared === undefined, workerTools)
  }

  launch(worker: Worker, ready: () => void): Promise<void> {
    return this.#parts.launch.launch(worker, ready)
  }

  free(worker: Worker): void {
    this.#parts.dispatcher.feed(worker)
  }

  isAwaited(index: number): boolean {
    return this.#parts.dispatcher.isAwaited(index)
  }

  isLeased(worker: Worker): boolean {
    return this.#parts.leases.has(worker)
  }

  unavailable(error: unknown, index?: number): void {
    const { dispatcher, leases, running } = this.#parts
    dispatcher.clear(error, index)
    if (index === undefined) leases.clear(error)
    running.check()
  }

  started(worker: Worker, ms: number): void {
    this.#parts.observer.tell('workerStart', { worker: worker.index, pid: worker.pid, ms })
  }

  recycling(worker: Worker, why: string): void {
    this.#parts.observer.tell('workerRecycle', { worker: worker.index, pid: worker.pid, why })
  }

  /** Says once that a new worker holds more than `recycle.memoryMb` already. */
  startedLarge(worker: Worker): void {
    if (this.#hasWarned) return
    this.#hasWarned = true
    const { memoryMb } = this.#parts.options.recycle
    process.emitWarning(
      `A new Python worker holds ${Math.round(worker.freshMb)} MB, more than \`recycle.memoryMb\`, which is ${memoryMb}:` +
        ' a worker is replaced once it has grown by a quarter',
      { code: 'PYTHREADS' },
    )
  }
}
