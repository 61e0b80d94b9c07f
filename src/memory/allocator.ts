const ALIGNMENT = 64

/**
 * Which parts of a range of memory are free: an allocator that takes the first part that is large
 * enough. The kernel's `allocator.py` does the same.
 */
export class Allocator {
  /** The free parts `[starts[i], ends[i])`, in order, none of which touches the next one. */
  readonly #starts: number[]
  readonly #ends: number[]

  constructor(start: number, end: number) {
    this.#starts = [start]
    this.#ends = [end]
  }

  /**
   * Takes `size` bytes, rounded up to the alignment; answers where they begin, `undefined` where
   * there is no room.
   */
  take(size: number): number | undefined {
    const taken = aligned(size)
    for (let i = 0; i < this.#starts.length; i++) {
      const [start, end] = this.#part(i)
      if (end - start < taken) continue
      if (end - start === taken) this.#remove(i)
      else this.#starts[i] = start + taken
      return start
    }
    return undefined
  }

  /** The free parts: where each begins, and how many bytes it has. */
  free(): (readonly [start: number, bytes: number])[] {
    return this.#starts.map((start, i) => [start, (this.#ends[i] as number) - start] as const)
  }

  /** Makes what `take` answered free again. */
  giveBack(start: number, size: number): void {
    const end = start + aligned(size)
    const next = this.#firstAfter(start)
    const joinsNext = this.#starts[next] === end
    if (next > 0 && this.#ends[next - 1] === start) {
      this.#ends[next - 1] = joinsNext ? (this.#ends[next] as number) : end
      if (joinsNext) this.#remove(next)
    } else if (joinsNext) {
      this.#starts[next] = start
    } else {
      this.#starts.splice(next, 0, start)
      this.#ends.splice(next, 0, end)
    }
  }

  #part(i: number): [number, number] {
    return [this.#starts[i] as number, this.#ends[i] as number]
  }

  #remove(i: number): void {
    this.#starts.splice(i, 1)
    this.#ends.splice(i, 1)
  }

  #firstAfter(start: number): number {
    let [low, high] = [0, this.#starts.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#starts[middle] as number) < start) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** `size`, rounded up to what is really taken. */
export function aligned(size: number): number {
  return Math.ceil(size / ALIGNMENT) * ALIGNMENT
}
