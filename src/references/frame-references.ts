import { AsyncResource } from 'node:async_hooks'
import { PythreadsError } from '../errors/index.ts'
import { existingLender, lend } from '../memory/index.ts'
import { ESCAPE, type Escape, type Loan, type References } from '../wire/index.ts'
import type { ReferenceCounts } from './counts.ts'
import type { ExportedIterator } from './exported-iterator.ts'
import { ExportedValues } from './exported-values.ts'
import { type Handle, handleOf, type Owner, targetOf } from './handles.ts'

/**
 * The references in one frame: JavaScript values that Python will hold, Python objects, which
 * decide the worker that gets the frame, and lent memory.
 */
export class FrameReferences implements References {
  /** The worker or sync connection that must get the frame: a Python object in it lives there. */
  owner: Owner | undefined
  /** The numbers of the JavaScript values in the frame. */
  numbers: number[] | undefined
  /** The async context of the call; made only for frames with a function or an iterable. */
  context: AsyncResource | undefined
  /** The same as `numbers`, made on the first `includes`. */
  #numberSet: Set<number> | undefined
  /** The flags of the loans in the frame. */
  #loans: number[] | undefined
  /** The Python objects in the frame; they are not released before the frame has arrived. */
  #handles: Handle[] | undefined
  /** The asynchronous iterables in the frame, until it is encoded. */
  #iterators: ExportedIterator[] | undefined
  readonly #exported: ExportedValues
  /** The counts of the interpreter that gets the frame, if that is known already. */
  readonly #counts: ReferenceCounts | undefined

  constructor(exported: ExportedValues, counts?: ReferenceCounts) {
    this.#exported = exported
    this.#counts = counts
  }

  /** Whether the frame has only plain values. */
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
          `the Python ${handle.type} lives in another worker than the one that gets the call`,
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

  /** Whether the frame lends memory. */
  get lends(): boolean {
    return this.#loans !== undefined
  }

  lend(bytes: Uint8Array): Loan | undefined {
    const { budget } = this.#exported
    const loan = lend(bytes, budget)
    if (loan === undefined) return undefined
    this.#loans ??= []
    this.#loans.push(loan[3])
    return loan
  }

  /** The frame is encoded, and its asynchronous iterables take their first steps. */
  encoded(): void {
    for (const iterator of this.#iterators ?? []) iterator.start()
    this.#iterators = undefined
  }

  /**
   * The frame goes to a worker. `borrower`: the worker process, whose end ends the loans;
   * `undefined` for a worker in this process, which keeps them.
   */
  sent(borrower: object | undefined): void {
    for (const flag of this.#loans ?? []) existingLender()?.sent(flag, borrower)
  }

  /** Whether the JavaScript value with this number is in the frame. */
  includes(number: number): boolean {
    this.#numberSet ??= new Set(this.numbers)
    return this.#numberSet.has(number)
  }

  /** Like `add`, for values that Python can call: they run in the async context of this call. */
  #addCallable(value: unknown, steps: boolean = false): number {
    this.context ??= new AsyncResource('PYTHREADS_CALL')
    return this.add(value, steps, this.context)
  }

  /** Adds a JavaScript value to the frame; returns its number. */
  add(value: unknown, steps: boolean = false, context?: AsyncResource): number {
    const number = this.#exported.add(value, steps, context)
    this.numbers ??= []
    this.numbers.push(number)
    return number
  }

  /** The frame is not sent again: its Python objects may be released, and its loans may end. */
  delivered(): void {
    for (const handle of this.#handles ?? []) handle.unuse()
    this.#handles = undefined
    for (const flag of this.#loans ?? []) existingLender()?.settle(flag)
    this.#loans = undefined
  }

  /** The frame will not be sent: everything in it is taken back. */
  retract(): void {
    for (const flag of this.#loans ?? []) existingLender()?.end(flag)
    this.#loans = undefined
    this.delivered()
    for (const number of this.numbers ?? []) this.#exported.drop(number)
    this.numbers = undefined
  }
}

/** Shared by all frames without references, so that a waiting call needs no object of its own. */
export const EMPTY: FrameReferences = new FrameReferences(new ExportedValues())
