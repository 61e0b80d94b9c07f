import { types } from 'node:util'
import { PythreadsError } from '../errors/index.ts'
import { Containers, type CutOff } from './containers.ts'
import { describe, describeKey } from './describe.ts'
import { writeDate, writeMemory, writeValue, writeView } from './encode-values.ts'
import { EscapeWriter, type Position } from './escape-writer.ts'
import { ESCAPE, type Escape, type Loan } from './escapes.ts'
import { equalInPython, isDistinct } from './keys.ts'
import { CODE, FLAG_REF, MAX_DEPTH, MAX_KEY_DEPTH, MAX_LENGTH } from './marshal/codes.ts'
import { entriesOf, sizeOfMap, sizeOfSet, valuesOf } from './values/intrinsics.ts'

/**
 * Writes JavaScript values as marshal data. A container that comes again is written as a reference,
 * so shared and cyclic structure arrives as such; a container that is nested too deeply for marshal
 * is cut off and written behind the rest.
 *
 * Not re-entrant: a getter of an encoded object that encodes something itself needs another
 * encoder.
 */
export class Encoder extends EscapeWriter {
  readonly #containers = new Containers()
  /** Where the key begins that is being written. */
  #keyRoot = 0

  /** Forgets what was written after `position`, when an error ended the writing. */
  rewind(position: number): void {
    this.position = position
    this.reset()
  }

  /**
   * Completes a payload that began at `start`; the next value is another payload. Returns whether
   * it has escapes.
   */
  finish(start: number): boolean {
    if (this.#containers.cutOff.length > 0) this.#writeChunks(start)
    const escaped = this.escaped
    this.reset()
    return escaped
  }

  /** Writes where a lent payload is. `escaped`: whether the payload has escapes. */
  elsewhere(loan: Loan, escaped: boolean): void {
    this.escape([ESCAPE.FRAME, ...loan, escaped])
    this.reset()
  }

  /**
   * Writes an object of pythreads as a dict with string keys. The object cannot occur again in the
   * payload, so it is not added to the table of references.
   */
  record(value: Readonly<Record<string, unknown>>, name: string): void {
    this.keys[0] = name
    this.code(CODE.DICT)
    this.depth = 1
    for (const key of Object.keys(value)) {
      this.keys[1] = key
      this.string(key)
      this.#any(this.#property(value, key), 'value')
    }
    this.depth = 0
    this.code(CODE.NULL)
  }

  /**
   * Writes an array of pythreads, which cannot occur again, as a list. Error messages call the list
   * `name` and number its members from `first`.
   */
  items(values: readonly unknown[], name: string, first: number): void {
    this.keys[0] = name
    const length = this.#lengthOf(values)
    this.sized(CODE.LIST, length)
    this.depth = 1
    for (let i = 0; i < length; i++) {
      this.keys[1] = first + i
      this.#any(values[i], 'value')
    }
    this.depth = 0
    if (values.length !== length) this.#changed('an array')
  }

  /** Writes any plain value. `name` is what error messages call it, e.g. `args[0]`. */
  value(value: unknown, name: string): void {
    this.keys[0] = name
    this.#any(value, 'value')
  }

  #any(value: unknown, position: Position): void {
    switch (typeof value) {
      case 'string':
        return this.string(value)
      case 'number':
        return this.number(value)
      case 'boolean':
        return this.boolean(value)
      case 'undefined':
        return this.none()
      case 'bigint':
        return this.bigint(value)
      case 'object':
        return value === null ? this.none() : this.#object(value, position)
      case 'function':
        return this.#reference(value, position)
      default:
        return this.refuse(`a ${typeof value} cannot cross to Python`)
    }
  }

  #object(value: object, position: Position): void {
    if (Array.isArray(value)) return this.#array(value, position)
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === null) return this.#record(value, position)
    if (ArrayBuffer.isView(value)) return writeView(this, value, position)
    if (value instanceof Map) return this.#map(value, position)
    if (value instanceof Set) return this.#set(value, position)
    if (writeValue(this, value, position)) return
    if (Object.getPrototypeOf(prototype) === null && !isIterable(value))
      return this.#dict(value as Record<string, unknown>, position)
    this.#byKind(value, position)
  }

  /**
   * A value of an unknown class: it may be a proxy, or come from another JavaScript realm
   * (`node:vm`).
   */
  #byKind(value: object, position: Position): void {
    if (types.isDate(value)) return writeDate(this, value, position)
    if (types.isMap(value)) return this.#map(value, position)
    if (types.isSet(value)) return this.#set(value, position)
    if (types.isAnyArrayBuffer(value)) return writeMemory(this, 'B', value, position)
    if (types.isBoxedPrimitive(value))
      this.refuse(`${describe(value)} cannot cross to Python: pass the primitive value`)
    this.#reference(value, position)
  }

  #record(value: object, position: Position): void {
    return isIterable(value)
      ? this.#reference(value, position)
      : this.#dict(value as Record<string, unknown>, position)
  }

  #reference(value: object, position: Position): void {
    let found: Escape | undefined
    try {
      found = this.references?.of(value)
    } catch (error) {
      if (error instanceof PythreadsError) this.refuse(error.message, error.code)
      throw error
    }
    if (found === undefined) this.refuse(`${describe(value)} cannot cross to Python`)
    this.escape(found, position)
  }

  #array(value: readonly unknown[], position: Position): void {
    if (position === 'key') return this.#tuple(value)
    if (this.#repeats(value)) return
    const length = this.#lengthOf(value)
    this.sized(CODE.LIST | FLAG_REF, length)
    this.#items(value, length, position)
  }

  #tuple(value: readonly unknown[]): void {
    this.#checkKeyDepth()
    const length = this.#lengthOf(value)
    this.sized(CODE.TUPLE, length)
    this.#items(value, length, 'key')
  }

  /** The length of an array, which is read once: a proxy may say something else each time. */
  #lengthOf(value: readonly unknown[]): number {
    const { length } = value
    if (!(Number.isInteger(length) && length >= 0 && length <= MAX_LENGTH))
      this.refuse('an array whose length is no length')
    return length
  }

  #items(value: readonly unknown[], length: number, position: Position): void {
    const depth = ++this.depth
    for (let i = 0; i < length; i++) {
      this.keys[depth] = i
      this.#any(value[i], position)
    }
    this.depth--
    if (value.length !== length) this.#changed('an array')
  }

  #dict(value: Record<string, unknown>, position: Position): void {
    if (position === 'key')
      this.refuse('an object cannot be a key or a set member in Python (a dict is not hashable)')
    if (this.#repeats(value)) return
    const depth = ++this.depth
    this.code(CODE.DICT | FLAG_REF)
    for (const key of Object.keys(value)) {
      this.keys[depth] = key
      this.string(key)
      this.#any(this.#property(value, key), 'value')
    }
    this.code(CODE.NULL)
    this.depth--
  }

  /**
   * A property of an object whose keys were read before: a getter may have deleted it meanwhile.
   */
  #property(value: Readonly<Record<string, unknown>>, key: string): unknown {
    const property = value[key]
    if (property === undefined && !Object.hasOwn(value, key)) this.#changed('an object')
    return property
  }

  #map(value: ReadonlyMap<unknown, unknown>, position: Position): void {
    if (position === 'key')
      this.refuse('a Map cannot be a key or a set member in Python (a dict is not hashable)')
    if (this.#repeats(value)) return
    const depth = ++this.depth
    this.code(CODE.DICT | FLAG_REF)
    const size = sizeOfMap(value)
    let index = 0
    let distinct = true
    for (const [key, item] of entriesOf(value)) {
      if (!(index < size)) {
        index++
        break
      }
      this.keys[depth] = typeof key === 'string' ? key : index
      this.#keyRoot = depth
      distinct &&= isDistinct(key)
      this.#any(key, 'key')
      this.#any(item, 'value')
      index++
    }
    this.code(CODE.NULL)
    this.depth--
    if (index !== size || sizeOfMap(value) !== size) this.#changed('a Map')
    if (!distinct)
      this.#distinct(
        Array.from(entriesOf(value), ([key]) => key),
        'Map',
      )
  }

  #set(value: ReadonlySet<unknown>, position: Position): void {
    if (position === 'key') this.#checkKeyDepth()
    else if (this.#repeats(value)) return
    const size = sizeOfSet(value)
    this.sized(position === 'key' ? CODE.FROZENSET : CODE.SET | FLAG_REF, size)
    const depth = ++this.depth
    if (position === 'value') this.#keyRoot = depth
    let index = 0
    let distinct = true
    for (const item of valuesOf(value)) {
      if (!(index < size)) {
        index++
        break
      }
      this.keys[depth] = index++
      distinct &&= isDistinct(item)
      this.#any(item, 'key')
    }
    this.depth--
    if (index !== size || sizeOfSet(value) !== size) this.#changed('a Set')
    if (!distinct) this.#distinct(valuesOf(value), 'Set')
  }

  /**
   * Refuses what would lose an entry in Python. Its members have been written: none of them is
   * cyclic or not hashable.
   */
  #distinct(keys: Iterable<unknown>, kind: string): void {
    const pair = equalInPython(keys)
    if (pair !== undefined)
      this.refuse(
        `this ${kind} has keys that are equal in Python: ${pair.map(describeKey).join(' and ')}`,
      )
  }

  /** A getter or a proxy within changed a container after its size, or its keys, were written. */
  #changed(what: string): never {
    this.refuse(`${what} that changed while it was read`)
  }

  /** Keys are hashed, which recurses: their depth has a limit, which a cyclic one meets too. */
  #checkKeyDepth(): void {
    if (this.depth - this.#keyRoot < MAX_KEY_DEPTH) return
    this.refuse(`a key or set member that is cyclic or nested deeper than ${MAX_KEY_DEPTH} levels`)
  }

  /**
   * For a container that was written before, or that is nested too deeply, writes a reference and
   * returns true. Otherwise gives the container its number.
   */
  #repeats(container: object): boolean {
    const number = this.#containers.numberOf(container)
    if (number !== undefined) {
      if (number < 0) this.escape([ESCAPE.NODE, -number])
      else this.sized(CODE.REF, number)
      return true
    }
    if (this.depth >= MAX_DEPTH) {
      this.escape([ESCAPE.NODE, this.#containers.cut(container, this.path)])
      return true
    }
    this.#containers.add(container)
    return false
  }

  /**
   * Writes what was cut off behind the payload, and wraps all of it up: `(..., DEEP, [payload,
   * chunk, ...])`.
   */
  #writeChunks(start: number): void {
    const { cutOff } = this.#containers
    for (let i = 0; i < cutOff.length; i++) {
      const { value, path } = cutOff[i] as CutOff
      this.keys[0] = path
      this.depth = 0
      this.#containers.forget(value)
      this.#object(value, 'value')
    }
    const end = this.position
    this.openEscape(ESCAPE.DEEP, 1)
    this.list(cutOff.length + 1)
    const head = Buffer.from(this.buffer.subarray(end, this.position))
    this.buffer.copyWithin(start + head.length, start, end)
    head.copy(this.buffer, start)
  }

  protected override reset(): void {
    super.reset()
    this.#containers.reset()
  }
}

/**
 * Whether it is gone through rather than copied: a generator, a stream, anything of the user's that
 * can be iterated.
 */
function isIterable(value: object): boolean {
  return Symbol.iterator in value || Symbol.asyncIterator in value
}
