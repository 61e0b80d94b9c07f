import type { Task } from '../scheduler/index.ts'
import type { InFlightCalls } from './in-flight-calls.ts'

/** Acts on a cancelled call. */
export interface Interrupter {
  /** Asks Python to interrupt the call. `isLast`: even if it was interrupted before. */
  ask(task: Task, isLast: boolean): void
  /** Tells Python that the callback for which the call waits has no result. */
  giveUpCallback(callback: number): void
  /** Nobody waits for the call: it does not keep the process alive any more. */
  letGo(task: Task): void
  /** The call goes on all the same. */
  stuck(): void
}

/** The time between two requests to interrupt a call, until Python acknowledges one. */
const INTERRUPT_EVERY_MS = 50
/** The time that a call has left after the last interrupt. */
const LAST_CHANCE_MS = 100

/**
 * The cancelled calls of one worker that are not over. Python is asked to interrupt a call once it
 * runs, again and again until Python acknowledges that, and a last time after `graceMs`: user code,
 * such as a destructor, may have swallowed the first interrupt. A coroutine that has acknowledged
 * is left alone: it may clean up as it wants.
 */
export class Cancellations {
  readonly #tasks = new Set<Task>()
  readonly #inFlight: InFlightCalls
  readonly #graceMs: number
  readonly #interrupter: Interrupter
  #timer: NodeJS.Timeout | undefined

  /** `graceMs`: how long a cancelled call may go on. */
  constructor(inFlight: InFlightCalls, graceMs: number, interrupter: Interrupter) {
    this.#inFlight = inFlight
    this.#graceMs = graceMs
    this.#interrupter = interrupter
  }

  get size(): number {
    return this.#tasks.size
  }

  add(task: Task): void {
    this.#tasks.add(task)
    this.#interrupter.letGo(task)
    this.#interrupt(task)
    this.#timer ??= setInterval(() => this.look(), INTERRUPT_EVERY_MS).unref()
  }

  /** A call is over. */
  delete(task: Task): void {
    this.#tasks.delete(task)
  }

  /** Interrupts the calls that are due. */
  look(): void {
    for (const task of this.#tasks) this.#interrupt(task)
    if (this.#tasks.size === 0) this.stop()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #interrupt(task: Task): void {
    const inFlight = this.#inFlight
    if (inFlight.get(task.id) !== task) return void this.#tasks.delete(task)
    if (inFlight.isBehind(task)) return
    const now = performance.now()
    const age = now - Math.max(task.cancelledAt ?? 0, task.coroutine ? 0 : inFlight.since)
    if (task.coroutine && task.acknowledged) return void this.#tasks.delete(task)
    const callback = task.coroutine ? undefined : inFlight.callback
    if (callback !== undefined && inFlight.callbackReturned(callback))
      this.#interrupter.giveUpCallback(callback)
    const isLast = age >= this.#graceMs && !task.finalInterrupt
    if (isLast) task.finalInterrupt = true
    if (isLast || (!task.acknowledged && now - task.lastInterruptAt >= INTERRUPT_EVERY_MS)) {
      task.lastInterruptAt = now
      this.#interrupter.ask(task, isLast)
    }
    if (age >= this.#graceMs + LAST_CHANCE_MS) this.#interrupter.stuck()
  }
}
