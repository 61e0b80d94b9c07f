import { PythreadsError } from '../errors/index.ts'
import { Fifo } from './fifo.ts'
import type { Task } from './task.ts'
import type { Worker } from './worker.ts'

/**
 * Calls that wait for a worker: any, a certain one, or, where a callback made them, the one that waits for the callback. A
 * worker that somebody has leased takes only calls that name it.
 */
export class Queues {
  readonly #any = new Fifo<Task>()
  /** Calls for one worker only, by its number. */
  readonly #pinned: Fifo<Task>[]
  /** Calls that callbacks made, by the number of the worker that has to take them, or that waits for the callback. */
  readonly #nested: Fifo<Task>[]
  #length = 0

  constructor(workers: number) {
    this.#pinned = Array.from({ length: workers }, () => new Fifo<Task>())
    this.#nested = Array.from({ length: workers }, () => new Fifo<Task>())
  }

  get length(): number {
    return this.#length
  }

  push(task: Task): void {
    const { slot, origin } = task
    const queue = origin === undefined ? (slot === undefined ? this.#any : this.#pinned[slot]) : this.#nested[slot ?? origin.slot]
    if (queue === undefined) throw new PythreadsError('ERR_PYTHREADS_ARGUMENT', `There is no worker ${slot}`)
    queue.push(task)
    this.#length++
  }

  /** Whether nothing that any worker could take has waited longer than since `order`. */
  isNext(order: number): boolean {
    const oldest = this.#any.peek()
    return oldest === undefined || order < oldest.order
  }

  /** The call that an idle worker takes next: the one that has waited longest. */
  nextFor(worker: Worker, leased: boolean): Task | undefined {
    if (this.#length === 0) return undefined
    const pinned = this.#pinned[worker.slot]
    if (leased) return this.#took(pinned?.shift() ?? this.#nestedFor(worker, this.#nested[worker.slot], false))
    const [own, any] = [pinned?.peek(), this.#any.peek()]
    const task = own !== undefined && (any === undefined || own.order < any.order) ? pinned?.shift() : this.#any.shift()
    if (task !== undefined) return this.#took(task)
    for (const queue of this.#nested) {
      const nested = this.#nestedFor(worker, queue, true)
      if (nested !== undefined) return this.#took(nested)
    }
    return undefined
  }

  /** The call that a worker takes behind others that are done as soon as they have begun: another one of those, in its turn. */
  nextLight(isLight: (task: Task) => boolean): Task | undefined {
    const oldest = this.#any.peek()
    return oldest !== undefined && isLight(oldest) ? this.#took(this.#any.shift()) : undefined
  }

  /** The call that a worker takes next which waits for a callback: one that the callback made. */
  nextWithin(worker: Worker): Task | undefined {
    return this.#took(this.#nested[worker.slot]?.shift())
  }

  #nestedFor(worker: Worker, queue: Fifo<Task> | undefined, orAny: boolean): Task | undefined {
    const first = queue?.peek()
    if (first === undefined) return undefined
    return first.slot === worker.slot || (orAny && first.slot === undefined) ? queue?.shift() : undefined
  }

  #took(task: Task | undefined): Task | undefined {
    if (task !== undefined) this.#length--
    return task
  }

  /** A worker is gone: drops the calls whose objects went with it; those that its callbacks made may go anywhere now. */
  leave(worker: Worker): void {
    for (const queues of [this.#pinned, this.#nested]) {
      const old = queues[worker.slot]
      const kept = new Fifo<Task>()
      for (let task = old?.shift(); task !== undefined; task = old?.shift()) {
        const gone = task.crossing.owner?.realm.ended
        if (gone !== undefined) {
          this.#length--
          task.drop(new PythreadsError('ERR_PYTHREADS_OBJECT_RELEASED', `A remote object in the call is gone: ${gone}`))
        } else if (task.slot === undefined) {
          this.#any.push(task)
        } else {
          kept.push(task)
        }
      }
      queues[worker.slot] = kept
    }
  }

  /** Rejects every call. */
  clear(error: unknown): void {
    for (const queue of [this.#any, ...this.#pinned, ...this.#nested]) {
      for (let task = queue.shift(); task !== undefined; task = queue.shift()) task.drop(error)
    }
    this.#length = 0
  }
}
