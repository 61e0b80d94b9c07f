import { brand, isInstance, PythreadsError, registerCopier } from './pythreads-error.ts'

/** How a worker ended, for the error of its calls. */
interface Ending {
  readonly how: string
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
}

/** The last lines of a worker's output, to append to an error's message. */
export function quoted(lastWords: string): string {
  return lastWords === '' ? '' : `\nIts last output:\n${lastWords.replace(/^/gm, '  ')}`
}

/**
 * A worker ended while it had the call: `ERR_PYTHREADS_WORKER_DIED`. The call may or may not have
 * taken effect.
 */
export class WorkerDiedError extends PythreadsError {
  static {
    brand(WorkerDiedError, 'WorkerDiedError')
    registerCopier(WorkerDiedError, (error, target) => {
      const { worker, status, signal, lastWords } = error
      return new WorkerDiedError(worker, { how: error.#how, status, signal }, lastWords, target)
    })
  }

  /** The number of the worker. */
  readonly worker: number
  /**
   * The exit status of its process; `null` where a signal ended it, or where it had no process of
   * its own.
   */
  readonly status: number | null
  /** The signal that ended its process; `null`: none. */
  readonly signal: NodeJS.Signals | null
  /** The last lines that it printed, and the report of Python on a crash; `''`: nothing. */
  readonly lastWords: string
  readonly #how: string

  /** @internal */
  constructor(worker: number, ending: Ending, lastWords: string, target?: string) {
    super(
      'ERR_PYTHREADS_WORKER_DIED',
      `Worker ${worker} ended during the call: ${ending.how}${quoted(lastWords)}`,
      { target },
    )
    this.#how = ending.how
    this.worker = worker
    this.status = ending.status
    this.signal = ending.signal
    this.lastWords = lastWords
    Object.defineProperty(this, 'lastWords', { enumerable: false }) // the message shows it
  }

  /** @internal */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return isInstance(this, WorkerDiedError, value)
  }
}
