import { AsyncResource } from 'node:async_hooks'
import { PythreadsError } from '../errors/index.ts'
import { existingLender, lender } from '../memory/index.ts'
import { ESCAPE, type Escape, type Loan, type References } from '../wire/index.ts'
import type { ReferenceCounts } from './counts.ts'
import type { ExportedIterator } from './exported-iterator.ts'
import { ExportedValues } from './exported-values.ts'
import { type Handle, handleOf, type Owner, targetOf } from './handles.ts'

/**
 * What crosses as a reference in one frame: JavaScript values that go along, and the objects that
 * decide where it can go.
 */
export class FrameReferences implements References {
  /** The worker, or line, that the frame has to go to, because an object in it lives there. */
  owner: Owner | undefined
  /** The numbers of the JavaScript values in it. */
  numbers: number[] | undefined
  /**
   * The async context of the call, once there is a function or an iterable in it: others pay
   * nothing for it.
   */
  context: AsyncResource | undefined
  /** The same as `numbers`, once somebody asks. */
  #numberSet: Set<number> | undefined
  /** The cells of the memory that it lends. */
  #loans: number[] | undefined
  /** The objects in it, which are not released before it has arrived. */
  #handles: Handle[] | undefined
  /** The asynchronous iterables in it, until it is whole. */
  #iterators: ExportedIterator[] | undefined
  readonly #exported: ExportedValues
  /** Where the frame goes, if that is known already. */
  readonly #counts: ReferenceCounts | undefined

  constructor(exported: ExportedValues, counts?: ReferenceCounts) {
    this.#exported = exported
    this.#counts = counts
  }

  /** Whether nothing crosses but plain values. */
  get isEmpty(): boolean {
    return (
      this.owner === undefined &&
      this.numbers === undefined &&
      this.#loans === undefined &&
      this.#handles === undefined
    )
  }

  of(value: object): Escape | undefined {
    const handle = handleOf(value)
    if (handle !== undefined) {
      const { owner, unusable } = handle
      if (unusable !== undefined) {
        throw new PythreadsError(
          'ERR_PYTHREADS_OBJECT_RELEASED',
          `the Python ${handle.type} is gone: ${unusable}`,
        )
      }
      if (owner.counts !== (this.owner?.counts ?? this.#counts ?? owner.counts)) {
        throw new PythreadsError(
          'ERR_PYTHREADS_OTHER_WORKER',
          `the Python ${handle.type} lives in another worker than the one this goes to`,
        )
      }
      this.owner ??= owner
      this.#handles ??= []
      this.#handles.push(handle)
      handle.use()
      return [ESCAPE.OBJECT, handle.id]
    }
    const target = targetOf(value)
    if (target !== undefined) return [ESCAPE.TARGET, target]
    if (typeof value === 'function') {
      const isAsync = Object.prototype.toString.call(value) === '[object AsyncFunction]'
      return [ESCAPE.FUNCTION, this.#addCallable(value), String(value.name), isAsync]
    }
    if ('then' in value && typeof value.then === 'function') {
      throw new PythreadsError(
        'ERR_PYTHREADS_VALUE',
        'a promise cannot cross to Python: await it first',
      )
    }
    if (!(Symbol.iterator in value || Symbol.asyncIterator in value)) return undefined
    const iterator = this.#exported.iteratorOf(value as Iterable<unknown> | AsyncIterable<unknown>)
    const number = this.#addCallable(iterator, true)
    if (iterator.isAsync) {
      this.#iterators ??= []
      this.#iterators.push(iterator)
    }
    return [ESCAPE.ITERATOR, number, iterator.isAsync]
  }

  /** Whether it lends memory. */
  get lends(): boolean {
    return this.#loans !== undefined
  }

  lend(bytes: Uint8Array): Loan | undefined {
    const { budget } = this.#exported
    if (budget.access === 'none') return undefined
    const loan = lender()?.lend(bytes, budget)
    if (loan === undefined) return undefined
    this.#loans ??= []
    this.#loans.push(loan[3])
    return loan
  }

  /** The frame is whole: what is asynchronous in it begins. */
  encoded(): void {
    for (const iterator of this.#iterators ?? []) iterator.start()
    this.#iterators = undefined
  }

  /**
   * The frame goes to a worker, with whose end what it borrows is given back; `undefined`: to one
   * that keeps it.
   */
  sent(borrower: object | undefined): void {
    for (const cell of this.#loans ?? []) existingLender()?.sent(cell, borrower)
  }

  /** Whether the value with this number is in it. */
  includes(number: number): boolean {
    this.#numberSet ??= new Set(this.numbers)
    return this.#numberSet.has(number)
  }

  /**
   * As `cross`, for what Python can call: it runs in the async context in which this is encoded.
   */
  #addCallable(value: unknown, steps: boolean = false): number {
    this.context ??= new AsyncResource('PYTHREADS_CALL')
    return this.add(value, steps, this.context)
  }

  /** Notes that a value goes along; returns its number. */
  add(value: unknown, steps: boolean = false, context?: AsyncResource): number {
    const number = this.#exported.add(value, steps, context)
    this.numbers ??= []
    this.numbers.push(number)
    return number
  }

  /**
   * Python has what it needs of the objects in it, and will not be sent it again: they may be
   * released.
   */
  delivered(): void {
    for (const handle of this.#handles ?? []) handle.unuse()
    this.#handles = undefined
    for (const cell of this.#loans ?? []) existingLender()?.settle(cell)
    this.#loans = undefined
  }

  /** The frame goes nowhere. */
  retract(): void {
    for (const cell of this.#loans ?? []) existingLender()?.end(cell)
    this.#loans = undefined
    this.delivered()
    for (const number of this.numbers ?? []) this.#exported.drop(number)
    this.numbers = undefined
  }
}

/** Of all frames in which nothing crosses, so that calls that wait need none of their own. */
export const EMPTY: FrameReferences = new FrameReferences(new ExportedValues())
