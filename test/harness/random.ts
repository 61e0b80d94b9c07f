/** Random numbers that a seed determines, the same on every machine (mulberry32). */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** Goes on as one that was made with two seeds would. */
  reseed(seed: number, other: number): void {
    this.#state = seed >>> 0
    this.#state = (this.word() ^ other) >>> 0
  }

  /** A whole number from 0 to 2^32 - 1. */
  word(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }

  /** A whole number from 0 to `end - 1`. */
  below(end: number): number {
    return this.word() % end
  }

  /** Whether something with this probability happens. */
  chance(probability: number): boolean {
    return this.word() < probability * 2 ** 32
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T
  }

  list<T>(most: number, make: () => T): T[] {
    return Array.from({ length: this.below(most + 1) }, make)
  }

  bytes(most: number): Buffer {
    return Buffer.from(this.list(most, () => this.below(256)))
  }
}
