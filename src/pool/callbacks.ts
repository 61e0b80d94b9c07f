import { AsyncLocalStorage } from 'node:async_hooks'
import { PythreadsError } from '../errors/index.ts'
import { KIND, type Kind } from '../wire/index.ts'
import { Crossing } from './crossing.ts'
import type { Locals } from './locals.ts'
import type { Realm } from './realm.ts'
import type { EncodedFrame, FrameEncoder } from './task.ts'
import type { Worker } from './worker.ts'

/** The worker whose callback is running, in everything that the callback starts: a call made there may be taken by it. */
const inCallback = new AsyncLocalStorage<Worker>()
let used = false

/** The worker that waits for the callback in which this runs. */
export function callingWorker(): Worker | undefined {
  return used ? inCallback.getStore() : undefined
}

/** Runs a callback on behalf of a worker that waits for it. */
export function runFor<T>(worker: Worker, callback: () => T): T {
  used = true
  return inCallback.run(worker, callback)
}

/** Writes what callbacks answer. */
export class Answers {
  readonly #encoder: FrameEncoder
  readonly #locals: Locals

  constructor(encoder: FrameEncoder, locals: Locals) {
    this.#encoder = encoder
    this.#locals = locals
  }

  /** The frame for what a callback returned; for what is wrong with that, if it cannot cross. */
  result(value: unknown, realm: Realm): EncodedFrame {
    try {
      const write = (encoder: { value(value: unknown, name: string): void }) => encoder.value(value, "the callback's result")
      return this.#encoder.encode(KIND.CALLBACK_RESULT, write, new Crossing(this.#locals, realm))
    } catch (error) {
      return this.error(error, realm)
    }
  }

  /** The frame for what a callback threw: Python gets its text, and the number by which the value itself comes back. */
  error(thrown: unknown, realm: Realm): EncodedFrame {
    const { name, message, stack } = textOf(thrown)
    const crossing = new Crossing(this.#locals, realm)
    const number = crossing.cross(thrown)
    return this.#encode(KIND.CALLBACK_ERROR, [number, name, message, stack], crossing)
  }

  #encode(kind: Kind, value: unknown, crossing: Crossing): EncodedFrame {
    return this.#encoder.encode(kind, (encoder) => encoder.value(value, 'error'), crossing)
  }
}

/** A promise, or what behaves as one. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (typeof value === 'object' || typeof value === 'function') && value !== null && hasThen(value)
}

function hasThen(value: object): boolean {
  return 'then' in value && typeof value.then === 'function'
}

/** The error for an answer that would come only when this thread stops waiting. */
export function promiseInSyncCall(): PythreadsError {
  return new PythreadsError(
    'ERR_PYTHREADS_DEADLOCK',
    'A function that Python called in a sync call answered with a promise, for which this blocked thread could never wait',
  )
}

function textOf(thrown: unknown): { name: string; message: string; stack: string } {
  try {
    if (thrown instanceof Error) return { name: thrown.name, message: thrown.message, stack: thrown.stack ?? '' }
    return { name: '', message: String(thrown), stack: '' }
  } catch {
    return { name: '', message: 'a value that cannot be shown', stack: '' }
  }
}
