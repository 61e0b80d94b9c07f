import type { Task } from '../scheduler/index.ts'
import type { InFlightCalls } from './in-flight-calls.ts'

/** What can be done about a call that was cancelled. */
export interface Interrupter {
  /** Asks Python to interrupt it, the last time even if it was interrupted before. */
  ask(task: Task, isLast: boolean): void
  /** Its callback, for which it waits, gives it up. */
  giveUpCallback(callback: number): void
  /** Nobody waits for it: it does not keep the process alive any more. */
  letGo(task: Task): void
  /** It goes on all the same. */
  stuck(): void
}

/** How often Python is asked to interrupt a call until it says that it has. */
const INTERRUPT_EVERY_MS = 50
/** How long a call may go on that was interrupted once more when its time was over. */
const LAST_CHANCE_MS = 100

/**
 * The calls of one worker that were cancelled and are not over. Each is interrupted when it is its
 * turn: until it is known that its code was told, and once more when its time is over, as the first
 * time may have come to nothing, in a destructor for instance. A coroutine that was told is left
 * alone: it may do what it thinks right.
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

  /** Interrupts those whose turn it is. */
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
