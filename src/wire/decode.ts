import { ChunkReference, Chunks, checkThen, define } from './chunks.ts'
import type { Constant } from './constants.ts'
import { isLoan, readEscape, revive } from './decode-escapes.ts'
import { decodeScalar } from './decode-scalar.ts'
import { ESCAPE, type Loan, type Reviver } from './escapes.ts'
import { addTo, MOST_MEMBERS, setIn } from './hashed-members.ts'
import { startsWithDigit } from './keys.ts'
import { CODE, FLAG_REF } from './marshal/codes.ts'
import { malformed } from './marshal/malformed.ts'
import { type Limits, MarshalReader } from './marshal/reader.ts'
import { ReferenceTable } from './reference-table.ts'
import { REFUSED, refusal } from './refusals.ts'
import { newMap, newSet } from './values/json.ts'

/** CPython's writer stops at this depth; the kernel sends deeper values in chunks. */
const DEPTH_LIMIT = 2000

/** The bytes that `#dictAgain` reads a second time at most, besides a multiple of all bytes. */
const [MOST_AGAIN, AGAIN_PER_BYTE] = [2 ** 20, 16]

/**
 * Reads marshal data into JavaScript values. `reviver` finds the values that were not copied.
 *
 * The bytes count as hostile: anything but a complete, plain value throws
 * `ERR_PYTHREADS_PROTOCOL`. A value that JavaScript cannot hold throws `ERR_PYTHREADS_VALUE`, see
 * {@link refusal}.
 */
export function decode(
  bytes: Buffer,
  start: number = 0,
  end: number = bytes.length,
  reviver?: Reviver,
): unknown {
  const value = decodeScalar(bytes, start, end)
  return value === undefined ? decodeFrom(new Decoder(bytes, start, end, reviver)) : value
}

function decodeFrom(decoder: Decoder): unknown {
  const value = read(decoder)
  if (decoder.left !== 0) malformed(`${decoder.left} bytes are left over`)
  const { refused } = decoder
  if (refused !== undefined) throw refusal(refused.reason, value, refused.culprit)
  return value
}

function read(decoder: Decoder): unknown {
  try {
    return decoder.value()
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    // A limit of V8 that the decoder does not know.
    throw refusal('is larger than JavaScript can hold', REFUSED, REFUSED, cause)
  }
}

/**
 * Decides what each value becomes. Reads bytes through a reader instead of extending it: Node 20
 * takes longer to make an object of a derived class than to read a small reply.
 */
class Decoder implements Limits {
  /** The first value that JavaScript cannot hold. The rest is read nevertheless. */
  refused: { readonly reason: string; readonly culprit: unknown } | undefined
  readonly #in: MarshalReader
  #depth = 0
  readonly #references: ReferenceTable
  /** Where dicts begin that are read a second time, as a Map: see `#dictAgain`. */
  #maps: Set<number> | undefined
  /** The number of bytes that were read a second time. */
  #again = 0
  readonly #isElsewhere: boolean
  readonly #reviver: Reviver | undefined
  /** Set while a value is read that came in chunks. */
  #chunks: Chunks | undefined

  /**
   * `isElsewhere`: the payload is in lent memory, not in the frame. `mayChange`: a worker process
   * can write to the bytes while they are read.
   */
  constructor(
    bytes: Buffer,
    start: number,
    end: number,
    reviver: Reviver | undefined,
    isElsewhere: boolean = false,
    mayChange: boolean = false,
  ) {
    this.#in = new MarshalReader(bytes, start, end, mayChange, this)
    this.#references = new ReferenceTable(end)
    this.#reviver = reviver
    this.#isElsewhere = isElsewhere
  }

  /** The number of bytes that are not read yet. */
  get left(): number {
    return this.#in.end - this.#in.position
  }

  value(): unknown {
    const tag = this.#in.byte()
    const code = tag & ~FLAG_REF
    const shared = tag !== code
    switch (code) {
      // The codes that most values have come first: a call of `leaf` costs a tenth of such a value.
      case CODE.SHORT_ASCII:
      case CODE.SHORT_ASCII_INTERNED:
      case CODE.INT: {
        const leaf = code === CODE.INT ? this.#in.int32() : this.#in.shortText()
        if (shared) this.#references.add(leaf)
        return leaf
      }
      case CODE.NONE:
        return null
      case CODE.TRUE:
        return true
      case CODE.FALSE:
        return false
      case CODE.REF:
        return this.#references.get(this.#in.int32(), this.#chunks !== undefined)
      case CODE.TUPLE: {
        const length = this.#in.count()
        return this.#isEscape(length)
          ? this.#readEscape(length, shared)
          : this.#array(length, shared, true)
      }
      case CODE.LIST:
        return this.#array(this.#in.count(), shared, false)
      case CODE.SMALL_TUPLE: {
        const length = this.#in.byte()
        return this.#isEscape(length)
          ? this.#readEscape(length, shared)
          : this.#array(length, shared, true)
      }
      case CODE.DICT:
        return this.#dict(shared)
      case CODE.SET:
        return this.#set(this.#in.count(), shared, false)
      case CODE.FROZENSET:
        return this.#set(this.#in.count(), shared, true)
      case CODE.BYTES:
        return this.#bytes(shared)
      default: {
        const leaf = this.#in.leaf(code)
        if (shared) this.#references.add(leaf)
        return leaf
      }
    }
  }

  tooLarge(what: string): typeof REFUSED {
    this.#refuse(`is larger than JavaScript can hold: ${what}`, REFUSED)
    return REFUSED
  }

  #refuse(reason: string, culprit: unknown): void {
    this.refused ??= { reason, culprit }
  }

  /** A list or a tuple. It recurses, so one function does all: each takes a stack frame. */
  #array(length: number, shared: boolean, isTuple: boolean): unknown[] {
    const items: unknown[] = []
    const constant = isTuple ? this.#enterConstant(items, shared) : undefined
    if (!isTuple) this.#enter(items, shared)
    for (
      let i = this.#in.numbers(items, length);
      i < length;
      i += this.#in.numbers(items, length - i)
    ) {
      items.push(this.value())
      i++
    }
    this.#leave(constant)
    if (this.#chunks !== undefined) {
      for (const [i, item] of items.entries())
        if (item instanceof ChunkReference) this.#chunks.put(items, i, item)
    }
    return items
  }

  #bytes(shared: boolean): Uint8Array {
    const bytes = this.#in.bytes()
    this.#leave(this.#enterConstant(bytes, shared))
    return bytes
  }

  #enter(container: object, shared: boolean): number {
    if (this.#depth++ > DEPTH_LIMIT) malformed(`nested deeper than ${DEPTH_LIMIT} levels`)
    return shared ? this.#references.add(container) : -1
  }

  /** Begins a value that is immutable in Python. */
  #enterConstant(value: object, shared: boolean): Constant | undefined {
    this.#enter(value, false)
    if (shared) return this.#references.beginConstant(value)
    this.#references.addInner(value)
    return undefined
  }

  #leave(constant: Constant | undefined): void {
    this.#depth--
    if (constant !== undefined) this.#references.endConstant(constant)
  }

  #isEscape(length: number): boolean {
    return length > 0 && this.#in.position < this.#in.end && this.#in.next === CODE.ELLIPSIS
  }

  /** Reads an escape, behind its length. */
  #readEscape(length: number, shared: boolean): unknown {
    this.#in.position++
    if (length < 2 || length > 7) malformed(`an escape of ${length} fields`)
    const slot = shared ? this.#references.add(undefined) : -1
    if (this.#depth++ > DEPTH_LIMIT) malformed(`nested deeper than ${DEPTH_LIMIT} levels`)
    const code = this.value()
    const value = this.#escape(code, length - 2, slot)
    this.#depth--
    if (slot < 0) return value
    // `instanceof` only for these codes: another value may be a proxy of the user that throws.
    if ((code === ESCAPE.DATE || code === ESCAPE.SCALAR) && value instanceof Date)
      this.#references.setConstant(slot, value)
    else this.#references.set(slot, value)
    return value
  }

  #escape(code: unknown, count: number, slot: number): unknown {
    if (code === ESCAPE.MAP || code === ESCAPE.SET)
      return this.#collection(code === ESCAPE.MAP, count, slot)
    if (code === ESCAPE.DEEP) return this.#deep(count)
    const fields = Array.from({ length: count }, () => this.value())
    if (fields.includes(REFUSED)) return REFUSED
    if (code === ESCAPE.FRAME && isLoan(fields)) return this.#elsewhere(fields)
    const [index] = fields
    if (code === ESCAPE.NODE && this.#chunks !== undefined && count === 1)
      if (typeof index === 'number') return new ChunkReference(index)
    return readEscape(code, fields, this.#reviver)
  }

  /** Reads a payload that is in lent memory instead of the frame. */
  #elsewhere(loan: Loan): unknown {
    if (this.#isElsewhere || this.#depth > 1) malformed('a payload within a payload')
    const reviver = revive(this.#reviver)
    const decoderOf = (memory: ArrayBuffer, mayChange: boolean) =>
      new Decoder(Buffer.from(memory), 0, memory.byteLength, reviver, true, mayChange)
    return reviver.read(loan, (memory, mayChange) => decodeFrom(decoderOf(memory, mayChange)))
  }

  /** A Map or a Set. It is made before its members are read: one of them may refer to it. */
  #collection(isMap: boolean, fields: number, slot: number): unknown {
    const collection = isMap ? newMap() : newSet()
    if (slot >= 0) this.#references.set(slot, collection)
    const items = fields === 1 ? this.value() : undefined
    if (!Array.isArray(items) || (isMap && items.length % 2 !== 0))
      malformed('a Map or Set without its members')
    const fill = () => {
      if (collection instanceof Map)
        for (let i = 0; i < items.length; i += 2) setIn(collection, items[i], items[i + 1])
      else for (const item of items) addTo(collection, item)
      this.#checkSize(collection, isMap ? items.length / 2 : items.length)
    }
    if (this.#chunks === undefined) fill()
    else this.#chunks.later(fill)
    return collection
  }

  /** A value that is nested too deeply for marshal: a list of chunks. The first one is the root. */
  #deep(fields: number): unknown {
    if (this.#chunks !== undefined || fields !== 1) malformed('chunks within chunks')
    const chunks = new Chunks()
    this.#chunks = chunks
    const root = chunks.complete(this.value())
    this.#chunks = undefined
    return root
  }

  #set(length: number, shared: boolean, isFrozen: boolean): Set<unknown> {
    const items = newSet()
    const constant = isFrozen ? this.#enterConstant(items, shared) : undefined
    if (!isFrozen) this.#enter(items, shared)
    for (let i = 0; i < length; i++) addTo(items, this.#member())
    this.#checkSize(items, length)
    this.#leave(constant)
    return items
  }

  /**
   * Refuses a collection that has lost members: several NaN keys, and texts that differ only in
   * surrogates, are distinct in Python and equal in JavaScript.
   */
  #checkSize(collection: Map<unknown, unknown> | Set<unknown>, size: number): void {
    if (collection.size !== size)
      this.#collapsed(collection, collection instanceof Map ? 'dict' : 'set', size)
  }

  #collapsed(collection: object, kind: string, size: number): void {
    const reason =
      size > MOST_MEMBERS
        ? `is larger than JavaScript can hold: a ${kind} of ${size} members`
        : `is a ${kind} with keys that are the same in JavaScript: several NaN, or texts that differ in surrogates only`
    this.#refuse(reason, collection)
  }

  /** A key of a dict: most likely a text that was a key before. */
  #key(): unknown {
    const reader = this.#in
    const known = reader.knownKey()
    if (known === undefined) {
      const isNew = reader.isNewKey
      const key = this.value()
      if (isNew) reader.rememberKey(key as string)
      return key
    }
    if (reader.isShared) this.#references.add(known)
    return known
  }

  #dict(shared: boolean): unknown {
    const start = this.#in.position
    if (this.#maps?.has(start)) {
      const map = newMap()
      this.#enter(map, shared)
      return this.#map(map, 0)
    }
    const object: Record<string, unknown> = {}
    const index = this.#enter(object, shared)
    const surrogates = this.#in.surrogates
    let order: string[] | undefined
    let count = 0
    while (!this.#in.atNull()) {
      const key = this.#key()
      if (typeof key !== 'string') {
        if (index >= 0 && this.#references.isReferredTo(index) && this.#mayReadAgain(start))
          return this.#dictAgain(start, index)
        const map = newMap((order ?? Object.keys(object)).map((name) => [name, object[name]]))
        if (index >= 0) this.#references.set(index, map)
        setIn(map, key, this.#member())
        return this.#map(map, count + 1)
      }
      count++
      // An object moves integer-like keys to the front, so their order is kept here for a Map.
      if (order !== undefined) order.push(key)
      else if (startsWithDigit(key)) order = [...Object.keys(object), key]
      const value = this.value()
      if (this.#chunks !== undefined && value instanceof ChunkReference)
        this.#chunks.put(object, key, value)
      if (typeof value === 'function') checkThen(key, value)
      if (key === '__proto__') define(object, key, value)
      else object[key] = value
    }
    if (this.#in.surrogates !== surrogates && Object.keys(object).length !== count)
      this.#collapsed(object, 'dict', count)
    this.#depth--
    return object
  }

  /**
   * A member of a Set or a Map. In chunks, the kernel sends these collections as escapes, so a
   * reference to a chunk cannot be here.
   */
  #member(): unknown {
    const value = this.value()
    if (this.#chunks !== undefined && value instanceof ChunkReference)
      malformed('a chunk where there can be none')
    return value
  }

  /** Whether a dict may be read from its start again; refuses the value otherwise. */
  #mayReadAgain(start: number): boolean {
    this.#again += this.#in.position - start
    if (this.#again <= MOST_AGAIN + this.#in.end * AGAIN_PER_BYTE) return true
    this.#refuse(
      'has too many dicts that refer to themselves and have keys of several types',
      REFUSED,
    )
    return false
  }

  /**
   * Reads a dict from its start again, as a Map, because a value in it refers to the object that
   * was made for it.
   */
  #dictAgain(start: number, index: number): unknown {
    this.#maps ??= new Set()
    this.#maps.add(start)
    this.#in.position = start
    this.#references.truncate(index)
    this.#depth--
    return this.#dict(true)
  }

  /** Reads the rest of a dict into a Map, which holds `count` entries so far. */
  #map(map: Map<unknown, unknown>, count: number): Map<unknown, unknown> {
    let expected = count
    for (; !this.#in.atNull(); expected++) {
      const key = this.#member()
      setIn(map, key, this.#member())
    }
    this.#checkSize(map, expected)
    this.#depth--
    return map
  }
}
