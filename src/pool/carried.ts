import type { FrameReferences, Handle } from '../references/index.ts'
import { type Capabilities, cannotCarry, type WorkerSource } from '../worker/index.ts'
import type { PoolOptions } from './options.ts'

/** Refuses what the workers of a pool cannot carry, by an error that names the capability. */
export class Carried {
  readonly #source: WorkerSource
  readonly #capabilities: Capabilities
  readonly #proxyFor: (handle: Handle) => unknown

  /** @throws `ERR_PYTHREADS_ISOLATION_UNAVAILABLE` for an option that needs what they cannot do */
  constructor({ source, proxyFor, onLine, listeners }: PoolOptions) {
    this.#source = source
    this.#capabilities = source.capabilities
    this.#proxyFor = proxyFor
    const isTold =
      onLine !== undefined || listeners?.onWarning !== undefined || listeners?.onLog !== undefined
    if (isTold && !source.capabilities.output) throw this.#unavailable('output', 'A listener')
  }

  /** Makes what callers get for an object that stays in Python. @throws `ERR_PYTHREADS_VALUE` */
  readonly proxyFor = (handle: Handle): unknown => {
    if (this.#capabilities.objects) return this.#proxyFor(handle)
    const what = `A result that stays in Python (${handle.type})`
    throw cannotCarry(this.#source, 'objects', 'ERR_PYTHREADS_VALUE', what)
  }

  /** @throws `ERR_PYTHREADS_VALUE` where something in a call cannot go to a worker */
  check(references: FrameReferences): void {
    if (references.numbers === undefined || this.#capabilities.callbacks) return
    references.retract()
    const what = 'A function or an iterable in a call'
    throw cannotCarry(this.#source, 'callbacks', 'ERR_PYTHREADS_VALUE', what)
  }

  /** @throws `ERR_PYTHREADS_ISOLATION_UNAVAILABLE` if the workers cannot be leased */
  checkSession(): void {
    if (!this.#capabilities.sessions) throw this.#unavailable('sessions', 'A session')
  }

  #unavailable(capability: keyof Capabilities, what: string): Error {
    return cannotCarry(this.#source, capability, 'ERR_PYTHREADS_ISOLATION_UNAVAILABLE', what)
  }
}
