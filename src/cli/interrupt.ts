import { EXIT } from './errors.ts'

/** Ctrl-C: the first one asks the command to end, the second one ends the process at once. */
export class Interrupt {
  readonly #controller = new AbortController()
  #isHandled = false

  constructor() {
    process.on('SIGINT', () => {
      if (!this.#isHandled || this.#controller.signal.aborted) process.exit(EXIT.interrupted)
      this.#controller.abort()
    })
  }

  /** Whether the user has pressed Ctrl-C. */
  get came(): boolean {
    return this.#controller.signal.aborted
  }

  /**
   * Returns a signal that Ctrl-C aborts; the command must then end by itself. Until a command calls
   * this, Ctrl-C ends the process at once.
   */
  handle(): AbortSignal {
    this.#isHandled = true
    return this.#controller.signal
  }
}
