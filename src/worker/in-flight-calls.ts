import type { Task } from '../scheduler/index.ts'
import { RequestTable } from './request-table.ts'

/**
 * The calls that the thread runs while one call waits for a callback. The bottom frame has the
 * calls that the pool sent.
 */
interface CallbackFrame {
  /** The callback that the call in the frame below waits for; 0 in the bottom frame. */
  readonly callback: number
  /** Whether the result of the callback was sent; the thread reads it after these calls. */
  returned: boolean
  /** Calls in the order in which the thread runs them. In the top frame, the first one runs. */
  readonly tasks: Task[]
}

/**
 * The calls that were sent to one worker and have no result. Its thread runs one call at a time.
 * While that call waits for a callback, the thread runs the calls that were sent behind it and the
 * calls that the callback makes.
 */
export class InFlightCalls {
  /** Calls without a result, by request id. */
  readonly #tasks = new RequestTable<Task>()
  readonly #frames: CallbackFrame[] = [{ callback: 0, returned: false, tasks: [] }]
  #depth = 0
  /**
   * The earliest time at which the thread can have begun the running call. Only up to date while
   * other calls stand behind that call.
   */
  since = 0

  /** Whether the thread has nothing to do. */
  get isIdle(): boolean {
    return this.#depth === 0
  }

  /** The number of calls that hold the thread or wait for it, and of unfinished callbacks. */
  get depth(): number {
    return this.#depth
  }

  /**
   * The number of unfinished callbacks: they have no result, or the thread runs other calls before
   * it reads the result.
   */
  get callbacks(): number {
    return this.#frames.length - 1
  }

  /** Whether a call of the worker waits for a callback, or for a call that runs meanwhile. */
  get isWithinCallback(): boolean {
    return this.#frames.length > 1
  }

  /** The callback that the thread waits for; `undefined` if the thread runs a call or is idle. */
  get callback(): number | undefined {
    const { callback, returned, tasks } = this.#top
    return callback !== 0 && !returned && tasks.length === 0 ? callback : undefined
  }

  /** The call that the thread runs, or whose callback it waits for. */
  get running(): Task | undefined {
    return this.#top.tasks[0] ?? this.#frames.at(-2)?.tasks[0]
  }

  /** The calls behind the running call: Python may not have begun them. */
  get behind(): readonly Task[] {
    return this.isWithinCallback ? [] : this.#top.tasks.slice(1)
  }

  /** Whether the thread has another call to run before this one. */
  isBehind(task: Task): boolean {
    return !task.coroutine && this.running !== task && this.get(task.id) === task
  }

  get tasks(): readonly Task[] {
    return this.#tasks.all()
  }

  /** A call that has no result yet. */
  get(id: number): Task | undefined {
    return this.#tasks.get(id)
  }

  /** Adds a call, and gives it a request id. */
  add(task: Task): void {
    this.#tasks.add(task)
    this.#top.tasks.push(task)
    if (++this.#depth === 2) this.since = performance.now()
  }

  /** A call has its result. */
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

  /** The running call waits for a callback: the thread runs the calls behind it meanwhile. */
  callbackBegan(callback: number): void {
    const behind = this.#top.tasks.splice(1)
    this.#frames.push({ callback, returned: false, tasks: behind })
    this.#depth++
  }

  /**
   * A callback has its result. The thread reads it after the calls that it has to run. Returns
   * whether the worker waits for this callback.
   */
  callbackReturned(callback: number): boolean {
    const frame = this.#frames.find((one) => one.callback === callback && !one.returned)
    if (frame === undefined || callback === 0) return false
    frame.returned = true
    this.#collapse()
    return true
  }

  /** The worker is gone. Returns the calls that had no result. */
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

  /** Removes the frames of callbacks that have a result and no calls left. */
  #collapse(): void {
    while (this.#frames.length > 1 && this.#top.returned && this.#top.tasks.length === 0) {
      this.#frames.pop()
      this.#depth--
    }
  }
}
