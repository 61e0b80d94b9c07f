import { availableParallelism } from 'node:os'

/** How long the event loop stays awake for an answer: about as long as it takes to wake it. */
const AWAKE_MS = 0.05
/** After a vigil in vain the next call goes without, then two, four, and at most so many. */
const MAX_PASSED = 1024

/**
 * Keeps the event loop from sleeping while an answer is about to come: to wake a thread takes longer than most short calls. It
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

  /** A call goes to Python; so many are there now. */
  sent(running: number): void {
    this.#running = running
    if (running >= this.#cores) return
    if (this.#isOn) this.#until = performance.now() + AWAKE_MS
    else if (this.#pass > 0) this.#pass--
    else this.#begin()
  }

  /** A call is over; so many are left. */
  settled(running: number): void {
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
