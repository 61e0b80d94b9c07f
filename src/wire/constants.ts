import { newSet } from './values/json.ts'
import { copyOfDate } from './values/python-date.ts'

/**
 * Tuples, frozensets, bytes and moments are immutable in Python: there they have no identity, and
 * the compiler shares equal ones. In JavaScript they are mutable, so each place of one has a copy
 * of its own, and what is mutable inside stays the same object.
 */

/** Holds such a value in the table of references. */
export class Constant {
  readonly #value: object
  /** Whether all of it has been read. In itself it is itself. */
  isWhole: boolean

  constructor(value: object, isWhole: boolean) {
    this.#value = value
    this.isWhole = isWhole
  }

  /**
   * Whether it is one. Not `instanceof`: what was thrown in JavaScript may be a proxy that refuses
   * to be asked.
   */
  static is(value: object): value is Constant {
    return #value in value
  }

  get value(): object {
    return this.#value
  }
}

/**
 * How many members are copied at the most, besides so many for each byte: a few bytes can ask for
 * any number of copies (`t = (t, t)`, forty times). What is beyond is shared.
 */
const MOST_COPIED = 2 ** 14
const COPIED_PER_BYTE = 16

/** Copies the constants of one payload. */
export class Constants {
  /** How many are being read that can be referred to. */
  depth = 0
  #budget: number
  /** What is within a constant and one too. */
  readonly #inner = new Set<unknown>()

  /** `bytes`: how large the payload is. */
  constructor(bytes: number) {
    this.#budget = MOST_COPIED + bytes * COPIED_PER_BYTE
  }

  /** Notes one that is within another. */
  add(value: object): void {
    if (this.depth > 0) this.#inner.add(value)
  }

  /** A copy for one more place. */
  another(value: object): object {
    const open: [from: object, to: object][] = []
    const root = this.#copy(value, open)
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const [from, to] = next
      const inner = (item: unknown) =>
        this.#inner.has(item) ? this.#copy(item as object, open) : item
      if (Array.isArray(to)) for (let i = 0; i < to.length; i++) to[i] = inner(to[i])
      else if (to instanceof Set && from instanceof Set) refill(to, Array.from(from, inner))
    }
    return root
  }

  #copy(value: object, open: [from: object, to: object][]): object {
    this.#budget -= sizeOf(value) + 1
    if (this.#budget < 0) return value
    const copy = copyOf(value)
    this.add(copy)
    if (this.#inner.size > 0) open.push([value, copy])
    return copy
  }
}

function sizeOf(value: object): number {
  if (Array.isArray(value)) return value.length
  if (value instanceof Set) return value.size
  return value instanceof Uint8Array ? value.length >> 3 : 1
}

function copyOf(value: object): object {
  if (Array.isArray(value)) return value.slice()
  if (value instanceof Set) return newSet(value)
  return value instanceof Uint8Array ? value.slice() : copyOfDate(value as Date)
}

function refill(set: Set<unknown>, members: readonly unknown[]): void {
  set.clear()
  for (const member of members) set.add(member)
}
