import { PythreadsError } from '../errors/index.ts'
import { ARRAY_KINDS, ESCAPE, type Loan, type Reviver } from './escapes.ts'
import { CODE, FLAG_REF } from './marshal.ts'
import { type DType, NdArray } from './ndarray.ts'
import { PythonScalar, type ScalarType } from './scalar.ts'

/** CPython's writer stops here; what is nested deeper comes in chunks. */
const DEPTH_LIMIT = 2000

/** The last keys of dicts, by a hash: records have the same ones, and a text that is there need be neither made nor looked up by V8. */
const KEYS: string[] = new Array<string>(256).fill('')
const LONGEST_KEY = 32

/**
 * To ask the runtime for each short text takes 50 to 100 ns, to take a part of a text that is there 7. So where short texts
 * follow each other closely, all bytes from there are read as one text. V8 copies parts of up to 12 characters; a longer one
 * would keep the whole text alive.
 */
const COPIED = 12
const DENSE = 64
const WINDOW = 4096

/**
 * Reads marshal data into JavaScript values; `reviver` finds what was not copied. The bytes count as hostile: whatever is not a complete, plain value throws
 * `ERR_PYTHREADS_PROTOCOL`, and nothing larger than the input warrants is allocated.
 */
export function decode(bytes: Buffer, start: number = 0, end: number = bytes.length, reviver?: Reviver): unknown {
  const reader = new Reader(bytes, start, end, reviver)
  const value = read(reader)
  if (reader.position !== end) malformed(`${end - reader.position} bytes are left over`)
  return value
}

function read(reader: Reader): unknown {
  try {
    return reader.value()
  } catch (cause) {
    // Strings, integers and Sets have limits of their own in V8.
    const tooLarge = cause instanceof RangeError || (cause as NodeJS.ErrnoException).code === 'ERR_STRING_TOO_LONG'
    if (!tooLarge) throw cause
    throw new PythreadsError('ERR_PYTHREADS_VALUE', 'A value from Python is larger than JavaScript can hold', { cause })
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
  readonly #bytes: SlicedBuffer
  readonly #view: DataView
  readonly #end: number
  #depth = 0
  /** The objects that carried FLAG_REF, in the order in which CPython numbers them. */
  readonly #references: unknown[] = []
  /** The bytes from `windowStart` to `windowEnd` as Latin-1. */
  #window = ''
  #windowStart = 0
  #windowEnd = 0
  /** Where the last short text ended. */
  #textEnd = -DENSE
  /** Where dicts begin that can be referred to and turned out to have a key which is not a string. */
  #maps: Set<number> | undefined
  readonly #reviver: Reviver | undefined
  /** For values that came in chunks: what is left to do when all of them have been read. */
  #later: ((chunks: readonly unknown[]) => void)[] | undefined

  constructor(bytes: Buffer, start: number, end: number, reviver: Reviver | undefined) {
    this.#reviver = reviver
    this.#bytes = bytes as SlicedBuffer
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    this.position = start
    this.#end = end
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
        return this.#isEscape(length) ? this.#readEscape(length, shared) : this.#array(length, shared)
      }
      case CODE.LIST:
        return this.#array(this.#count(), shared)
      case CODE.SMALL_TUPLE: {
        const length = this.#byte()
        return this.#isEscape(length) ? this.#readEscape(length, shared) : this.#array(length, shared)
      }
      case CODE.DICT:
        return this.#dict(shared)
      case CODE.SET:
      case CODE.FROZENSET:
        return this.#set(this.#count(), shared)
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
      case CODE.BYTES: {
        const length = this.#count()
        const at = this.#take(length)
        return new Uint8Array(this.#bytes.subarray(at, at + length))
      }
      case CODE.LONG:
        return this.#long()
      default:
        return malformed(`type code ${code} is not that of a plain value`)
    }
  }

  #latin1(length: number): string {
    const at = this.#take(length)
    const end = at + length
    if (length > COPIED) return this.#bytes.latin1Slice(at, end)
    const isDense = at - this.#textEnd < DENSE
    this.#textEnd = end
    if (end > this.#windowEnd || at < this.#windowStart) {
      if (!isDense) return this.#bytes.latin1Slice(at, end)
      this.#windowStart = at
      this.#windowEnd = Math.min(at + WINDOW, this.#end)
      this.#window = this.#bytes.latin1Slice(at, this.#windowEnd)
    }
    return this.#window.substring(at - this.#windowStart, end - this.#windowStart)
  }

  #utf8(length: number): string {
    if (length <= COPIED && this.#isAscii(length)) return this.#latin1(length)
    const at = this.#take(length)
    const text = this.#bytes.utf8Slice(at, at + length)
    return text.includes('\ufffd') ? readWithSurrogates(this.#bytes, at, at + length) : text
  }

  #isAscii(length: number): boolean {
    const end = this.position + length
    for (let i = this.position; i < end; i++) if ((this.#bytes[i] as number) > 0x7f) return false
    return true
  }

  #long(): number | bigint {
    const signed = this.#int32()
    const count = Math.abs(signed)
    if (count * 2 > this.#end - this.position) malformed(`an int claims ${count} digits`)
    const at = this.#take(count * 2)
    const digits = Array.from({ length: count }, (_, i) => this.#bytes.readUInt16LE(at + i * 2))
    if (digits.some((digit) => digit > 0x7fff) || digits.at(-1) === 0) malformed('an int has a bad digit')
    if (count <= 3) {
      const magnitude = digits.reduceRight((sum, digit) => sum * 0x8000 + digit, 0)
      return signed < 0 ? -magnitude : magnitude
    }
    const bits = digits.reverse().map((digit) => digit.toString(2).padStart(15, '0'))
    const magnitude = BigInt(`0b${bits.join('')}`)
    const value = signed < 0 ? -magnitude : magnitude
    return magnitude <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value
  }

  #array(length: number, shared: boolean): unknown[] {
    const items: unknown[] = []
    this.#enter(items, shared)
    for (let i = this.#numbers(items, length); i < length; i += this.#numbers(items, length - i)) {
      items.push(this.value())
      i++
    }
    this.#depth--
    if (this.#later !== undefined) for (const [i, item] of items.entries()) if (item instanceof Node) this.#put(items, i, item)
    return items
  }

  /** Reads the numbers that come next, at most `length`: most long lists are of nothing else. Answers how many they are. */
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
    const end = this.#end
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
    return length > 0 && this.position < this.#end && this.#bytes[this.position] === CODE.ELLIPSIS
  }

  /** What an escape stands for. */
  #readEscape(length: number, shared: boolean): unknown {
    this.position++
    if (length < 2 || length > 7) malformed(`an escape of ${length} fields`)
    const slot = shared ? this.#references.push(undefined) - 1 : -1
    if (this.#depth++ > DEPTH_LIMIT) malformed(`nested deeper than ${DEPTH_LIMIT} levels`)
    const value = this.#escape(this.value(), length - 2, slot)
    this.#depth--
    if (slot >= 0) this.#references[slot] = value
    return value
  }

  #escape(code: unknown, fields: number, slot: number): unknown {
    if (code === ESCAPE.MAP || code === ESCAPE.SET) return this.#collection(code === ESCAPE.MAP, fields, slot)
    if (code === ESCAPE.DEEP) return this.#deep(fields)
    const values = Array.from({ length: fields }, () => this.value())
    const [first, second, third, fourth, fifth] = values
    if (code === ESCAPE.DATE && fields === 1 && typeof first === 'number') return new Date(first)
    if (code === ESCAPE.NODE && fields === 1 && typeof first === 'number' && this.#later !== undefined) return new Node(first)
    if (code === ESCAPE.SCALAR && fields === 2 && typeof first === 'string' && typeof second === 'string')
      return toScalar(first as ScalarType, second)
    if (code === ESCAPE.ARRAY && fields === 2 && second instanceof Uint8Array) return toTypedArray(first, second)
    if (code === ESCAPE.SHARED && isLoan(values)) return new Uint8Array(this.#revive().memory(values))
    if (code === ESCAPE.FRAME && isLoan(values)) return this.#elsewhere(values)
    if (code === ESCAPE.NDARRAY && fifth instanceof Uint8Array) {
      return toNdArray(first as DType, second as number[], third as number[], toTypedArray(fourth, fifth))
    }
    if (code === ESCAPE.FUNCTION && fields === 1 && typeof first === 'number') return this.#revive().local(first)
    if (code === ESCAPE.OBJECT && typeof first === 'number' && typeof second === 'string' && typeof third === 'number') {
      return this.#revive().object(first, second, third)
    }
    return malformed(`an escape of ${fields} fields that is none`)
  }

  /** A payload that did not come with the frame. */
  #elsewhere(loan: Loan): unknown {
    const reviver = this.#revive()
    return reviver.read(loan, (memory) => decode(Buffer.from(memory), 0, memory.byteLength, reviver))
  }

  #revive(): Reviver {
    return this.#reviver ?? malformed('a reference where there can be none')
  }

  /** A Map or a Set, which exists before its members are read: one of them may refer to it. */
  #collection(isMap: boolean, fields: number, slot: number): unknown {
    const collection = isMap ? new Map<unknown, unknown>() : new Set<unknown>()
    if (slot >= 0) this.#references[slot] = collection
    const items = fields === 1 ? this.value() : undefined
    if (!Array.isArray(items) || (isMap && items.length % 2 !== 0)) malformed('a Map or Set without its members')
    const fill = () => {
      if (collection instanceof Map) for (let i = 0; i < items.length; i += 2) collection.set(items[i], items[i + 1])
      else for (const item of items) collection.add(item)
      if (collection.size !== (isMap ? items.length / 2 : items.length)) collapsed(isMap ? 'dict' : 'set')
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
      if (!(Number.isInteger(index) && index > 0 && index < chunks.length)) malformed(`there is no chunk ${index}`)
      Object.defineProperty(target, key, { value: chunks[index], writable: true, enumerable: true, configurable: true })
    })
  }

  #set(length: number, shared: boolean): Set<unknown> {
    const items = new Set<unknown>()
    this.#enter(items, shared)
    for (let i = 0; i < length; i++) items.add(this.#member())
    if (items.size !== length) collapsed('set')
    this.#depth--
    return items
  }

  /** A value that is most likely a text, and one of a few. */
  #key(): unknown {
    const bytes = this.#bytes
    const tag = bytes[this.position] as number
    const code = tag & ~FLAG_REF
    const isShort = code === CODE.SHORT_ASCII || code === CODE.SHORT_ASCII_INTERNED
    if (!isShort && code !== CODE.UNICODE && code !== CODE.INTERNED) return this.value()
    const start = this.position + (isShort ? 2 : 5)
    if (start >= this.#end) return this.value()
    const length = isShort ? (bytes[start - 1] as number) : this.#view.getInt32(start - 4, true)
    const end = start + length
    if (length <= 0 || length > LONGEST_KEY || end > this.#end) return this.value()
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
    for (let i = 0; i < text.length; i++) if (this.#bytes[start + i] !== text.charCodeAt(i)) return false
    return true
  }

  #dict(shared: boolean): unknown {
    const start = this.position
    if (this.#maps?.has(start)) {
      const map = new Map<unknown, unknown>()
      this.#enter(map, shared)
      return this.#map(map, 0)
    }
    const object: Record<string, unknown> = {}
    const index = this.#enter(object, shared)
    let order: string[] | undefined
    while (!this.#atNull()) {
      const key = this.#key()
      if (typeof key !== 'string') {
        if (index >= 0) return this.#dictAgain(start, index)
        const map = new Map<unknown, unknown>((order ?? Object.keys(object)).map((name) => [name, object[name]]))
        const count = map.size + 1
        return this.#map(map.set(key, this.#member()), count)
      }
      // An object moves integer-like keys to the front.
      if (order !== undefined) order.push(key)
      else if (isDigit(key.charCodeAt(0))) order = [...Object.keys(object), key]
      const value = this.value()
      if (this.#later !== undefined && value instanceof Node) this.#put(object, key, value)
      if (key === '__proto__') {
        Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
      } else {
        object[key] = value
      }
    }
    this.#depth--
    return object
  }

  /** A member of a set or of a dict with any keys: where there are chunks, Python sends these as escapes. */
  #member(): unknown {
    const value = this.value()
    if (this.#later !== undefined && value instanceof Node) malformed('a chunk where there can be none')
    return value
  }

  /** Reads a dict from its start once more, as a Map: what was read in it so far may refer to the object. */
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
      map.set(key, this.#member())
    }
    if (map.size !== expected) collapsed('dict')
    this.#depth--
    return map
  }

  #enter(container: object, shared: boolean): number {
    if (this.#depth++ > DEPTH_LIMIT) malformed(`nested deeper than ${DEPTH_LIMIT} levels`)
    return shared ? this.#references.push(container) - 1 : -1
  }

  #reference(): unknown {
    const index = this.#int32()
    if (index < 0 || index >= this.#references.length) malformed(`reference ${index} points nowhere`)
    return this.#references[index]
  }

  #atNull(): boolean {
    if (this.position >= this.#end) malformed('a dict does not end')
    if (this.#bytes[this.position] !== CODE.NULL) return false
    this.position++
    return true
  }

  /** A length, checked against the bytes that are left: every member takes at least one. */
  #count(): number {
    const count = this.#int32()
    if (count < 0 || count > this.#end - this.position) malformed(`a length of ${count} is impossible here`)
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
    if (length > this.#end - at) malformed('the data end early')
    this.position = at + length
    return at
  }
}

function toScalar(type: ScalarType, text: string): PythonScalar {
  try {
    return new PythonScalar(type, text)
  } catch {
    return malformed('a scalar of an unknown type')
  }
}

function toTypedArray(format: unknown, bytes: Uint8Array): ArrayBufferView {
  const Kind = typeof format === 'string' ? ARRAY_KINDS.get(format) : undefined
  if (Kind === undefined || bytes.byteLength % Kind.BYTES_PER_ELEMENT !== 0) malformed('a bad array')
  return new Kind(bytes.buffer as ArrayBuffer)
}

function isLoan(values: readonly unknown[]): values is Loan {
  return values.length === 4 && values.every((value) => typeof value === 'number')
}

function toNdArray(dtype: DType, shape: number[], strides: number[], data: ArrayBufferView): NdArray {
  try {
    return new NdArray({ dtype, shape, strides, data: data as Float64Array })
  } catch {
    return malformed('an array whose parts do not go together')
  }
}

function isDigit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39
}

function malformed(reason: string): never {
  throw new PythreadsError('ERR_PYTHREADS_PROTOCOL', `Malformed value from Python: ${reason}`)
}

/** Several NaN keys are distinct in Python and one in JavaScript: say so rather than lose one. */
function collapsed(kind: string): never {
  throw new PythreadsError('ERR_PYTHREADS_VALUE', `A ${kind} from Python has keys that are the same in JavaScript (several NaN)`)
}

/** What `utf8Slice` replaces by U+FFFD may have been a lone surrogate; anything else is malformed. */
function readWithSurrogates(bytes: Buffer, start: number, end: number): string {
  let text = ''
  let from = start
  for (let at = start; at + 2 < end; at++) {
    if (bytes[at] !== 0xed || ((bytes[at + 1] as number) & 0xe0) !== 0xa0) continue
    const unit = 0xd000 | (((bytes[at + 1] as number) & 0x3f) << 6) | ((bytes[at + 2] as number) & 0x3f)
    text += strictUtf8(bytes.subarray(from, at)) + String.fromCharCode(unit)
    at += 2
    from = at + 1
  }
  return text + strictUtf8(bytes.subarray(from, end))
}

const STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function strictUtf8(bytes: Buffer): string {
  try {
    return STRICT.decode(bytes)
  } catch (cause) {
    throw new PythreadsError('ERR_PYTHREADS_PROTOCOL', 'Malformed value from Python: a string is not UTF-8', { cause })
  }
}
