import type { CallOutcome } from '../observe/index.ts'
import { LinkedQueue } from './linked-queue.ts'
import type { Task } from './task.ts'

/** The place of a call or a lease request in the order: higher priority first, then lower order. */
export interface Turn {
  readonly priority: number
  readonly order: number
}

function isBefore(one: Turn, other: Turn): boolean {
  return (
    one.priority > other.priority || (one.priority === other.priority && one.order < other.order)
  )
}

/** A lane keeps this many empty levels, as a call of the same priority may follow soon. */
const SPARE_LEVELS = 8

/** Calls in order: a level with a queue for each priority, the highest first. */
class Lane {
  readonly #levels: { readonly priority: number; readonly queue: LinkedQueue<Task> }[] = []

  /** Adds a call. `again`: the call was queued before, and gets its old place. */
  add(task: Task, again: boolean): void {
    const queue = this.#level(task.priority)
    task.queue = queue
    if (again) queue.insert(task, (other) => task.order < other.order)
    else queue.push(task)
  }

  peek(): Task | undefined {
    for (const { queue } of this.#levels) {
      const task = queue.peek()
      if (task !== undefined) return task
    }
    return undefined
  }

  *[Symbol.iterator](): Generator<Task> {
    for (const { queue } of this.#levels) {
      for (let task = queue.peek(); task !== undefined; ) {
        const { next } = task // the loop's body may remove the task
        yield task
        task = next
      }
    }
  }

  #level(priority: number): LinkedQueue<Task> {
    const known = this.#levels.find((level) => level.priority === priority)
    if (known !== undefined) return known.queue
    const used = this.#levels.filter(({ queue }) => queue.peek() !== undefined)
    if (this.#levels.length - used.length >= SPARE_LEVELS)
      this.#levels.splice(0, this.#levels.length, ...used)
    const queue = new LinkedQueue<Task>()
    const place = this.#levels.findIndex((level) => level.priority < priority)
    this.#levels.splice(place < 0 ? this.#levels.length : place, 0, { priority, queue })
    return queue
  }
}

/**
 * Calls that wait for any worker, or for a certain one. Calls that a callback made have lanes of
 * their own: the worker that waits for the callback may take them too. A leased worker takes only
 * calls that name it.
 */
export class Queues {
  readonly #any = new Lane()
  /** Calls for one worker, by the worker's number. */
  readonly #pinned: Lane[] = []
  /** Calls of callbacks for any worker, by the number of the worker that waits for the callback. */
  readonly #nested: Lane[] = []
  /** Calls of callbacks for one worker, by the worker's number. */
  readonly #nestedPinned: Lane[] = []
  #length = 0
  /** How many of the calls were made by callbacks. */
  #nestedLength = 0

  get length(): number {
    return this.#length
  }

  /** Adds a call. `again`: the call was queued before, and gets its old place. */
  push(task: Task, again: boolean = false): void {
    const { workerIndex, origin } = task
    if (origin === undefined)
      (workerIndex === undefined ? this.#any : laneOf(this.#pinned, workerIndex)).add(task, again)
    else
      (workerIndex === undefined
        ? laneOf(this.#nested, origin.index)
        : laneOf(this.#nestedPinned, workerIndex)
      ).add(task, again)
    this.#length++
    if (origin !== undefined) this.#nestedLength++
  }

  /** Whether calls wait that only this worker can take. */
  isAwaited(index: number): boolean {
    return (
      this.#pinned[index]?.peek() !== undefined || this.#nestedPinned[index]?.peek() !== undefined
    )
  }

  /** Removes a waiting call; returns whether the call was waiting. */
  remove(task: Task): boolean {
    return task.queue !== undefined && this.#take(task) !== undefined
  }

  /** Whether no waiting call that this worker could take comes before `turn`. */
  isNext(turn: Turn, index: number): boolean {
    const first = this.#firstFor(index, false)
    return first === undefined || first === turn || isBefore(turn, first)
  }

  /** Takes the next call for an idle worker. */
  nextFor(index: number, leased: boolean): Task | undefined {
    return this.#take(this.#firstFor(index, leased))
  }

  /** Takes the next call for a busy worker, if `may` accepts it; later calls never overtake it. */
  nextAlong(index: number, may: (task: Task) => boolean): Task | undefined {
    const first = this.#firstFor(index, false)
    return first !== undefined && may(first) ? this.#take(first) : undefined
  }

  /** Takes the next call for a worker that waits for a callback: a call that a callback made. */
  nextWithin(index: number): Task | undefined {
    if (this.#nestedLength === 0) return undefined
    return this.#take(firstOf(this.#nested[index]?.peek(), this.#nestedPinned[index]?.peek()))
  }

  #firstFor(index: number, leased: boolean): Task | undefined {
    if (this.#length === 0) return undefined
    let first = this.#pinned[index]?.peek()
    if (!leased) first = firstOf(first, this.#any.peek())
    if (this.#nestedLength === 0) return first
    first = firstOf(first, this.#nestedPinned[index]?.peek())
    if (!leased) for (const lane of this.#nested) first = firstOf(first, lane.peek())
    return first
  }

  /**
   * A worker has ended. `fate` returns the error for a call that needs this worker, or `undefined`.
   * Calls that its callbacks made may go to any worker now.
   */
  leave(index: number, fate: (task: Task) => unknown): void {
    for (const lane of [this.#pinned[index], this.#nestedPinned[index], this.#nested[index]]) {
      for (const task of lane ?? []) {
        const error = fate(task)
        if (error === undefined && lane !== this.#nested[index]) continue
        this.#take(task)
        if (error !== undefined) task.drop(error)
        else this.push(Object.assign(task, { origin: undefined }), true)
      }
    }
  }

  /** Rejects every call, or those for the worker with this number. */
  clear(error: unknown, index?: number, outcome?: CallOutcome): void {
    const lanes =
      index === undefined
        ? [this.#any, ...this.#pinned, ...this.#nested, ...this.#nestedPinned]
        : [this.#pinned[index], this.#nestedPinned[index]]
    for (const lane of lanes) {
      for (let task = this.#take(lane?.peek()); task !== undefined; task = this.#take(lane?.peek()))
        task.drop(error, outcome)
    }
  }

  #take(task: Task | undefined): Task | undefined {
    if (task === undefined) return undefined
    task.queue?.remove(task)
    task.queue = undefined
    this.#length--
    if (task.origin !== undefined) this.#nestedLength--
    return task
  }
}

function firstOf(one: Task | undefined, other: Task | undefined): Task | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return isBefore(other, one) ? other : one
}

function laneOf(lanes: Lane[], index: number): Lane {
  while (lanes.length <= index) lanes.push(new Lane()) // no holes: `for of` visits every index
  return lanes[index] as Lane
}
