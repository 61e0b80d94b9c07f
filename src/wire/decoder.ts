import { PythreadsError } from '../errors/index.ts'
import { CODE, FLAG_REF, MAX_DEPTH } from './marshal.ts'

/** A few levels more than the encoder writes: the frame's own tuples. */
const DEPTH_LIMIT = MAX_DEPTH + 100

/**
 * Reads marshal data into JavaScript values. The bytes count as hostile: whatever is not a complete, plain value throws
 * `ERR_PYTHREADS_PROTOCOL`, and nothing larger than the input warrants is allocated.
 */
export function decode(bytes: Buffer, start: number = 0, end: number = bytes.length): unknown {
  const reader = new Reader(bytes, start, end)
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

class Reader {
  position: number
  readonly #bytes: Buffer
  readonly #end: number
  #depth = 0
  /** The objects that carried FLAG_REF, in the order in which CPython numbers them. */
  readonly #references: unknown[] = []
  /** Where dicts begin that can be referred to and turned out to have a key which is not a string. */
  #maps: Set<number> | undefined

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes
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
      case CODE.TUPLE:
      case CODE.LIST:
        return this.#array(this.#count(), shared)
      case CODE.SMALL_TUPLE:
        return this.#array(this.#byte(), shared)
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
        return this.#bytes.readInt32LE(at)
      }
      case CODE.FLOAT: {
        const at = this.#take(8)
        return this.#bytes.readDoubleLE(at)
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
    return this.#bytes.toString('latin1', at, at + length)
  }

  #utf8(length: number): string {
    const at = this.#take(length)
    const text = this.#bytes.toString('utf8', at, at + length)
    return text.includes('\ufffd') ? readWithSurrogates(this.#bytes, at, at + length) : text
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
    for (let i = 0; i < length; i++) items.push(this.value())
    this.#depth--
    return items
  }

  #set(length: number, shared: boolean): Set<unknown> {
    const items = new Set<unknown>()
    this.#enter(items, shared)
    for (let i = 0; i < length; i++) items.add(this.value())
    if (items.size !== length) collapsed('set')
    this.#depth--
    return items
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
      const key = this.value()
      if (typeof key !== 'string') {
        if (index >= 0) return this.#dictAgain(start, index)
        const map = new Map<unknown, unknown>((order ?? Object.keys(object)).map((name) => [name, object[name]]))
        const count = map.size + 1
        return this.#map(map.set(key, this.value()), count)
      }
      // An object moves integer-like keys to the front.
      if (order !== undefined) order.push(key)
      else if (isDigit(key.charCodeAt(0))) order = [...Object.keys(object), key]
      const value = this.value()
      if (key === '__proto__') {
        Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
      } else {
        object[key] = value
      }
    }
    this.#depth--
    return object
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
      const key = this.value()
      map.set(key, this.value())
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
    return this.#bytes.readInt32LE(this.#take(4))
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
