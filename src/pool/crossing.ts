import { AsyncResource } from 'node:async_hooks'
import { PythreadsError } from '../errors/index.ts'
import { lender, lenderMade } from '../memory/index.ts'
import { ESCAPE, type Escape, type Loan, type References } from '../wire/index.ts'
import { Locals } from './locals.ts'
import { type Handle, handleOf, type Owner, type Realm, targetOf } from './realm.ts'
import type { Steps } from './steps.ts'

/** What crosses as a reference in one frame: JavaScript values that go along, and the objects that decide where it can go. */
export class Crossing implements References {
  /** The worker, or line, that the frame has to go to, because an object in it lives there. */
  owner: Owner | undefined
  /** The numbers of the JavaScript values in it. */
  numbers: number[] | undefined
  /** The async context of the call, once there is a function or an iterable in it: others pay nothing for it. */
  context: AsyncResource | undefined
  /** The same as `numbers`, once somebody asks. */
  #passed: Set<number> | undefined
  /** The cells of the memory that it lends. */
  #loans: number[] | undefined
  /** The objects in it, which are not released before it has arrived. */
  #handles: Handle[] | undefined
  /** The asynchronous iterables in it, until it is whole. */
  #opened: Steps[] | undefined
  readonly #locals: Locals
  /** Where the frame goes, if that is known already. */
  readonly #realm: Realm | undefined

  constructor(locals: Locals, realm?: Realm) {
    this.#locals = locals
    this.#realm = realm
  }

  /** Whether nothing crosses but plain values. */
  get isEmpty(): boolean {
    return this.owner === undefined && this.numbers === undefined && this.#loans === undefined && this.#handles === undefined
  }

  of(value: object): Escape | undefined {
    const handle = handleOf(value)
    if (handle !== undefined) {
      const { owner, unusable } = handle
      if (unusable !== undefined) {
        throw new PythreadsError('ERR_PYTHREADS_OBJECT_RELEASED', `the Python ${handle.type} is gone: ${unusable}`)
      }
      if (owner.realm !== (this.owner?.realm ?? this.#realm ?? owner.realm)) {
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
      return [ESCAPE.FUNCTION, this.#pass(value), String(value.name), isAsync]
    }
    if ('then' in value && typeof value.then === 'function') {
      throw new PythreadsError('ERR_PYTHREADS_VALUE', 'a promise cannot cross to Python: await it first')
    }
    if (!(Symbol.iterator in value || Symbol.asyncIterator in value)) return undefined
    const steps = this.#locals.stepsOf(value as Iterable<unknown> | AsyncIterable<unknown>)
    const number = this.#pass(steps, true)
    if (steps.isAsync) {
      this.#opened ??= []
      this.#opened.push(steps)
    }
    return [ESCAPE.ITERATOR, number, steps.isAsync]
  }

  /** Whether it lends memory. */
  get lends(): boolean {
    return this.#loans !== undefined
  }

  lend(bytes: Uint8Array): Loan | undefined {
    const { account } = this.#locals
    if (account.sight === 'none') return undefined
    const loan = lender()?.lend(bytes, account)
    if (loan === undefined) return undefined
    this.#loans ??= []
    this.#loans.push(loan[3])
    return loan
  }

  /** The frame is whole: what is asynchronous in it begins. */
  encoded(): void {
    for (const steps of this.#opened ?? []) steps.begin()
    this.#opened = undefined
  }

  /** The frame goes to a worker, with whose end what it borrows is given back; `undefined`: to one that keeps it. */
  sent(borrower: object | undefined): void {
    for (const cell of this.#loans ?? []) lenderMade()?.sent(cell, borrower)
  }

  /** Whether the value with this number is in it. */
  passes(number: number): boolean {
    this.#passed ??= new Set(this.numbers)
    return this.#passed.has(number)
  }

  /** As `cross`, for what Python can call: it runs in the async context in which this is encoded. */
  #pass(value: unknown, steps: boolean = false): number {
    this.context ??= new AsyncResource('PYTHREADS_CALL')
    return this.cross(value, steps, this.context)
  }

  /** Notes that a value goes along; returns its number. */
  cross(value: unknown, steps: boolean = false, context?: AsyncResource): number {
    const number = this.#locals.cross(value, steps, context)
    this.numbers ??= []
    this.numbers.push(number)
    return number
  }

  /** Python has what it needs of the objects in it, and will not be sent it again: they may be released. */
  arrived(): void {
    for (const handle of this.#handles ?? []) handle.unuse()
    this.#handles = undefined
    for (const cell of this.#loans ?? []) lenderMade()?.settle(cell)
    this.#loans = undefined
  }

  /** The frame goes nowhere. */
  undo(): void {
    for (const cell of this.#loans ?? []) lenderMade()?.end(cell)
    this.#loans = undefined
    this.arrived()
    for (const number of this.numbers ?? []) this.#locals.drop(number)
    this.numbers = undefined
  }
}

/** Of all frames in which nothing crosses, so that calls that wait need none of their own. */
export const NOTHING: Crossing = new Crossing(new Locals())
