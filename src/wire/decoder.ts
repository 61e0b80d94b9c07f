import { constants } from 'node:buffer'
import { PythreadsError } from '../errors/index.ts'
import { Constant, Constants } from './constants.ts'
import { ESCAPE, type Loan, type Reviver } from './escapes.ts'
import { CODE, FLAG_REF } from './marshal/codes.ts'
import { BAD_DIGITS, readInteger, TOO_LARGE } from './marshal/integers.ts'
import { readWithSurrogates } from './marshal/surrogates.ts'
import { REFUSED, refusal } from './refusals.ts'
import { newMap, newSet } from './values/json.ts'
import { type DType, NdArray } from './values/ndarray.ts'
import { naiveDate, type PythonDate, pythonDate } from './values/python-date.ts'
import { PythonScalar, type ScalarType } from './values/scalar.ts'
import { ARRAY_KINDS } from './values/typed-arrays.ts'

/** CPython's writer stops here; what is nested deeper comes in chunks. */
const DEPTH_LIMIT = 2000

/**
 * The last keys of dicts, by a hash: records have the same ones, and a text that is there need be
 * neither made nor looked up by V8.
 */
const KEYS: string[] = new Array<string>(256).fill('')
const LONGEST_KEY = 32

/**
 * To ask the runtime for each short text takes 50 to 100 ns, to take a part of a text that is there
 * 7. So where short texts follow each other closely, all bytes from there are read as one text. V8
 * copies parts of up to 12 characters; a longer one would keep the whole text alive.
 */
const COPIED = 12
const DENSE = 64
const WINDOW = 4096

/** V8's limits for a string and for a Map or a Set. */
const LONGEST_TEXT = constants.MAX_STRING_LENGTH
const MOST_MEMBERS = 2 ** 24

/**
 * How many bytes are read a second time at the most, besides a multiple of all: see `#dictAgain`.
 */
const MOST_AGAIN = 2 ** 20
const AGAIN_PER_BYTE = 16

/**
 * Reads marshal data into JavaScript values; `reviver` finds what was not copied. The bytes count
 * as hostile: whatever is not a complete, plain value throws `ERR_PYTHREADS_PROTOCOL`, and nothing
 * larger than the input warrants is allocated. A value that JavaScript cannot hold throws
 * `ERR_PYTHREADS_VALUE`, see {@link refusal}.
 */
export function decode(
  bytes: Buffer,
  start: number = 0,
  end: number = bytes.length,
  reviver?: Reviver,
): unknown {
  return decodeFrom(new Reader(bytes, start, end, reviver))
}

function decodeFrom(reader: Reader): unknown {
  const value = read(reader)
  if (reader.position !== reader.end)
    malformed(`${reader.end - reader.position} bytes are left over`)
  const { refused } = reader
  if (refused !== undefined) throw refusal(refused.reason, value, refused.culprit)
  return value
}

function read(reader: Reader): unknown {
  try {
    return reader.value()
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause // of a limit of V8 that is not known here
    throw refusal('is larger than JavaScript can hold', REFUSED, REFUSED, cause)
  }
}

/** What `toString` ends in, without asking for the encoding each time. */
interface SlicedBuffer extends Buffer {
  latin1Slice(start: number, end: number): string
  utf8Slice(start: number, end: number): string
}

/** Stands for a chunk until all of them are there. */
class Node {
  readonly index: number

  constructor(index: number) {
    this.index = index
  }
}

class Reader {
  position: number
  readonly end: number
  /** What JavaScript cannot hold, if there is such a thing. The rest is read nevertheless. */
  refused: { readonly reason: string; readonly culprit: unknown } | undefined
  #bytes: SlicedBuffer
  #view: DataView
  #mayChange: boolean
  #depth = 0
  /** The objects that carried FLAG_REF, in the order in which CPython numbers them. */
  readonly #references: unknown[] = []
  /** The bytes from `windowStart` to `windowEnd` as Latin-1. */
  #window = ''
  #windowStart = 0
  #windowEnd = 0
  /** Where the last short text ended. */
  #textEnd = -DENSE
  /**
   * Where dicts begin that can be referred to and turned out to have a key which is not a string.
   */
  #maps: Set<number> | undefined
  /** The numbers of containers that were referred to. */
  #referred: Set<number> | undefined
  /** How many bytes were read a second time. */
  #again = 0
  #constants: Constants | undefined
  /** How many texts had surrogates. */
  #surrogates = 0
  readonly #isElsewhere: boolean
  readonly #reviver: Reviver | undefined
  /** For values that came in chunks: what is left to do when all of them have been read. */
  #later: ((chunks: readonly unknown[]) => void)[] | undefined

  /**
   * `isElsewhere`: another payload says where this one is. `mayChange`: somebody can write there
   * meanwhile.
   */
  constructor(
    bytes: Buffer,
    start: number,
    end: number,
    reviver: Reviver | undefined,
    isElsewhere: boolean = false,
    mayChange: boolean = false,
  ) {
    this.#mayChange = mayChange
    this.#reviver = reviver
    this.#isElsewhere = isElsewhere
    this.#bytes = bytes as SlicedBuffer
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    this.position = start
    this.end = end
  }

  value(): unknown {
    const tag = this.#byte()
    const code = tag & ~FLAG_REF
    const shared = tag !== code
    switch (code) {
      case CODE.NONE:
        return null
      case CODE.TRUE:
        return true
      case CODE.FALSE:
        return false
      case CODE.REF:
        return this.#reference()
      case CODE.TUPLE: {
        const length = this.#count()
        return this.#isEscape(length)
          ? this.#readEscape(length, shared)
          : this.#array(length, shared, true)
      }
      case CODE.LIST:
        return this.#array(this.#count(), shared, false)
      case CODE.SMALL_TUPLE: {
        const length = this.#byte()
        return this.#isEscape(length)
          ? this.#readEscape(length, shared)
          : this.#array(length, shared, true)
      }
      case CODE.DICT:
        return this.#dict(shared)
      case CODE.SET:
        return this.#set(this.#count(), shared, false)
      case CODE.FROZENSET:
        return this.#set(this.#count(), shared, true)
      case CODE.BYTES:
        return this.#constantBytes(shared)
      default: {
        const leaf = this.#leaf(code)
        if (shared) this.#references.push(leaf)
        return leaf
      }
    }
  }

  #leaf(code: number): unknown {
    switch (code) {
      case CODE.INT: {
        const at = this.#take(4)
        return this.#view.getInt32(at, true)
      }
      case CODE.FLOAT: {
        const at = this.#take(8)
        return this.#view.getFloat64(at, true)
      }
      case CODE.UNICODE:
      case CODE.INTERNED:
        return this.#utf8(this.#count())
      case CODE.ASCII:
      case CODE.ASCII_INTERNED:
        return this.#latin1(this.#count())
      case CODE.SHORT_ASCII:
      case CODE.SHORT_ASCII_INTERNED:
        return this.#latin1(this.#byte())
      case CODE.LONG:
        return this.#long()
      default:
        return malformed(`type code ${code} is not that of a plain value`)
    }
  }

  #latin1(length: number): unknown {
    const at = this.#take(length)
    const end = at + length
    if (length > LONGEST_TEXT) return this.#tooLarge('a str')
    if (length > COPIED) return this.#bytes.latin1Slice(at, end)
    const isDense = at - this.#textEnd < DENSE
    this.#textEnd = end
    if (end > this.#windowEnd || at < this.#windowStart) {
      if (!isDense) return this.#bytes.latin1Slice(at, end)
      this.#windowStart = at
      this.#windowEnd = Math.min(at + WINDOW, this.end)
      this.#window = this.#bytes.latin1Slice(at, this.#windowEnd)
    }
    return this.#window.substring(at - this.#windowStart, end - this.#windowStart)
  }

  #utf8(length: number): unknown {
    if (length <= COPIED && this.#isAscii(length)) return this.#latin1(length)
    const at = this.#take(length)
    if (this.#mayChange) this.#copy()
    if (length > LONGEST_TEXT) return this.#longUtf8(at, length)
    const text = this.#bytes.utf8Slice(at, at + length)
    if (!text.includes('\ufffd')) return text
    this.#surrogates++
    return readWithSurrogates(this.#bytes, at, at + length)
  }

  /**
   * Goes on with a copy. V8 measures a text of UTF-8 before it writes the text: one that grows in
   * between would be written beyond the end of its memory. All else is read within bounds, whatever
   * it becomes.
   */
  #copy(): void {
    const copy = Buffer.from(this.#bytes)
    this.#mayChange = false
    this.#bytes = copy as SlicedBuffer
    this.#view = new DataView(copy.buffer, copy.byteOffset, copy.length)
  }

  /** A text of more bytes than a string may have characters. */
  #longUtf8(at: number, length: number): unknown {
    try {
      return readWithSurrogates(this.#bytes, at, at + length)
    } catch (error) {
      if (error instanceof PythreadsError && !isTooLong(error.cause)) throw error
      return this.#tooLarge('a str')
    }
  }

  #tooLarge(what: string): typeof REFUSED {
    this.#refuse(`is larger than JavaScript can hold: ${what}`, REFUSED)
    return REFUSED
  }

  #refuse(reason: string, culprit: unknown): void {
    this.refused ??= { reason, culprit }
  }

  #isAscii(length: number): boolean {
    const end = this.position + length
    for (let i = this.position; i < end; i++) if ((this.#bytes[i] as number) > 0x7f) return false
    return true
  }

  #long(): unknown {
    const signed = this.#int32()
    const count = Math.abs(signed)
    if (count * 2 > this.end - this.position) malformed(`an int claims ${count} digits`)
    const value = readInteger(this.#bytes, this.#take(count * 2), count, signed < 0)
    if (value === BAD_DIGITS) malformed('an int has a bad digit')
    return value === TOO_LARGE ? this.#tooLarge('an int') : value
  }

  /** A list, or a tuple. It recurses, so all of it is in one function. */
  #array(length: number, shared: boolean, isTuple: boolean): unknown[] {
    const items: unknown[] = []
    const constant = isTuple ? this.#enterConstant(items, shared) : undefined
    if (!isTuple) this.#enter(items, shared)
    for (let i = this.#numbers(items, length); i < length; i += this.#numbers(items, length - i)) {
      items.push(this.value())
      i++
    }
    this.#leave(constant)
    if (this.#later !== undefined)
      for (const [i, item] of items.entries()) if (item instanceof Node) this.#put(items, i, item)
    return items
  }

  #constantBytes(shared: boolean): Uint8Array {
    const length = this.#count()
    const at = this.#take(length)
    const bytes = new Uint8Array(this.#bytes.subarray(at, at + length))
    this.#leave(this.#enterConstant(bytes, shared))
    return bytes
  }

  /** Begins a value that is immutable in Python. */
  #enterConstant(value: object, shared: boolean): Constant | undefined {
    this.#enter(value, false)
    this.#constants?.add(value)
    if (!shared) return undefined
    const constant = new Constant(value, false)
    this.#references.push(constant)
    this.#constants ??= new Constants(this.end)
    this.#constants.depth++
    return constant
  }

  #leave(constant: Constant | undefined): void {
    this.#depth--
    if (constant === undefined) return
    if (this.#constants !== undefined) this.#constants.depth--
    constant.isWhole = true
  }

  /**
   * Reads the numbers that come next, at most `length`: most long lists are of nothing else.
   * Answers how many they are.
   */
  #numbers(items: unknown[], length: number): number {
    const bytes = this.#bytes
    const view = this.#view
    const count = this.#countNumbers(length)
    if (count === 0) return 0
    const start = items.length
    let position = this.position
    items.length = start + count // at once: to grow bit by bit takes three times as long
    for (let i = start; i < start + count; i++) {
      if (bytes[position] === CODE.FLOAT) {
        items[i] = view.getFloat64(position + 1, true)
        position += 9
      } else {
        items[i] = view.getInt32(position + 1, true)
        position += 5
      }
    }
    this.position = position
    return count
  }

  /** How many numbers come next, at most `length`; all of them are there. */
  #countNumbers(length: number): number {
    const bytes = this.#bytes
    const end = this.end
    let position = this.position
    let count = 0
    for (; count < length; count++) {
      const code = bytes[position]
      const next = position + (code === CODE.FLOAT ? 9 : 5)
      if ((code !== CODE.FLOAT && code !== CODE.INT) || next > end) break
      position = next
    }
    return count
  }

  #isEscape(length: number): boolean {
    return length > 0 && this.position < this.end && this.#bytes[this.position] === CODE.ELLIPSIS
  }

  /** What an escape stands for. */
  #readEscape(length: number, shared: boolean): unknown {
    this.position++
    if (length < 2 || length > 7) malformed(`an escape of ${length} fields`)
    const slot = shared ? this.#references.push(undefined) - 1 : -1
    if (this.#depth++ > DEPTH_LIMIT) malformed(`nested deeper than ${DEPTH_LIMIT} levels`)
    const code = this.value()
    const value = this.#escape(code, length - 2, slot)
    this.#depth--
    const isDate = (code === ESCAPE.DATE || code === ESCAPE.SCALAR) && value instanceof Date // anything of JavaScript's own may mind
    if (slot >= 0) this.#references[slot] = isDate ? new Constant(value, true) : value
    return value
  }

  #escape(code: unknown, fields: number, slot: number): unknown {
    if (code === ESCAPE.MAP || code === ESCAPE.SET)
      return this.#collection(code === ESCAPE.MAP, fields, slot)
    if (code === ESCAPE.DEEP) return this.#deep(fields)
    const values = Array.from({ length: fields }, () => this.value())
    if (values.includes(REFUSED)) return REFUSED
    const [first, second, third, fourth, fifth] = values
    if (code === ESCAPE.DATE && typeof first === 'number')
      return fields === 1 ? new Date(first) : toDate(values)
    if (
      code === ESCAPE.NODE &&
      fields === 1 &&
      typeof first === 'number' &&
      this.#later !== undefined
    )
      return new Node(first)
    if (
      code === ESCAPE.SCALAR &&
      fields === 2 &&
      typeof first === 'string' &&
      typeof second === 'string'
    )
      return this.#scalar(first as ScalarType, second)
    if (code === ESCAPE.ARRAY && fields === 2 && second instanceof Uint8Array)
      return toTypedArray(first, second)
    if (code === ESCAPE.SHARED && isLoan(values))
      return new Uint8Array(this.#revive().memory(values))
    if (code === ESCAPE.FRAME && isLoan(values)) return this.#elsewhere(values)
    if (code === ESCAPE.NDARRAY && fifth instanceof Uint8Array) {
      return toNdArray(
        first as DType,
        second as number[],
        third as number[],
        toTypedArray(fourth, fifth),
      )
    }
    if (code === ESCAPE.FUNCTION && fields === 1 && typeof first === 'number')
      return this.#revive().local(first)
    if (
      code === ESCAPE.OBJECT &&
      typeof first === 'number' &&
      typeof second === 'string' &&
      typeof third === 'number'
    ) {
      return this.#revive().object(first, second, third)
    }
    return malformed(`an escape of ${fields} fields that is none`)
  }

  #scalar(type: ScalarType, text: string): PythonScalar | PythonDate {
    const { naiveDates = 'exact' } = this.#reviver ?? {}
    const date =
      naiveDates !== 'exact' && type === 'datetime.datetime'
        ? naiveDate(text, naiveDates)
        : undefined
    return date ?? toScalar(type, text)
  }

  /** A payload that did not come with the frame. */
  #elsewhere(loan: Loan): unknown {
    if (this.#isElsewhere || this.#depth > 1) malformed('a payload within a payload')
    const reviver = this.#revive()
    const readAt = (memory: ArrayBuffer, mayChange: boolean) =>
      new Reader(Buffer.from(memory), 0, memory.byteLength, reviver, true, mayChange)
    return reviver.read(loan, (memory, mayChange) => decodeFrom(readAt(memory, mayChange)))
  }

  #revive(): Reviver {
    return this.#reviver ?? malformed('a reference where there can be none')
  }

  /** A Map or a Set, which exists before its members are read: one of them may refer to it. */
  #collection(isMap: boolean, fields: number, slot: number): unknown {
    const collection = isMap ? newMap() : newSet()
    if (slot >= 0) this.#references[slot] = collection
    const items = fields === 1 ? this.value() : undefined
    if (!Array.isArray(items) || (isMap && items.length % 2 !== 0))
      malformed('a Map or Set without its members')
    const fill = () => {
      if (collection instanceof Map)
        for (let i = 0; i < items.length; i += 2) setIn(collection, items[i], items[i + 1])
      else for (const item of items) addTo(collection, item)
      this.#checkSize(collection, isMap ? items.length / 2 : items.length)
    }
    if (this.#later === undefined) fill()
    else this.#later.push(fill)
    return collection
  }

  /** What is nested too deeply for marshal: a list of chunks, of which the first is the root. */
  #deep(fields: number): unknown {
    if (this.#later !== undefined || fields !== 1) malformed('chunks within chunks')
    const later: ((chunks: readonly unknown[]) => void)[] = []
    this.#later = later
    const chunks = this.value()
    if (!Array.isArray(chunks) || chunks.length === 0) malformed('chunks that are no list')
    for (const complete of later) complete(chunks)
    this.#later = undefined
    return chunks[0]
  }

  #put(target: unknown[] | Record<string, unknown>, key: number | string, { index }: Node): void {
    this.#later?.push((chunks) => {
      if (!(Number.isInteger(index) && index > 0 && index < chunks.length))
        malformed(`there is no chunk ${index}`)
      checkThen(key, chunks[index])
      Object.defineProperty(target, key, {
        value: chunks[index],
        writable: true,
        enumerable: true,
        configurable: true,
      })
    })
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
   * Several NaN keys, and texts that differ in surrogates alone, are distinct in Python and one in
   * JavaScript: say so rather than lose one.
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

  /** A value that is most likely a text, and one of a few. */
  #key(): unknown {
    const bytes = this.#bytes
    const tag = bytes[this.position] as number
    const code = tag & ~FLAG_REF
    const isShort = code === CODE.SHORT_ASCII || code === CODE.SHORT_ASCII_INTERNED
    if (!isShort && code !== CODE.UNICODE && code !== CODE.INTERNED) return this.value()
    const start = this.position + (isShort ? 2 : 5)
    if (start >= this.end) return this.value()
    const length = isShort ? (bytes[start - 1] as number) : this.#view.getInt32(start - 4, true)
    const end = start + length
    if (length <= 0 || length > LONGEST_KEY || end > this.end) return this.value()
    const slot = (length * 31 + (bytes[start] as number) * 7 + (bytes[end - 1] as number)) & 255
    const known = KEYS[slot] as string
    if (known.length !== length || !this.#isAt(start, known)) {
      const key = this.value()
      if ((key as string).length === length) KEYS[slot] = key as string // of ASCII alone
      return key
    }
    this.position = end
    if (tag !== code) this.#references.push(known)
    return known
  }

  #isAt(start: number, text: string): boolean {
    for (let i = 0; i < text.length; i++)
      if (this.#bytes[start + i] !== text.charCodeAt(i)) return false
    return true
  }

  #dict(shared: boolean): unknown {
    const start = this.position
    if (this.#maps?.has(start)) {
      const map = newMap()
      this.#enter(map, shared)
      return this.#map(map, 0)
    }
    const object: Record<string, unknown> = {}
    const index = this.#enter(object, shared)
    const surrogates = this.#surrogates
    let order: string[] | undefined
    let count = 0
    while (!this.#atNull()) {
      const key = this.#key()
      if (typeof key !== 'string') {
        if (index >= 0 && this.#referred?.has(index) === true && this.#mayReadAgain(start))
          return this.#dictAgain(start, index)
        const map = newMap((order ?? Object.keys(object)).map((name) => [name, object[name]]))
        if (index >= 0) this.#references[index] = map
        setIn(map, key, this.#member())
        return this.#map(map, count + 1)
      }
      count++
      // An object moves integer-like keys to the front.
      if (order !== undefined) order.push(key)
      else if (isDigit(key.charCodeAt(0))) order = [...Object.keys(object), key]
      const value = this.value()
      if (this.#later !== undefined && value instanceof Node) this.#put(object, key, value)
      if (typeof value === 'function') checkThen(key, value)
      if (key === '__proto__') {
        Object.defineProperty(object, key, {
          value,
          writable: true,
          enumerable: true,
          configurable: true,
        })
      } else {
        object[key] = value
      }
    }
    if (this.#surrogates !== surrogates && Object.keys(object).length !== count)
      this.#collapsed(object, 'dict', count)
    this.#depth--
    return object
  }

  /**
   * A member of a set or of a dict with any keys: where there are chunks, Python sends these as
   * escapes.
   */
  #member(): unknown {
    const value = this.value()
    if (this.#later !== undefined && value instanceof Node)
      malformed('a chunk where there can be none')
    return value
  }

  /** Whether a dict may be read from its start once more; one that may not is refused. */
  #mayReadAgain(start: number): boolean {
    this.#again += this.position - start
    if (this.#again <= MOST_AGAIN + this.end * AGAIN_PER_BYTE) return true
    this.#refuse(
      'has too many dicts that refer to themselves and have keys of several types',
      REFUSED,
    )
    return false
  }

  /**
   * Reads a dict from its start once more, as a Map: what was read in it so far may refer to the
   * object.
   */
  #dictAgain(start: number, index: number): unknown {
    this.#maps ??= new Set()
    this.#maps.add(start)
    this.position = start
    this.#references.length = index
    this.#depth--
    return this.#dict(true)
  }

  /** Reads the rest of a dict into a Map, which holds `count` entries so far. */
  #map(map: Map<unknown, unknown>, count: number): Map<unknown, unknown> {
    let expected = count
    for (; !this.#atNull(); expected++) {
      const key = this.#member()
      setIn(map, key, this.#member())
    }
    this.#checkSize(map, expected)
    this.#depth--
    return map
  }

  #enter(container: object, shared: boolean): number {
    if (this.#depth++ > DEPTH_LIMIT) malformed(`nested deeper than ${DEPTH_LIMIT} levels`)
    return shared ? this.#references.push(container) - 1 : -1
  }

  #reference(): unknown {
    const index = this.#int32()
    if (index < 0 || index >= this.#references.length)
      malformed(`reference ${index} points nowhere`)
    const known = this.#references[index]
    if (typeof known !== 'object' || known === null) return known
    if (Constant.is(known)) {
      if (!known.isWhole || this.#later !== undefined) return known.value // in itself it is itself
      this.#constants ??= new Constants(this.end)
      return this.#constants.another(known.value)
    }
    this.#referred ??= new Set()
    this.#referred.add(index)
    return known
  }

  #atNull(): boolean {
    if (this.position >= this.end) malformed('a dict does not end')
    if (this.#bytes[this.position] !== CODE.NULL) return false
    this.position++
    return true
  }

  /** A length, checked against the bytes that are left: every member takes at least one. */
  #count(): number {
    const count = this.#int32()
    if (count < 0 || count > this.end - this.position)
      malformed(`a length of ${count} is impossible here`)
    return count
  }

  #int32(): number {
    return this.#view.getInt32(this.#take(4), true)
  }

  #byte(): number {
    return this.#bytes[this.#take(1)] as number
  }

  #take(length: number): number {
    const at = this.position
    if (length > this.end - at) malformed('the data end early')
    this.position = at + length
    return at
  }
}

function addTo(set: Set<unknown>, member: unknown): void {
  if (set.size >= MOST_MEMBERS) return
  if (set.size < TIMED_FROM || (set.size & EACH) !== 0) return void set.add(member)
  const began = performance.now()
  set.add(member)
  checkPace(performance.now() - began)
}

function setIn(map: Map<unknown, unknown>, key: unknown, value: unknown): void {
  if (map.size >= MOST_MEMBERS) return
  if (map.size < TIMED_FROM || (map.size & EACH) !== 0) return void map.set(key, value)
  const began = performance.now()
  map.set(key, value)
  checkPace(performance.now() - began)
}

/**
 * V8 hashes numbers without a seed, and of a bigint the lowest 64 bits alone: who chooses the keys
 * can have each compared with all before it. So some members of large collections are timed. One
 * takes less than a microsecond. Where many in a row take a hundred times as long, neither a slow
 * machine nor a collection of garbage nor another process is the reason: those slow some of them
 * down.
 */
const TIMED_FROM = 1024
const EACH = 15
const SLOW_MS = 0.05
const MOST_SLOW = 64
let slow = 0

function checkPace(ms: number): void {
  slow = ms > SLOW_MS ? slow + 1 : 0
  if (slow <= MOST_SLOW) return
  slow = 0
  throw refusal('has too many keys with the same hash', REFUSED, REFUSED)
}

/** The kernel sends a dict that JavaScript would take for a promise as a Map. */
function checkThen(key: number | string, value: unknown): void {
  if (key === 'then' && typeof value === 'function') malformed('an object that is a promise')
}

function isTooLong(error: unknown): boolean {
  return (
    error instanceof RangeError ||
    (error as NodeJS.ErrnoException | undefined)?.code === 'ERR_STRING_TOO_LONG'
  )
}

function toScalar(type: ScalarType, text: string): PythonScalar {
  try {
    return new PythonScalar(type, text)
  } catch {
    return malformed('a scalar of an unknown type')
  }
}

function toDate([milliseconds, nanoseconds, offset, zone, fold]: readonly unknown[]): PythonDate {
  const isWhole = (value: unknown): value is number => Number.isSafeInteger(value)
  if (
    !isWhole(milliseconds) ||
    !isWhole(nanoseconds) ||
    !isWhole(offset) ||
    typeof zone !== 'string' ||
    !isWhole(fold)
  ) {
    malformed('a date whose parts do not go together')
  }
  return pythonDate(milliseconds, { nanoseconds, offset, zone, fold })
}

function toTypedArray(format: unknown, bytes: Uint8Array): ArrayBufferView {
  const Kind = typeof format === 'string' ? ARRAY_KINDS.get(format) : undefined
  if (Kind === undefined || bytes.byteLength % Kind.BYTES_PER_ELEMENT !== 0)
    malformed('a bad array')
  return new Kind(bytes.buffer as ArrayBuffer)
}

function isLoan(values: readonly unknown[]): values is Loan {
  return values.length === 4 && values.every((value) => typeof value === 'number')
}

function toNdArray(
  dtype: DType,
  shape: number[],
  strides: number[],
  data: ArrayBufferView,
): NdArray {
  try {
    if (typeof dtype !== 'string' || !isPlainShape(shape, data.byteLength))
      malformed('an array with more items than its data')
    return new NdArray({ dtype, shape, strides, data: data as Float64Array })
  } catch {
    return malformed('an array whose parts do not go together')
  }
}

/** How many lists an array of no items may be. */
const MOST_EMPTY_LISTS = 2 ** 24

/**
 * Whether the lists that an array would be in JavaScript are in proportion to its bytes: it has no
 * items that overlap.
 */
function isPlainShape(shape: readonly number[], bytes: number): boolean {
  let lists = 1
  if (!Array.isArray(shape) || !shape.every(Number.isSafeInteger)) return false
  for (const length of shape) {
    if (length === 0) return lists <= MOST_EMPTY_LISTS
    lists *= length
    if (lists > Math.max(bytes, MOST_EMPTY_LISTS)) return false
  }
  return lists <= Math.max(bytes, 1)
}

function isDigit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39
}

function malformed(reason: string): never {
  throw new PythreadsError('ERR_PYTHREADS_PROTOCOL', `Malformed value from Python: ${reason}`)
}
