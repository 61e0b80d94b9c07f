import type { Task } from './task.ts'

/**
 * What one worker has in hand. Its thread does one thing at a time: calls one after the other, and while a call waits for a
 * callback, those that the callback made.
 */
export class Flight {
  /** Calls without an answer, by request id. */
  readonly #tasks = new Map<number, Task>()
  /** What the thread has before it, in its order: calls, and the numbers of callbacks that the call before each waits for. */
  readonly #stack: (Task | number)[] = []
  #id = 0
  /** When the thread came to the call that it runs, at the earliest; only kept where others stand behind it. */
  since = 0

  /** Whether the thread has nothing to do. */
  get isIdle(): boolean {
    return this.#stack.length === 0
  }

  /** How many calls the thread has before it; those within a callback are not among those behind it. */
  get depth(): number {
    return this.#stack.length
  }

  /** The callback that the thread waits for, if it does. */
  get callback(): number | undefined {
    const top = this.#stack.at(-1)
    return typeof top === 'number' ? top : undefined
  }

  /** The call that the thread runs, or whose callback it waits for. */
  get running(): Task | undefined {
    const stack = this.#stack
    let first = stack.length
    if (typeof stack.at(-1) === 'number') return stack.findLast((entry) => typeof entry === 'object')
    while (first > 0 && typeof stack[first - 1] === 'object') first--
    return stack[first] as Task | undefined
  }

  /** The calls behind the one that runs, none of which may have begun. */
  get behind(): Task[] {
    return this.#stack.some((entry) => typeof entry === 'number') ? [] : (this.#stack.slice(1) as Task[])
  }

  get tasks(): Iterable<Task> {
    return this.#tasks.values()
  }

  /** A call that has no answer. */
  get(id: number): Task | undefined {
    return this.#tasks.get(id)
  }

  /** Takes a call, and gives it its request id. */
  add(task: Task): void {
    do this.#id = (this.#id + 1) >>> 0
    while (this.#id === 0 || this.#tasks.has(this.#id))
    task.id = this.#id
    this.#tasks.set(task.id, task)
    if (this.#stack.push(task) === 2) this.since = performance.now()
  }

  /** A call has its answer. */
  settle(task: Task): void {
    this.#tasks.delete(task.id)
  }

  /** The thread is done with a call. */
  leave(task: Task): void {
    const at = this.#stack.indexOf(task)
    if (at >= 0) this.#stack.splice(at, 1)
    if (this.#stack.length > 0) this.since = performance.now()
  }

  /** The thread waits for a callback. */
  enter(callback: number): void {
    this.#stack.push(callback)
  }

  /** A callback has its answer. Answers whether anybody waits for it. */
  answer(callback: number): boolean {
    const at = this.#stack.indexOf(callback)
    if (at >= 0) this.#stack.splice(at, 1)
    return at >= 0
  }

  /** The worker is gone. Answers the calls that it had. */
  clear(): Task[] {
    const tasks = [...this.#tasks.values()]
    this.#tasks.clear()
    this.#stack.length = 0
    return tasks
  }
}
