/** How long a thread spins before it parks: about as long as it takes to wake a parked thread. */
export const SPIN_MS = 0.1
/**
 * After a spin in vain, the next wait parks at once; then the next two, the next four, and at most
 * this many.
 */
const MAX_SKIPPED = 64

/**
 * Decides which waits spin before they park. To wake a parked thread takes longer than most short
 * calls, so a wait spins where that has paid lately. The kernel's `spin_wait.py` follows the same
 * rule.
 */
export class SpinWait {
  #skipped = 0
  #nextSkipped = 1

  /** Whether this wait spins; counts it if it does not. */
  begin(): boolean {
    if (this.#skipped === 0) return true
    this.#skipped--
    return false
  }

  /** What the thread waited for came while it was spinning. */
  paid(): void {
    this.#nextSkipped = 1
  }

  /** The thread parks after a spin in vain. */
  wasted(): void {
    this.#skipped = this.#nextSkipped
    this.#nextSkipped = Math.min(this.#nextSkipped * 2, MAX_SKIPPED)
  }
}
