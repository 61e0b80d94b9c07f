import { PythreadsError } from '../errors/index.ts'
import { Steps } from './steps.ts'

interface Local {
  readonly value: unknown
  /** How many times it has gone to Python and not been dropped there. */
  crossings: number
}

/** The JavaScript values of a pool that Python holds: functions, steps of iterators, errors that were thrown. */
export class Locals {
  readonly #values = new Map<number, Local>()
  readonly #numbers = new Map<unknown, number>()
  #next = 1

  get size(): number {
    return this.#values.size
  }

  /** The value with this number. @throws `ERR_PYTHREADS_PROTOCOL` when there is none. */
  get(number: number): unknown {
    const local = this.#values.get(number)
    if (local === undefined) {
      throw new PythreadsError('ERR_PYTHREADS_PROTOCOL', `Python means the JavaScript value ${number}, which it does not hold`)
    }
    return local.value
  }

  /** Does what a callback asks: calls the function with this number, or takes a step of the iterator. */
  call(number: number, args: readonly unknown[]): unknown {
    const value = this.get(number)
    if (value instanceof Steps) return value.step(args[0])
    if (typeof value === 'function') return value(...args)
    throw new PythreadsError('ERR_PYTHREADS_PROTOCOL', `Python calls the JavaScript value ${number}, which is no function`)
  }

  /** Counts one more crossing of a value; answers its number, which is the same as long as Python holds it. */
  cross(value: unknown): number {
    let number = this.#numbers.get(value)
    if (number === undefined) {
      number = this.#next++
      this.#numbers.set(value, number)
      this.#values.set(number, { value, crossings: 0 })
    }
    ;(this.#values.get(number) as Local).crossings++
    return number
  }

  /** Python has dropped `count` crossings of a value, or they never got there. */
  drop(number: number, count: number = 1): void {
    const local = this.#values.get(number)
    if (local === undefined) return
    local.crossings -= count
    if (local.crossings > 0) return
    this.#values.delete(number)
    this.#numbers.delete(local.value)
    if (local.value instanceof Steps) local.value.dropped()
  }
}
