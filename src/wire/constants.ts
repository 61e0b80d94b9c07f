import { newSet } from './values/json.ts'
import { copyOfDate } from './values/python-date.ts'

/**
 * Constants: tuples, frozensets, bytes and dates. They are immutable in Python, and the compiler
 * shares equal ones. In JavaScript they are mutable, so each place in a value gets a copy of the
 * constant. Lists and dicts inside of a constant are not copied.
 */

/** A constant in the table of references. */
export class Constant {
  readonly #value: object
  /** Whether all of the constant has been read. Until then a reference to it gets no copy. */
  isWhole: boolean

  constructor(value: object, isWhole: boolean) {
    this.#value = value
    this.isWhole = isWhole
  }

  /**
   * Whether a value is a `Constant`. Not by `instanceof`: an error of JavaScript may be a proxy
   * whose `getPrototypeOf` throws.
   */
  static is(value: object): value is Constant {
    return #value in value
  }

  get value(): object {
    return this.#value
  }
}

/**
 * The most members that are copied: this number plus `COPIED_PER_BYTE` for each byte of the
 * payload. A few bytes can ask for any number of copies (`t = (t, t)`, forty times). Beyond the
 * limit, places share one object.
 */
const MOST_COPIED = 2 ** 14
const COPIED_PER_BYTE = 16

/** Copies the constants of one payload. */
export class Constants {
  /** The number of constants that are being read now, one inside of the other. */
  depth = 0
  #budget: number
  /** The constants that are inside of another constant. */
  readonly #inner = new Set<unknown>()

  /** `bytes`: the size of the payload. */
  constructor(bytes: number) {
    this.#budget = MOST_COPIED + bytes * COPIED_PER_BYTE
  }

  /** Notes a constant that may be inside of another one. */
  add(value: object): void {
    if (this.depth > 0) this.#inner.add(value)
  }

  /** Copies a constant for one more place. */
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
