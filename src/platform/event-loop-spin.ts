import { availableParallelism } from 'node:os'
import { SPIN_MS, SpinWait } from './spin-wait.ts'

/**
 * Keeps the event loop from parking while a result is about to come from Python: a `setImmediate`
 * that renews itself makes libuv poll without sleeping. Everything else runs as usual. The loop
 * spins only while fewer calls run than there are cores.
 */
export class EventLoopSpin {
  readonly #cores: number
  readonly #wait = new SpinWait()
  #running = 0
  #until = 0
  #isSpinning = false

  constructor(cores: number = availableParallelism()) {
    this.#cores = cores
  }

  /**
   * A call, or the result of a callback, was sent to Python. `running`: the number of calls there
   * now.
   */
  sent(running: number): void {
    this.#running = running
    if (running >= this.#cores) return
    if (this.#isSpinning) this.#until = performance.now() + SPIN_MS
    else if (this.#wait.begin()) this.#begin()
  }

  /**
   * A result, or a callback, was received from Python. `running`: the number of calls there now.
   */
  received(running: number): void {
    this.#running = running
    if (this.#isSpinning) this.#wait.paid()
  }

  #begin(): void {
    this.#isSpinning = true
    this.#until = performance.now() + SPIN_MS
    setImmediate(this.#turn)
  }

  readonly #turn = (): void => {
    const expects = this.#running > 0 && this.#running < this.#cores
    if (expects && performance.now() < this.#until) return void setImmediate(this.#turn)
    this.#isSpinning = false
    if (expects) this.#wait.wasted()
  }
}
