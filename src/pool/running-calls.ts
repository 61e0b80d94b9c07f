import { Times } from '../observe/index.ts'
import { EventLoopSpin } from '../platform/index.ts'
import type { CallProfiles, DispatchTarget, Task } from '../scheduler/index.ts'
import type { CallTracing } from './call-tracing.ts'
import type { GilMonitor } from './gil-monitor.ts'

/** What else has to do with calls that run. */
interface Parts {
  readonly dispatcher: { readonly queued: number; readonly profiles: CallProfiles }
  readonly gilMonitor: GilMonitor
  readonly tracing: CallTracing
}

/**
 * The calls that workers have and somebody waits for: how many there are, how long they take, and
 * when the last one is over.
 */
export class RunningCalls {
  readonly queueTimes: Times = new Times()
  readonly runTimes: Times = new Times()
  readonly #parts: Parts
  readonly #spin = new EventLoopSpin()
  #size = 0
  #over: (() => void) | undefined

  constructor(parts: Parts) {
    this.#parts = parts
  }

  get size(): number {
    return this.#size
  }

  /** Whether calls run or wait. */
  get any(): boolean {
    return this.#size + this.#parts.dispatcher.queued > 0
  }

  /** A call goes to a worker. */
  sending(task: Task, worker: DispatchTarget): void {
    task.worker = worker
    if (task.isSetUp) return
    this.#spin.sent(++this.#size)
    this.#parts.gilMonitor.start()
    const queuedMs = task.queuedAt === undefined ? 0 : performance.now() - task.queuedAt
    const isFirst = task.queuedMs < 0 // it may be taken back, and sent again
    task.queuedMs = queuedMs
    if (isFirst && this.#parts.tracing.isOn) this.#parts.tracing.trace(task, worker, queuedMs)
  }

  callbackBegan(): void {
    this.#spin.received(this.#size)
  }

  callbackReturned(): void {
    this.#spin.sent(this.#size)
  }

  /** The thread of a worker is done with a call, which held it for this number of microseconds. */
  threadReleased(task: Task, us: number): void {
    if (task.isSetUp) return
    this.runTimes.record(us / 1000)
    if (task.queuedAt !== undefined) this.queueTimes.record(task.queuedMs)
    if (task.key !== undefined) this.#parts.dispatcher.profiles.learn(task.key, us)
    task.threadMs = us / 1000
  }

  /** A call has its result. */
  settled(task: Task): void {
    task.worker = undefined
    if (task.cancelledAt !== undefined || task.isSetUp) return
    this.#spin.received(--this.#size)
    this.check()
  }

  /** A call has come to nothing with its worker. */
  lose(task: Task, error: unknown): void {
    if (task.cancelledAt === undefined && !task.isSetUp) this.#size--
    task.lose(error)
    task.worker = undefined
  }

  /** A call is no longer a worker's, or nobody waits for it any more. */
  left(): void {
    this.#size--
  }

  /** The pool is destroyed: none of them counts any more. */
  clear(): void {
    this.#size = 0
    this.#over?.()
  }

  /** Resolves when no call runs or waits. */
  async over(): Promise<void> {
    if (!this.any) return
    await new Promise<void>((resolve) => {
      this.#over = resolve
    })
  }

  /** A call may have been the last one. */
  check(): void {
    if (this.#over !== undefined && !this.any) this.#over()
  }
}
