import { availableParallelism } from 'node:os'

/** How long the event loop stays awake for what comes next: about as long as it takes to wake it. */
const AWAKE_MS = 0.1
/** After a vigil in vain the next one is left out, then two, four, and at most so many. */
const MAX_PASSED = 64

/**
 * Keeps the event loop from sleeping while something is about to come from Python: to wake a thread takes longer than most short calls. It
 * looks for whatever there is to do, as ever, but does not wait for it. Only where a core is left for it beside the calls that
 * run, and where that has paid lately: of long calls, hardly any is waited for.
 */
export class Vigil {
  readonly #cores: number
  #running = 0
  #until = 0
  #isOn = false
  #pass = 0
  #passNext = 1

  constructor(cores: number = availableParallelism()) {
    this.#cores = cores
  }

  /** A call, or what a call back answered, went to Python; so many calls are there now. */
  went(running: number): void {
    this.#running = running
    if (running >= this.#cores) return
    if (this.#isOn) this.#until = performance.now() + AWAKE_MS
    else if (this.#pass > 0) this.#pass--
    else this.#begin()
  }

  /** A result, or a call back, came from Python; so many calls are there now. */
  came(running: number): void {
    this.#running = running
    if (this.#isOn) this.#passNext = 1
  }

  #begin(): void {
    this.#isOn = true
    this.#until = performance.now() + AWAKE_MS
    setImmediate(this.#look)
  }

  readonly #look = (): void => {
    const expects = this.#running > 0 && this.#running < this.#cores
    if (expects && performance.now() < this.#until) return void setImmediate(this.#look)
    this.#isOn = false
    if (!expects) return
    this.#pass = this.#passNext
    this.#passNext = Math.min(this.#passNext * 2, MAX_PASSED)
  }
}
