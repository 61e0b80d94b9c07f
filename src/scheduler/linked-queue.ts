/** An item with links to its neighbours, so that a queue allocates nothing for each item. */
export interface Linked<T> {
  next: T | undefined
  previous: T | undefined
}

/**
 * A first-in, first-out queue of linked items. `push`, `shift` and `remove` take constant time,
 * where an array takes linear time to remove an item.
 */
export class LinkedQueue<T extends Linked<T>> {
  #head: T | undefined
  #tail: T | undefined

  peek(): T | undefined {
    return this.#head
  }

  push(item: T): void {
    item.previous = this.#tail
    if (this.#tail === undefined) this.#head = item
    else this.#tail.next = item
    this.#tail = item
  }

  /** Puts an item before the first one for which `isLater` returns true, from the front. */
  insert(item: T, isLater: (other: T) => boolean): void {
    let next = this.#head
    while (next !== undefined && !isLater(next)) next = next.next
    if (next === undefined) return this.push(item)
    item.next = next
    item.previous = next.previous
    next.previous = item
    if (item.previous === undefined) this.#head = item
    else item.previous.next = item
  }

  shift(): T | undefined {
    const item = this.#head
    if (item !== undefined) this.remove(item)
    return item
  }

  /** Removes an item, which must be in this queue. */
  remove(item: T): void {
    const { next, previous } = item
    if (previous === undefined) this.#head = next
    else previous.next = next
    if (next === undefined) this.#tail = previous
    else next.previous = previous
    item.next = undefined
    item.previous = undefined
  }
}
