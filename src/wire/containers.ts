/** A container that was cut off because it is nested too deeply. */
export interface CutOff {
  readonly value: object
  readonly path: string
}

/**
 * The containers of one payload and their numbers, by which Python knows a container that comes
 * again: its place in the order of writing, or the negative number of its chunk.
 */
export class Containers {
  /** The containers that were cut off. Number `i` of them is chunk `i + 1`. */
  readonly cutOff: CutOff[] = []
  /** The first container. The Map is made for a second one: most payloads have only one. */
  #first: object | undefined
  #numbers: Map<object, number> | undefined
  #count = 0

  /** The number of a container that was met before. */
  numberOf(container: object): number | undefined {
    if (this.#first === undefined) return undefined
    this.#numbers ??= new Map([[this.#first, 0]])
    return this.#numbers.get(container)
  }

  /** Gives a container its number. */
  add(container: object): void {
    if (this.#count++ === 0) this.#first = container
    else this.#numbers?.set(container, this.#count - 1)
  }

  /** Notes a container that is written behind the rest; returns the number of its chunk. */
  cut(value: object, path: string): number {
    const number = this.cutOff.push({ value, path })
    this.#numbers?.set(value, -number)
    return number
  }

  /** Forgets the number of a chunk, whose container is written now. */
  forget(container: object): void {
    this.#numbers?.delete(container)
  }

  reset(): void {
    this.#first = undefined
    this.#numbers = undefined
    this.#count = 0
    this.cutOff.length = 0
  }
}
