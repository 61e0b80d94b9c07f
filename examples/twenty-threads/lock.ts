/**
 * A lock that threads of JavaScript share: the semaphore with which the program of the question did
 * not crash.
 */
export class Lock {
  static readonly BYTES = 4
  static readonly #FREE = 0
  static readonly #HELD = 1
  readonly #state: Int32Array<SharedArrayBuffer>

  constructor(memory: SharedArrayBuffer) {
    this.#state = new Int32Array(memory)
  }

  /** Blocks this thread until no other one holds the lock. */
  acquire(): void {
    while (Atomics.compareExchange(this.#state, 0, Lock.#FREE, Lock.#HELD) !== Lock.#FREE) {
      Atomics.wait(this.#state, 0, Lock.#HELD)
    }
  }

  release(): void {
    Atomics.store(this.#state, 0, Lock.#FREE)
    Atomics.notify(this.#state, 0, 1)
  }
}
