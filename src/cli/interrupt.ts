import { EXIT } from './errors.ts'

/** Ctrl-C: the first one tells a command to end, the second one ends the process at once. */
export class Interrupt {
  readonly #controller = new AbortController()
  #isHeeded = false

  constructor() {
    process.on('SIGINT', () => {
      if (!this.#isHeeded || this.#controller.signal.aborted) process.exit(EXIT.interrupted)
      this.#controller.abort()
    })
  }

  /** Whether there was one. */
  get came(): boolean {
    return this.#controller.signal.aborted
  }

  /**
   * The command ends in order from here on, once this is aborted. Before, the process ends at once.
   */
  heed(): AbortSignal {
    this.#isHeeded = true
    return this.#controller.signal
  }
}
