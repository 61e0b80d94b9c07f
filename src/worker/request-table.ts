const SMALLEST = 16
/** An empty table up to this length keeps its memory. */
const KEPT = 1024

interface WithId {
  id: number
}

/**
 * Requests by their ids. This is not a Map, because a Map that churns keeps its old tables, and the
 * entries in them, alive until a major garbage collection. With a Map every call outlived the minor
 * collections, and these took 3 ms instead of 1 (design/pool.md).
 */
export class RequestTable<T extends WithId> {
  /**
   * An item is at index `id & (length - 1)`. The length is a power of two, and at least half of the
   * slots are free.
   */
  #slots: (T | undefined)[] = slots(SMALLEST)
  #count = 0
  #last = 0

  /** Adds an item and gives it an id. Ids grow, begin again after 2^32, and are never 0. */
  add(item: T): void {
    if (this.#count * 2 >= this.#slots.length) this.#resize(this.#slots.length * 2)
    const mask = this.#slots.length - 1
    do this.#last = (this.#last + 1) >>> 0
    while (this.#last === 0 || this.#slots[this.#last & mask] !== undefined)
    item.id = this.#last
    this.#slots[this.#last & mask] = item
    this.#count++
  }

  get(id: number): T | undefined {
    const item = this.#slots[id & (this.#slots.length - 1)]
    return item?.id === id ? item : undefined
  }

  delete(id: number): void {
    if (this.get(id) === undefined) return
    this.#slots[id & (this.#slots.length - 1)] = undefined
    if (--this.#count === 0 && this.#slots.length > KEPT) this.#slots = slots(SMALLEST)
  }

  /** All items, in the order of their ids. */
  all(): T[] {
    return this.#slots.filter((item) => item !== undefined).sort((one, other) => one.id - other.id)
  }

  clear(): void {
    this.#slots = slots(SMALLEST)
    this.#count = 0
  }

  #resize(length: number): void {
    const before = this.#slots
    this.#slots = slots(length)
    for (const item of before) if (item !== undefined) this.#slots[item.id & (length - 1)] = item
  }
}

function slots<T>(length: number): (T | undefined)[] {
  return new Array<T | undefined>(length).fill(undefined)
}
