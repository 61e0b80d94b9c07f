import type { AsyncResource } from 'node:async_hooks'
import { PythreadsError } from '../errors/index.ts'
import type { Budget } from '../memory/index.ts'
import { ExportedIterator } from './exported-iterator.ts'

interface ExportedValue {
  readonly value: unknown
  /** How many times it has gone to Python and not been dropped there. */
  sent: number
  /** How many of these Python has dropped, as it has said just now. */
  dropping: number
  /** The async context of the call that passed it first. */
  context: AsyncResource | undefined
  /** Whether another call has passed it since, which has a context of its own. */
  isShared: boolean
}

/** The call for which Python calls a function, as far as it is known. */
export interface CallContext {
  readonly context: AsyncResource | undefined
  /** Whether the call has passed the value with this number. */
  includes(number: number): boolean
}

/**
 * The JavaScript values of a pool that Python holds: functions, steps of iterators, errors that
 * were thrown; and its account of memory.
 */
export class ExportedValues {
  /** What the pool lends. */
  readonly budget: Budget
  readonly #values = new Map<number, ExportedValue>()
  /** Of objects and functions: 0 and -0, which can be thrown, would be one key. */
  readonly #numbers = new Map<unknown, number>()
  /**
   * Those that are steps of iterators. The values themselves are not looked at: they may be
   * anything that can be thrown.
   */
  readonly #iterators = new Map<number, ExportedIterator>()
  /** Those of asynchronous iterators that Python holds, by the iterator: it has one first step. */
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
    const local = this.#values.get(number)
    if (local === undefined) {
      throw new PythreadsError(
        'ERR_PYTHREADS_PROTOCOL',
        `Python means the JavaScript value ${number}, which it does not hold`,
      )
    }
    return local.value
  }

  /**
   * Runs what a callback asks for in the async context of the call that passed the value: of
   * `call`, where that has passed it; else of the first call that has.
   */
  runInContext<T>(number: number, call: CallContext | undefined, run: () => T): T {
    const local = this.#values.get(number)
    const isOfCall =
      call?.context !== undefined && local?.isShared === true && call.includes(number)
    const context = isOfCall ? call.context : local?.context
    return context === undefined ? run() : context.runInAsyncScope(run)
  }

  /**
   * Does what a callback asks: calls the function with this number, or takes a step of the
   * iterator.
   */
  call(number: number, args: readonly unknown[]): unknown {
    const value = this.get(number)
    if (typeof value === 'function') return value(...args)
    const iterator = this.#iterators.get(number)
    return iterator?.step(args[0])
  }

  /**
   * @throws `ERR_PYTHREADS_PROTOCOL` when the value with this number is nothing that Python can
   * call
   */
  checkCallable(number: number): void {
    if (typeof this.get(number) === 'function' || this.#iterators.has(number)) return
    throw new PythreadsError(
      'ERR_PYTHREADS_PROTOCOL',
      `Python calls the JavaScript value ${number}, which is no function`,
    )
  }

  /**
   * Counts one more crossing of a value; returns its number, which is the same as long as Python
   * holds it. `steps`: it is {@link ExportedIterator}. `context`: that of the call that passes it,
   * where Python can call it.
   */
  add(value: unknown, steps: boolean = false, context?: AsyncResource): number {
    let number = this.#numbers.get(value)
    if (number === undefined) {
      number = this.#next++
      if (typeof value === 'object' || typeof value === 'function') this.#numbers.set(value, number)
      this.#values.set(number, { value, sent: 0, dropping: 0, context, isShared: false })
      if (steps) this.#iterators.set(number, value as ExportedIterator)
    }
    const local = this.#values.get(number) as ExportedValue
    if (local.dropping > 0 && local.dropping === local.sent) {
      local.context = context // Python has it anew
      local.isShared = false
    }
    local.sent++
    if (local.context !== context && context !== undefined) {
      if (local.context === undefined) local.context = context
      else local.isShared = true
    }
    return number
  }

  /**
   * The steps of an iterable: of an asynchronous one that can be gone through only once, always the
   * same as long as Python holds them.
   */
  iteratorOf(source: Iterable<unknown> | AsyncIterable<unknown>): ExportedIterator {
    const known = this.#onceIterators.get(source)
    if (known !== undefined && this.#numbers.has(known)) return known
    const iterator = new ExportedIterator(source)
    if (iterator.isOnce) this.#onceIterators.set(source, iterator)
    return iterator
  }

  /**
   * Python has dropped `count` crossings of a value, which is kept for a moment; below zero: that
   * is over.
   */
  noteDropping(number: number, count: number): void {
    const local = this.#values.get(number)
    if (local !== undefined) local.dropping += count
  }

  /** Python has dropped `count` crossings of a value, or they never got there. */
  drop(number: number, count: number = 1): void {
    const local = this.#values.get(number)
    if (local === undefined) return
    local.sent -= count
    if (local.sent > 0) return
    this.#values.delete(number)
    this.#numbers.delete(local.value)
    const iterator = this.#iterators.get(number)
    this.#iterators.delete(number)
    if (iterator === undefined) return
    if (local.context === undefined) iterator.dropped()
    else local.context.runInAsyncScope(() => iterator.dropped())
  }
}
