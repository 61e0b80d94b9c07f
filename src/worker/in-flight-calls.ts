import type { Task } from '../scheduler/index.ts'
import { RequestTable } from './request-table.ts'

/** What the thread does while a call waits for a callback; at the bottom, what it does at all. */
interface CallbackFrame {
  /** The callback that the call below waits for, 0 at the bottom. */
  readonly callback: number
  /** Its answer is on its way, behind the calls of this level. */
  returned: boolean
  /**
   * Calls in the order in which the thread comes to them; it runs the first one, of the top level.
   */
  readonly tasks: Task[]
}

/**
 * What one worker has in hand. Its thread does one thing at a time: calls one after the other, and
 * while one waits for a callback, those that were sent behind it and those that the callback made.
 */
export class InFlightCalls {
  /** Calls without an answer, by request id. */
  readonly #tasks = new RequestTable<Task>()
  readonly #frames: CallbackFrame[] = [{ callback: 0, returned: false, tasks: [] }]
  #depth = 0
  /**
   * When the thread came to the call that it runs, at the earliest; only kept where others stand
   * behind it.
   */
  since = 0

  /** Whether the thread has nothing to do. */
  get isIdle(): boolean {
    return this.#depth === 0
  }

  /** How many calls, and callbacks that are waited for, the thread has before it. */
  get depth(): number {
    return this.#depth
  }

  /** How many callbacks are not over: without an answer, or with calls before it. */
  get callbacks(): number {
    return this.#frames.length - 1
  }

  /** Whether a call waits for a callback, or did until a call began that still runs. */
  get isWithinCallback(): boolean {
    return this.#frames.length > 1
  }

  /** The callback that the thread waits for, if it does. */
  get callback(): number | undefined {
    const { callback, returned, tasks } = this.#top
    return callback !== 0 && !returned && tasks.length === 0 ? callback : undefined
  }

  /** The call that the thread runs, or whose callback it waits for. */
  get running(): Task | undefined {
    return this.#top.tasks[0] ?? this.#frames.at(-2)?.tasks[0]
  }

  /** The calls behind the one that runs, none of which may have begun. */
  get behind(): readonly Task[] {
    return this.isWithinCallback ? [] : this.#top.tasks.slice(1)
  }

  /** Whether a call has not had its turn: another one is before it. */
  isBehind(task: Task): boolean {
    return !task.coroutine && this.running !== task && this.get(task.id) === task
  }

  get tasks(): readonly Task[] {
    return this.#tasks.all()
  }

  /** A call that has no answer. */
  get(id: number): Task | undefined {
    return this.#tasks.get(id)
  }

  /** Takes a call, and gives it its request id. */
  add(task: Task): void {
    this.#tasks.add(task)
    this.#top.tasks.push(task)
    if (++this.#depth === 2) this.since = performance.now()
  }

  /** A call has its answer. */
  settle(task: Task): void {
    this.#tasks.delete(task.id)
  }

  /** The thread is done with a call. */
  threadReleased(task: Task): void {
    for (let i = this.#frames.length - 1; i >= 0; i--) {
      const { tasks } = this.#frames[i] as CallbackFrame
      const at = tasks.indexOf(task)
      if (at < 0) continue
      tasks.splice(at, 1)
      this.#depth--
      this.#collapse()
      break
    }
    if (this.#depth > 0) this.since = performance.now()
  }

  /** The call that runs waits for a callback: the thread goes on to what stands behind it. */
  callbackBegan(callback: number): void {
    const behind = this.#top.tasks.splice(1)
    this.#frames.push({ callback, returned: false, tasks: behind })
    this.#depth++
  }

  /**
   * A callback has its answer, which the thread gets to behind what it has in hand. Answers whether
   * anybody waits for it.
   */
  callbackReturned(callback: number): boolean {
    const frame = this.#frames.find((one) => one.callback === callback && !one.returned)
    if (frame === undefined || callback === 0) return false
    frame.returned = true
    this.#collapse()
    return true
  }

  /** The worker is gone. Answers the calls that it had. */
  clear(): Task[] {
    const tasks = this.#tasks.all()
    this.#tasks.clear()
    this.#frames.splice(0, this.#frames.length, { callback: 0, returned: false, tasks: [] })
    this.#depth = 0
    return tasks
  }

  get #top(): CallbackFrame {
    return this.#frames.at(-1) as CallbackFrame
  }

  /** Callbacks that have their answer, and no more calls before it, are over. */
  #collapse(): void {
    while (this.#frames.length > 1 && this.#top.returned && this.#top.tasks.length === 0) {
      this.#frames.pop()
      this.#depth--
    }
  }
}
