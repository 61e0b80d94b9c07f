import { nameTarget, PythreadsError } from '../errors/index.ts'
import { DEFAULT_CALL, type ResolvedCallOptions } from '../options/index.ts'
import {
  callbackContext,
  type ExportedValues,
  type ReferenceCounts,
  type Write,
} from '../references/index.ts'
import { type CallTarget, type Lease, nameOf } from '../scheduler/index.ts'
import { KIND, type Kind } from '../wire/index.ts'
import type { PoolSize, Worker } from '../worker/index.ts'
import type { SetupStep } from './broadcasts.ts'
import type { PoolOptions } from './options.ts'
import { PoolParts } from './parts.ts'
import { statsOf } from './snapshot.ts'
import type { PoolStats } from './stats.ts'

/**
 * Calls, and the workers that take them. Which worker takes which is the dispatcher's, how many
 * there are the supervisor's business; the other parts are beside this file.
 */
export class Pool {
  readonly #parts: PoolParts
  #closed: Promise<void> | undefined

  constructor(options: PoolOptions) {
    this.#parts = new PoolParts(options)
  }

  /**
   * Starts the workers that are there from the beginning; when one fails, ends the others and
   * throws its error.
   */
  async start(): Promise<void> {
    try {
      await this.#parts.supervisor.start()
    } catch (error) {
      this.destroy(error)
      throw error
    }
  }

  /** The facts that the first worker told of itself. */
  get ready(): Readonly<Record<string, unknown>> {
    return this.#parts.members.firstServing?.ready ?? {}
  }

  /** The extension modules that subinterpreters have refused to load. */
  get refused(): ReadonlySet<string> {
    return this.#parts.refused.names
  }

  noteRefused(module: unknown): void {
    this.#parts.refused.note(module)
  }

  /** The steps that `broadcast` has run, in order; a step that failed is `undefined`. */
  get setup(): readonly (SetupStep | undefined)[] {
    return this.#parts.broadcasts.steps
  }

  get isOpen(): boolean {
    return this.#parts.admission.isOpen
  }

  /** The most workers that there can be. */
  get size(): number {
    return this.#parts.supervisor.size.max
  }

  /** The JavaScript values that Python holds; sync calls share them with the pool. */
  get exported(): ExportedValues {
    return this.#parts.exported
  }

  get counts(): ReferenceCounts | undefined {
    return this.#parts.shared
  }

  /**
   * Makes a call: `write` encodes its arguments at once. `key`: what it calls, by which others of
   * its kind are known. `target`: the same for errors and channels. `lease`: of the worker that has
   * to take the call.
   */
  submit(
    kind: Kind,
    write: Write,
    options: ResolvedCallOptions = DEFAULT_CALL,
    key?: string,
    target: CallTarget = key,
    lease?: Lease,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      try {
        this.#parts.submission.submit(kind, write, options, key, target, lease, resolve, reject)
      } catch (error) {
        reject(nameTarget(error, nameOf(target)))
      }
    })
  }

  /** Has an object of the shared interpreter dropped in Python, soon. */
  release(id: number): void {
    this.#parts.members.firstServing?.release(id)
  }

  /** A worker that takes only calls which name it, until the lease is given back. */
  lease(): Promise<Lease> {
    const { admission, carried, leases, submission, dispatcher, supervisor } = this.#parts
    try {
      carried.checkSession()
      admission.admit(KIND.EVAL, undefined)
    } catch (error) {
      return Promise.reject(error)
    }
    const lease = leases.request(submission.nextOrder())
    if (!dispatcher.offer()) supervisor.grow(undefined)
    return lease
  }

  /** Makes the same call in every interpreter, and in those of workers that come later. */
  async broadcast(kind: Kind, write: Write, target?: string): Promise<void> {
    this.#parts.admission.admit(kind, undefined)
    await this.#parts.broadcasts.broadcast(this, { kind, write, target })
  }

  /** Changes how many workers there are; resolves when those that are missing can take calls. */
  async resize(size: PoolSize): Promise<void> {
    this.#parts.admission.check()
    await this.#parts.supervisor.resize(size)
  }

  /** Takes no more calls, waits for those that were made, and ends the workers. */
  close(): Promise<void> {
    const { admission, leases, members, running } = this.#parts
    const callback = callbackContext()
    const isCalledBack =
      callback !== undefined && !callback.returned && members.callingBack !== undefined
    if (isCalledBack && running.size > 0) {
      const message = 'close() in a callback would wait for the call that waits for the callback'
      return Promise.reject(new PythreadsError('ERR_PYTHREADS_DEADLOCK', message))
    }
    if (admission.isOpen) {
      admission.close()
      leases.clear(
        new PythreadsError(
          'ERR_PYTHREADS_CLOSED',
          'The pool was closed before a worker was free for the session',
        ),
      )
      this.#closed = this.#close()
    }
    return this.#closed ?? Promise.resolve()
  }

  async #close(): Promise<void> {
    const { admission, dispatcher, gilMonitor, running, shared, supervisor } = this.#parts
    await running.over()
    await Promise.all(supervisor.stop().map((worker) => worker.close()))
    await supervisor.launched()
    dispatcher.close()
    gilMonitor.stop()
    shared?.end('the pool was closed')
    admission.end()
  }

  /**
   * Rejects every call that was made and ends the workers by force; `close` resolves when they are
   * gone.
   */
  destroy(reason: unknown): void {
    const { admission, dispatcher, ends, gilMonitor, leases, running, shared, supervisor } =
      this.#parts
    admission.end()
    const error = new PythreadsError('ERR_PYTHREADS_DESTROYED', 'The pool was destroyed', {
      cause: reason,
    })
    gilMonitor.stop()
    const workers = supervisor.stop()
    this.#closed ??= supervisor.launched().then(() => allExited(workers))
    for (const worker of workers) ends.destroy(worker, error)
    shared?.end('the pool was destroyed')
    dispatcher.clear(error, undefined, 'cancelled')
    dispatcher.close()
    leases.clear(error)
    running.clear()
  }

  stats(): PoolStats {
    return statsOf(this.#parts)
  }
}

/** Resolves when the pool has been told of the end of each of some workers. */
async function allExited(workers: readonly Worker[]): Promise<void> {
  await Promise.all(workers.map((worker) => worker.exited))
}
