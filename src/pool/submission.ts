import { PythreadsError } from '../errors/index.ts'
import type { ResolvedCallOptions } from '../options/index.ts'
import {
  callFlags,
  type EncodedFrame,
  type ExportedValues,
  type FrameEncoder,
  FrameReferences,
  type ReferenceCounts,
  type Write,
} from '../references/index.ts'
import {
  abortError,
  armLimits,
  type CallTarget,
  type Dispatcher,
  type Lease,
  Task,
} from '../scheduler/index.ts'
import type { Kind } from '../wire/index.ts'
import { Worker } from '../worker/index.ts'
import { type Admission, closedError } from './admission.ts'
import type { Carried } from './carried.ts'
import type { Members } from './members.ts'
import type { PoolOptions } from './options.ts'
import type { Resubmission } from './resubmission.ts'
import type { RunningCalls } from './running-calls.ts'

interface Parts {
  readonly options: PoolOptions
  readonly admission: Admission
  readonly carried: Carried
  readonly dispatcher: Dispatcher<Worker>
  readonly encoder: FrameEncoder
  readonly exported: ExportedValues
  readonly members: Members
  readonly resubmission: Resubmission
  readonly running: RunningCalls
  /** In a shared interpreter, what all workers hold together. */
  readonly shared: ReferenceCounts | undefined
}

/** Makes calls: encodes their arguments, decides where they have to go, and sets their limits. */
export class Submission {
  readonly #parts: Parts
  #order = 0
  /** References that the next call can have. */
  #unused: FrameReferences | undefined

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** The number of the next call, or of what has its turn among calls. */
  nextOrder(): number {
    return this.#order++
  }

  /**
   * Makes a call, and gives it to the dispatcher. `key`: by which others of its kind are known.
   * `target`: what errors and channels say of it.
   * `lease`: of the worker that has to take it. @throws what is wrong with it
   */
  submit(
    kind: Kind,
    write: Write,
    options: ResolvedCallOptions,
    key: string | undefined,
    target: CallTarget,
    lease: Lease | undefined,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ): void {
    const { options: defaults, admission } = this.#parts
    const { signal, priority, retry } = options
    const index = lease?.workerIndex ?? options.workerIndex
    admission.admit(kind, index)
    const isAborted = () => signal?.aborted === true
    if (signal !== undefined && isAborted()) throw abortError(signal)
    const frame = this.#encode(kind, write, callFlags(options, defaults))
    const { references } = frame
    // A getter of an argument can close the pool, or abort the call.
    if (!admission.isOpen || isAborted()) {
      references.retract()
      throw signal !== undefined && isAborted() ? abortError(signal) : closedError()
    }
    this.#parts.carried.check(references)
    if (retry > 0 && references.numbers !== undefined) {
      references.retract()
      throw new PythreadsError(
        'ERR_PYTHREADS_ARGUMENT',
        'A call with `retry` takes no functions or iterables that live here',
      )
    }
    const where = this.#destination(references, index)
    const origin = this.#parts.members.callingBack
    const place = { workerIndex: where, home: lease?.worker }
    const task = new Task(
      { order: this.#order++, ...place, origin, priority, key, target, retries: retry },
      frame,
      resolve,
      reject,
    )
    const { timeoutMs = defaults.timeoutMs, queueTimeoutMs = defaults.queueTimeoutMs } = options
    if (signal !== undefined || timeoutMs !== null || queueTimeoutMs !== null)
      armLimits(task, { signal, timeoutMs, queueTimeoutMs }, isWaiting, this.#giveUp)
    this.#parts.dispatcher.place(task)
  }

  #encode(kind: Kind, write: Write, flags: number): EncodedFrame {
    const { encoder, exported } = this.#parts
    const fresh = this.#unused ?? new FrameReferences(exported)
    this.#unused = undefined // a getter of an argument may make a call of its own
    const frame = encoder.encode(kind, write, fresh, flags)
    if (frame.references !== fresh) this.#unused = fresh
    return frame
  }

  /**
   * The number of the worker that a call has to go to, for what crosses in it or because it was
   * asked for.
   */
  #destination(references: FrameReferences, index: number | undefined): number | undefined {
    const { owner } = references
    if (owner === undefined) return index
    const { members, shared } = this.#parts
    const home = owner instanceof Worker && members.includes(owner) ? owner.index : undefined
    if (home !== undefined && (index === undefined || index === home)) return home
    if (owner.counts === shared) return index
    references.retract()
    const where =
      home === undefined ? 'in a worker of sync calls or of another pool' : `in worker ${home}`
    throw new PythreadsError(
      'ERR_PYTHREADS_OTHER_WORKER',
      `A remote object in this call lives ${where}`,
    )
  }

  /** Nobody waits for a call any more. */
  readonly #giveUp = (task: Task, error: PythreadsError): void => {
    const { dispatcher, resubmission, running } = this.#parts
    task.giveUp(error)
    if (dispatcher.remove(task)) return task.references.retract()
    const worker = task.worker
    if (worker === undefined) return
    running.left()
    if (worker.isBehind(task)) for (const other of worker.takeBack()) resubmission.resubmit(other)
    if (task.worker === worker) worker.cancel(task)
    running.check()
  }
}

/** Whether a call has not begun. */
function isWaiting(task: Task): boolean {
  return task.queue !== undefined || task.worker?.isBehind(task) === true
}
