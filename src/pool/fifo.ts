/** An item that knows the one behind it, so that a queue of them costs no memory of its own. */
export interface Linked<T> {
  next: T | undefined
}

/** A first-in, first-out queue of linked items: every step costs the same, whatever its length. */
export class Fifo<T extends Linked<T>> {
  #head: T | undefined
  #tail: T | undefined
  #length = 0

  get length(): number {
    return this.#length
  }

  peek(): T | undefined {
    return this.#head
  }

  push(item: T): void {
    if (this.#tail === undefined) this.#head = item
    else this.#tail.next = item
    this.#tail = item
    this.#length++
  }

  shift(): T | undefined {
    const item = this.#head
    if (item === undefined) return undefined
    this.#head = item.next
    if (this.#head === undefined) this.#tail = undefined
    item.next = undefined
    this.#length--
    return item
  }
}
