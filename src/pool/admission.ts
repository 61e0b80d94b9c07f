import { PythreadsError } from '../errors/index.ts'
import { KIND, type Kind } from '../wire/index.ts'

/** Where calls wait. */
interface Queue {
  readonly queued: number
  /** Whether an idle worker could take a call at once. */
  hasIdle(index: number | undefined): boolean
}

/** Whether a pool takes calls. */
export class Admission {
  readonly #queue: Queue
  /** How many calls may wait; `null`: any number. */
  readonly #maxQueue: number | null
  #state: 'open' | 'closing' | 'closed' = 'open'

  constructor(queue: Queue, maxQueue: number | null) {
    this.#queue = queue
    this.#maxQueue = maxQueue
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  /** Whether the pool has been closed or destroyed. */
  get isClosed(): boolean {
    return this.#state === 'closed'
  }

  /** No more calls are taken; those that were made go on. */
  close(): void {
    this.#state = 'closing'
  }

  /** The pool has come to its end. */
  end(): void {
    this.#state = 'closed'
  }

  /** @throws `ERR_PYTHREADS_CLOSED` */
  check(): void {
    if (this.#state !== 'open') throw closedError()
  }

  /**
   * Refuses a call that would have to wait in a full queue. `map` and `exec` have bounds of their
   * own. `index`: the worker that has to take the call, if one has.
   *
   * @throws `ERR_PYTHREADS_CLOSED`, `ERR_PYTHREADS_QUEUE_FULL`
   */
  admit(kind: Kind, index: number | undefined): void {
    this.check()
    const max = this.#maxQueue
    if (max === null || this.#queue.queued < max || kind === KIND.MAP || kind === KIND.EXEC) return
    if (this.#queue.hasIdle(index)) return
    throw new PythreadsError(
      'ERR_PYTHREADS_QUEUE_FULL',
      `${max} calls are waiting already, the most that \`maxQueue\` allows`,
    )
  }
}

export function closedError(): PythreadsError {
  return new PythreadsError('ERR_PYTHREADS_CLOSED', 'The pool is closed: it takes no more calls')
}
