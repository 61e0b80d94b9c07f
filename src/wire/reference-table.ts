import { Constant, Constants } from './constants.ts'
import { malformed } from './marshal/malformed.ts'

/**
 * The objects of one payload that carried FLAG_REF, in the order in which CPython numbers them. A
 * mutable one is the same object wherever it is referred to, an immutable one is copied.
 */
export class ReferenceTable {
  readonly #objects: unknown[] = []
  /** The numbers of containers that were referred to. */
  #referred: Set<number> | undefined
  #constants: Constants | undefined
  readonly #bytes: number

  /** `bytes`: how large the payload is. */
  constructor(bytes: number) {
    this.#bytes = bytes
  }

  /** Adds an object; returns its number. */
  add(object: unknown): number {
    return this.#objects.push(object) - 1
  }

  /** Replaces an object. */
  set(index: number, object: unknown): void {
    this.#objects[index] = object
  }

  /** Replaces a value by one that is immutable in Python, whole. */
  setConstant(index: number, value: object): void {
    this.#objects[index] = new Constant(value, true)
  }

  /** Forgets all objects from a number on. */
  truncate(length: number): void {
    this.#objects.length = length
  }

  isReferredTo(index: number): boolean {
    return this.#referred?.has(index) === true
  }

  /** Begins a value that is immutable in Python. `shared`: it carried FLAG_REF. */
  beginConstant(value: object, shared: boolean): Constant | undefined {
    this.#constants?.add(value)
    if (!shared) return undefined
    const constant = new Constant(value, false)
    this.#objects.push(constant)
    this.#constants ??= new Constants(this.#bytes)
    this.#constants.depth++
    return constant
  }

  endConstant(constant: Constant): void {
    if (this.#constants !== undefined) this.#constants.depth--
    constant.isWhole = true
  }

  /** What a reference stands for. `isInChunks`: immutable values are shared, too. */
  get(index: number, isInChunks: boolean): unknown {
    if (index < 0 || index >= this.#objects.length) malformed(`reference ${index} points nowhere`)
    const known = this.#objects[index]
    if (typeof known !== 'object' || known === null) return known
    if (Constant.is(known)) {
      if (!known.isWhole || isInChunks) return known.value // in itself it is itself
      this.#constants ??= new Constants(this.#bytes)
      return this.#constants.another(known.value)
    }
    this.#referred ??= new Set()
    this.#referred.add(index)
    return known
  }
}
