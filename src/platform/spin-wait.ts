/** How long a thread spins before it parks: about as long as it takes to wake a parked thread. */
export const SPIN_MS = 0.1
/**
 * After a wasted spin, the next wait parks at once; after another one the next two, then the next
 * four, up to this many.
 */
const MAX_SKIPPED = 64

/**
 * Decides which waits spin before they park. Waking a parked thread takes longer than most short
 * calls, so a wait spins where spinning has paid lately. The kernel's `spin_wait.py` follows the
 * same rule.
 */
export class SpinWait {
  #skipped = 0
  #nextSkipped = 1

  /** Whether this wait spins; a wait that does not is counted. */
  begin(): boolean {
    if (this.#skipped === 0) return true
    this.#skipped--
    return false
  }

  /** The wait ended during the spin. */
  paid(): void {
    this.#nextSkipped = 1
  }

  /** The spin ended first, and the thread parks. */
  wasted(): void {
    this.#skipped = this.#nextSkipped
    this.#nextSkipped = Math.min(this.#nextSkipped * 2, MAX_SKIPPED)
  }
}
