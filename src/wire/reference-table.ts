import { Constant, Constants } from './constants.ts'
import { malformed } from './marshal/malformed.ts'

/**
 * The objects of one payload that carried FLAG_REF, in the order in which CPython numbers them.
 * Each reference to a mutable one is the same object, each reference to an immutable one is a copy.
 */
export class ReferenceTable {
  readonly #objects: unknown[] = []
  /** The numbers of containers that were referred to. */
  #referred: Set<number> | undefined
  #constants: Constants | undefined
  readonly #bytes: number

  /** `bytes`: the size of the payload. */
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

  /** Replaces an object by a value that is immutable in Python and read to its end. */
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

  /** Notes an immutable value without FLAG_REF: it may be a member of one that has it. */
  addInner(value: object): void {
    this.#constants?.add(value)
  }

  /** Adds a value that is immutable in Python, whose members are read next. */
  beginConstant(value: object): Constant {
    this.addInner(value)
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

  /** The object with this number. `isInChunks`: immutable ones are not copied, either. */
  get(index: number, isInChunks: boolean): unknown {
    if (index < 0 || index >= this.#objects.length) malformed(`reference ${index} points nowhere`)
    const known = this.#objects[index]
    if (typeof known !== 'object' || known === null) return known
    if (Constant.is(known)) {
      if (!known.isWhole || isInChunks) return known.value // a member refers to it
      this.#constants ??= new Constants(this.#bytes)
      return this.#constants.another(known.value)
    }
    this.#referred ??= new Set()
    this.#referred.add(index)
    return known
  }
}
