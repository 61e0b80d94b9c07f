import type { AsyncResource } from 'node:async_hooks'
import { PythreadsError } from '../errors/index.ts'
import type { Budget } from '../memory/index.ts'
import { ExportedIterator } from './exported-iterator.ts'

interface ExportedValue {
  readonly value: unknown
  /** How many times the value was sent to Python and not dropped there. */
  sent: number
  /** How many of these Python has dropped by notes that are not processed yet. */
  dropping: number
  /** The async context of the call that passed the value first. */
  context: AsyncResource | undefined
  /** Whether a call with another async context has passed the value since. */
  isShared: boolean
}

/** The call during which Python calls a function. */
export interface CallContext {
  readonly context: AsyncResource | undefined
  /** Whether the call has passed the value with this number. */
  includes(number: number): boolean
}

/**
 * The JavaScript values of a pool that Python holds: functions, iterators, thrown errors. The
 * pool's memory budget is here too, as frames need both.
 */
export class ExportedValues {
  /** The limit of the memory that the pool lends. */
  readonly budget: Budget
  readonly #values = new Map<number, ExportedValue>()
  /** Numbers of objects and functions only: 0 and -0, which can be thrown, would be one key. */
  readonly #numbers = new Map<unknown, number>()
  /**
   * The values that are iterators. `instanceof` on the values themselves is not safe: a thrown
   * value may be a hostile proxy.
   */
  readonly #iterators = new Map<number, ExportedIterator>()
  /** Sources that can be iterated only once, with their iterator: sent again, they share it. */
  readonly #onceIterators = new WeakMap<object, ExportedIterator>()
  #next = 1

  constructor(budget: Budget = { access: 'none', limit: 0, used: 0 }) {
    this.budget = budget
  }

  get size(): number {
    return this.#values.size
  }

  /** The value with this number. @throws `ERR_PYTHREADS_PROTOCOL` when there is none. */
  get(number: number): unknown {
    const exported = this.#values.get(number)
    if (exported === undefined) {
      throw new PythreadsError(
        'ERR_PYTHREADS_PROTOCOL',
        `Python refers to the JavaScript value ${number}, which it does not hold`,
      )
    }
    return exported.value
  }

  /**
   * Runs a callback in the async context of the call that passed the value: of `call`, if that call
   * passed the value, otherwise of the first call that did.
   */
  runInContext<T>(number: number, call: CallContext | undefined, run: () => T): T {
    const exported = this.#values.get(number)
    const isOfCall =
      call?.context !== undefined && exported?.isShared === true && call.includes(number)
    const context = isOfCall ? call.context : exported?.context
    return context === undefined ? run() : context.runInAsyncScope(run)
  }

  /** Calls the function with this number, or takes a step of the iterator. */
  call(number: number, args: readonly unknown[]): unknown {
    const value = this.get(number)
    if (typeof value === 'function') return value(...args)
    const iterator = this.#iterators.get(number)
    return iterator?.step(args[0])
  }

  /** @throws `ERR_PYTHREADS_PROTOCOL` when the value is neither a function nor an iterator */
  checkCallable(number: number): void {
    if (typeof this.get(number) === 'function' || this.#iterators.has(number)) return
    throw new PythreadsError(
      'ERR_PYTHREADS_PROTOCOL',
      `Python calls the JavaScript value ${number}, which is not a function`,
    )
  }

  /**
   * Counts that a value is sent once more; returns its number, which stays the same while Python
   * holds the value. `steps`: the value is an {@link ExportedIterator}. `context`: the async
   * context of the call, for values that Python can call.
   */
  add(value: unknown, steps: boolean = false, context?: AsyncResource): number {
    let number = this.#numbers.get(value)
    if (number === undefined) {
      number = this.#next++
      if (typeof value === 'object' || typeof value === 'function') this.#numbers.set(value, number)
      this.#values.set(number, { value, sent: 0, dropping: 0, context, isShared: false })
      if (steps) this.#iterators.set(number, value as ExportedIterator)
    }
    const exported = this.#values.get(number) as ExportedValue
    if (exported.dropping > 0 && exported.dropping === exported.sent) {
      exported.context = context // Python has dropped every earlier reference
      exported.isShared = false
    }
    exported.sent++
    if (exported.context !== context && context !== undefined) {
      if (exported.context === undefined) exported.context = context
      else exported.isShared = true
    }
    return number
  }

  /**
   * Returns the iterator of an iterable. A source that can be iterated only once has one iterator
   * while Python holds it.
   */
  iteratorOf(source: Iterable<unknown> | AsyncIterable<unknown>): ExportedIterator {
    const known = this.#onceIterators.get(source)
    if (known !== undefined && this.#numbers.has(known)) return known
    const iterator = new ExportedIterator(source)
    if (iterator.isOnce) this.#onceIterators.set(source, iterator)
    return iterator
  }

  /**
   * Notes that Python has dropped `count` references to a value, which is kept until the note is
   * processed. A negative `count` ends the note.
   */
  noteDropping(number: number, count: number): void {
    const exported = this.#values.get(number)
    if (exported !== undefined) exported.dropping += count
  }

  /** Python has dropped `count` references to a value, or the frames were never sent. */
  drop(number: number, count: number = 1): void {
    const exported = this.#values.get(number)
    if (exported === undefined) return
    exported.sent -= count
    if (exported.sent > 0) return
    this.#values.delete(number)
    this.#numbers.delete(exported.value)
    const iterator = this.#iterators.get(number)
    this.#iterators.delete(number)
    if (iterator === undefined) return
    if (exported.context === undefined) iterator.dropped()
    else exported.context.runInAsyncScope(() => iterator.dropped())
  }
}
