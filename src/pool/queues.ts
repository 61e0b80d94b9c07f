import { PythreadsError } from '../errors/index.ts'
import { Fifo } from './fifo.ts'
import type { Task } from './task.ts'

/** When something wants its turn: the higher priority first, then who came first. */
export interface Turn {
  readonly priority: number
  readonly order: number
}

function isBefore(one: Turn, other: Turn): boolean {
  return one.priority > other.priority || (one.priority === other.priority && one.order < other.order)
}

/** Empty levels that a lane keeps for the next call of that priority. */
const SPARE_LEVELS = 8

/** Calls in their turn: a queue for each priority, the highest first. */
class Lane {
  readonly #levels: { readonly priority: number; readonly queue: Fifo<Task> }[] = []

  /** Adds a call; `again`: it was in a queue before, and goes back to its turn. */
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
        const { next } = task // it may be taken out meanwhile
        yield task
        task = next
      }
    }
  }

  #level(priority: number): Fifo<Task> {
    const known = this.#levels.find((level) => level.priority === priority)
    if (known !== undefined) return known.queue
    const used = this.#levels.filter(({ queue }) => queue.peek() !== undefined)
    if (this.#levels.length - used.length >= SPARE_LEVELS) this.#levels.splice(0, this.#levels.length, ...used)
    const queue = new Fifo<Task>()
    const place = this.#levels.findIndex((level) => level.priority < priority)
    this.#levels.splice(place < 0 ? this.#levels.length : place, 0, { priority, queue })
    return queue
  }
}

/**
 * Calls that wait for a worker: any, a certain one, or, where a callback made them, the one that waits for the callback. A
 * worker that somebody has leased takes only calls that name it.
 */
export class Queues {
  readonly #any = new Lane()
  /** Calls for one worker only, by its number. */
  readonly #pinned: Lane[] = []
  /** Calls that callbacks made, by the number of the worker that has to take them, or that waits for the callback. */
  readonly #nested: Lane[] = []
  #length = 0

  get length(): number {
    return this.#length
  }

  /** Adds a call; `again`: one that was taken before, and goes back to its turn. */
  push(task: Task, again: boolean = false): void {
    const { slot, origin } = task
    const lane =
      origin === undefined
        ? slot === undefined
          ? this.#any
          : laneOf(this.#pinned, slot)
        : laneOf(this.#nested, slot ?? origin.slot)
    lane.add(task, again)
    this.#length++
  }

  /** Takes a call out that waits. Answers whether it did. */
  remove(task: Task): boolean {
    if (task.queue === undefined) return false
    this.#take(task)
    return true
  }

  /** Whether nothing that any worker could take comes before this. */
  isNext(turn: Turn): boolean {
    const first = this.#any.peek()
    return first === undefined || isBefore(turn, first)
  }

  /** The call that an idle worker takes next. */
  nextFor(slot: number, leased: boolean): Task | undefined {
    if (this.#length === 0) return undefined
    if (leased) return this.#take(this.#pinned[slot]?.peek() ?? nestedFor(slot, this.#nested[slot], false))
    const task = this.#firstFor(slot)
    if (task !== undefined) return this.#take(task)
    for (const lane of this.#nested) {
      const nested = nestedFor(slot, lane, true)
      if (nested !== undefined) return this.#take(nested)
    }
    return undefined
  }

  /** The call that a busy worker takes behind others that are short: the next one, if that is short too. */
  nextShort(slot: number, isShort: (task: Task) => boolean): Task | undefined {
    const first = this.#firstFor(slot)
    return first !== undefined && isShort(first) ? this.#take(first) : undefined
  }

  #firstFor(slot: number): Task | undefined {
    const [own, any] = [this.#pinned[slot]?.peek(), this.#any.peek()]
    return own !== undefined && (any === undefined || isBefore(own, any)) ? own : any
  }

  /** The call that a worker takes next which waits for a callback: one that the callback made. */
  nextWithin(slot: number): Task | undefined {
    return this.#take(this.#nested[slot]?.peek())
  }

  /** A worker is gone: drops the calls whose objects went with it; those that its callbacks made may go anywhere now. */
  leave(slot: number): void {
    for (const lane of [this.#pinned[slot], this.#nested[slot]]) {
      for (const task of lane ?? []) {
        const gone = task.crossing.owner?.realm.ended
        if (gone !== undefined) {
          this.#take(task)
          task.drop(new PythreadsError('ERR_PYTHREADS_OBJECT_RELEASED', `A remote object in the call is gone: ${gone}`))
        } else if (task.origin !== undefined && lane === this.#nested[slot]) {
          this.#take(task)
          task.origin = undefined
          this.push(task, true)
        }
      }
    }
  }

  /** Rejects every call, or those for the worker with this number. */
  clear(error: unknown, slot?: number): void {
    const lanes = slot === undefined ? [this.#any, ...this.#pinned, ...this.#nested] : [this.#pinned[slot]]
    for (const lane of lanes) {
      for (let task = this.#take(lane?.peek()); task !== undefined; task = this.#take(lane?.peek())) task.drop(error)
    }
  }

  #take(task: Task | undefined): Task | undefined {
    if (task === undefined) return undefined
    task.queue?.remove(task)
    task.queue = undefined
    this.#length--
    return task
  }
}

function laneOf(lanes: Lane[], slot: number): Lane {
  let lane = lanes[slot]
  while (lane === undefined) {
    lanes.push(new Lane()) // no holes: `for of` goes through them all
    lane = lanes[slot]
  }
  return lane
}

/** The first call of a worker's callbacks, if the worker `slot` may take it. */
function nestedFor(slot: number, lane: Lane | undefined, orAny: boolean): Task | undefined {
  const first = lane?.peek()
  return first !== undefined && (first.slot === slot || (orAny && first.slot === undefined)) ? first : undefined
}
