const ALIGNMENT = 64

/**
 * A first-fit allocator for a range of memory. The free list is kept outside of the memory, which
 * other processes can write. The kernel's `allocator.py` works the same way.
 */
export class Allocator {
  /** The free parts `[starts[i], ends[i])`, in order; no part touches the next one. */
  readonly #starts: number[]
  readonly #ends: number[]

  constructor(start: number, end: number) {
    this.#starts = [start]
    this.#ends = [end]
  }

  /**
   * Takes `size` bytes, rounded up to the alignment. Returns their offset; `undefined` when no free
   * part is large enough.
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

  /** Lists the free parts. */
  free(): (readonly [start: number, bytes: number])[] {
    return this.#starts.map((start, i) => [start, (this.#ends[i] as number) - start] as const)
  }

  /** Frees bytes that `take` returned. */
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

/** Rounds `size` up to the bytes that `take` takes. */
export function aligned(size: number): number {
  return Math.ceil(size / ALIGNMENT) * ALIGNMENT
}
