import type { ReferenceCounts } from '../references/index.ts'
import type { Task } from '../scheduler/index.ts'
import { Cancellations, type Interrupter } from './cancellations.ts'
import { InFlightCalls } from './in-flight-calls.ts'
import type { Reports } from './reports.ts'

/** Acts in Python on the calls of a worker. */
export interface CallLink {
  /** Interrupts a call. `isLast`: even if it was interrupted before. */
  interrupt(task: Task, isLast: boolean): void
  /** Tells a call that waits for a callback that there will be no result. */
  giveUpCallback(callback: number): void
  /** `works`: whether the worker's thread runs a call that keeps this process alive. */
  keepAlive(works: boolean): void
  /** `works`: whether any coroutine keeps this process alive. */
  keepAliveForCoroutines(works: boolean): void
}

/**
 * The calls that one worker has: on its thread, as coroutines, or cancelled. Each method is an
 * event of one call. It updates the calls, keeps this process alive for calls that somebody waits
 * for, and reports to the pool.
 */
export class HeldCalls implements Interrupter {
  readonly inFlight: InFlightCalls = new InFlightCalls()
  readonly #cancellations: Cancellations
  readonly #counts: ReferenceCounts
  readonly #reports: Reports
  readonly #link: CallLink
  /** Coroutines whose result came before it was known that they are coroutines. */
  readonly #earlyReplies = new Map<number, Task>()
  #coroutines = 0
  #keepsAlive = false
  #calls = 0
  #errors = 0

  /** `graceMs`: the time that a cancelled call may go on. */
  constructor(counts: ReferenceCounts, reports: Reports, link: CallLink, graceMs: number) {
    this.#counts = counts
    this.#reports = reports
    this.#link = link
    this.#cancellations = new Cancellations(this.inFlight, graceMs, this)
  }

  /** The number of calls that the worker was given. */
  get calls(): number {
    return this.#calls
  }

  /** The number of these calls that failed in Python. */
  get errors(): number {
    return this.#errors
  }

  takeCounts(): { calls: number; errors: number } {
    const counts = { calls: this.#calls, errors: this.#errors }
    this.#calls = 0
    this.#errors = 0
    return counts
  }

  /** Whether the worker has any calls, coroutines and cancelled calls too. */
  get any(): boolean {
    return !this.inFlight.isIdle || this.#coroutines > 0 || this.#cancellations.size > 0
  }

  /** A call that has no result yet. */
  get(id: number): Task | undefined {
    return this.inFlight.get(id)
  }

  /** A call that holds the thread, which may have its result already. */
  onThread(id: number): Task | undefined {
    return this.#earlyReplies.get(id) ?? this.inFlight.get(id)
  }

  /** The worker gets a call, and the call its request id. */
  add(task: Task): void {
    if (!task.isSetUp) this.#calls++
    task.coroutine = false // it may have been one of a worker that is gone
    this.inFlight.add(task)
    this.#keepAlive()
  }

  /** The thread is done with a call, and has its result. */
  finish(task: Task, us: number, settle: () => void): void {
    this.inFlight.settle(task)
    this.#threadReleased(task, us)
    settle()
    this.#reports.settled(task)
    this.#reports.free()
  }

  /** A coroutine has its result. */
  finishBeside(task: Task, settle: () => void): void {
    this.inFlight.settle(task)
    if (!task.coroutine) this.#earlyReplies.set(task.id, task)
    else if (task.cancelledAt === undefined) this.#countCoroutines(-1)
    settle()
    this.#cancellations.delete(task)
    this.#reports.settled(task)
    this.#reports.progressed()
  }

  /** A call turned out to be a coroutine: the thread is free. */
  pend(task: Task, us: number): void {
    if (!this.#earlyReplies.delete(task.id)) {
      task.coroutine = true
      if (task.cancelledAt === undefined) this.#countCoroutines(1)
    }
    this.#threadReleased(task, us)
    this.#reports.free()
  }

  /** The worker could not read a call: the references in it have not arrived. */
  unread(task: Task, error: unknown, us: number): void {
    this.failed(task)
    this.#retract(task)
    this.inFlight.settle(task)
    this.#threadReleased(task, us)
    task.drop(error, 'rejected')
    this.#reports.settled(task)
    this.#reports.free()
  }

  /** The worker skipped a call that was taken back. */
  skipped(task: Task): void {
    this.#forget(task)
    this.#keepAlive()
    this.#reports.skipped(task)
    this.#reports.free()
  }

  /** Calls leave the worker before it read them: the references in them have not arrived. */
  forget(tasks: readonly Task[]): void {
    for (const task of tasks) this.#forget(task)
    this.#keepAlive()
  }

  /** Counts a call that failed. Cancelled calls are not counted: nobody waits for them. */
  failed(task: Task): void {
    if (!task.isSetUp && task.cancelledAt === undefined) this.#errors++
  }

  /** The code of a cancelled call has got the interrupt. */
  acknowledged(id: number): void {
    const task = this.inFlight.get(id)
    if (task === undefined) return
    task.acknowledged = true
    this.#reports.progressed()
  }

  /** The call that runs waits for a callback. */
  callbackBegan(callback: number): void {
    this.#reports.callbackBegan()
    this.inFlight.callbackBegan(callback)
    this.#keepAlive()
  }

  /** A callback has its result. Returns whether the worker waits for it. */
  callbackReturned(callback: number): boolean {
    if (!this.inFlight.callbackReturned(callback)) return false
    this.#keepAlive()
    this.#reports.callbackReturned()
    return true
  }

  /** Reports a thread that waits for a callback: it can take calls that the callback made. */
  offerWithinCallback(): void {
    if (this.inFlight.callback !== undefined) this.#reports.free()
  }

  /** Nobody waits for a call any more: has it interrupted. */
  cancel(task: Task): void {
    this.#cancellations.add(task)
    this.#keepAlive()
  }

  /** The worker is gone. Returns the calls that it had. */
  clear(): Task[] {
    this.#cancellations.stop()
    return this.inFlight.clear()
  }

  ask(task: Task, isLast: boolean): void {
    this.#link.interrupt(task, isLast)
  }

  giveUpCallback(callback: number): void {
    this.#link.giveUpCallback(callback)
  }

  letGo(task: Task): void {
    if (task.coroutine) this.#countCoroutines(-1)
  }

  stuck(): void {
    this.#reports.stuck()
  }

  #threadReleased(task: Task, us: number): void {
    this.inFlight.threadReleased(task)
    if (!task.coroutine) this.#cancellations.delete(task)
    this.#keepAlive()
    this.#reports.threadReleased(task, us)
    if (this.#cancellations.size > 0) this.#cancellations.look()
  }

  #forget(task: Task): void {
    this.#calls--
    this.inFlight.settle(task)
    this.inFlight.threadReleased(task)
    this.#retract(task)
  }

  #retract({ references: { numbers } }: Task): void {
    if (numbers !== undefined) this.#counts.retract(numbers)
  }

  /** While the thread waits for a callback, the code of the callback keeps the process alive. */
  #keepAlive(): void {
    const { depth, callback } = this.inFlight
    const works = depth > 0 && callback === undefined && !this.#onlyCancelled()
    if (works === this.#keepsAlive) return
    this.#keepsAlive = works
    this.#link.keepAlive(works)
  }

  /** Whether nobody waits for anything that the thread has. */
  #onlyCancelled(): boolean {
    if (this.#cancellations.size === 0) return false
    for (const task of this.inFlight.tasks)
      if (task.cancelledAt === undefined && !task.coroutine) return false
    return true
  }

  #countCoroutines(step: number): void {
    this.#coroutines += step
    this.#link.keepAliveForCoroutines(this.#coroutines > 0)
  }
}
