import { PythreadsError } from '../errors/index.ts'
import { equalInPython, type KeyHolder } from './keys.ts'
import { CODE, MAX_DEPTH } from './marshal.ts'

const INITIAL_BYTES = 64 * 1024
/** Up to this length a loop over the characters beats a call into the runtime. */
const SHORT_STRING = 48

/** How an array or a set stands in its parent: what is a dict's key or a set's member has to be hashable in Python. */
type Position = 'value' | 'key'

/**
 * Writes JavaScript values as marshal data into a buffer that grows and is used again.
 * Not re-entrant: a getter of an encoded object that encodes something itself needs another encoder.
 */
export class Encoder {
  /** The bytes written so far are `buffer[0..position)`. Replaced when it grows. */
  buffer: Buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES)
  position = 0
  #depth = 0
  /** The containers from the root to here, and the key of each one's child: the path for error messages. */
  readonly #ancestors: object[] = []
  readonly #keys: (string | number)[] = []

  /** Forgets what was written after `position`, when an error ended the writing. */
  rewind(position: number): void {
    this.position = position
    this.#depth = 0
    this.#ancestors.length = 0
  }

  /** Makes room for `bytes` more. */
  reserve(bytes: number): void {
    const needed = this.position + bytes
    if (needed <= this.buffer.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.buffer.length * 2))
    this.buffer.copy(larger, 0, 0, this.position)
    this.buffer = larger
  }

  /** Starts a tuple whose members the caller writes next. */
  tuple(length: number): void {
    this.#sized(CODE.TUPLE, length)
  }

  /** Starts a list whose members the caller writes next. */
  list(length: number): void {
    this.#sized(CODE.LIST, length)
  }

  none(): void {
    this.#code(CODE.NONE)
  }

  /** Writes any plain value. `name` is what error messages call it, e.g. `args[0]`. */
  value(value: unknown, name: string): void {
    this.#keys[0] = name
    this.#any(value, 'value')
  }

  string(value: string): void {
    const { length } = value
    this.reserve(5 + length * 3)
    const { buffer, position } = this
    if (length <= SHORT_STRING) {
      let i = 0
      for (; i < length; i++) {
        const unit = value.charCodeAt(i)
        if (unit > 0x7f) break
        buffer[position + 2 + i] = unit
      }
      if (i === length) {
        buffer[position] = CODE.SHORT_ASCII
        buffer[position + 1] = length
        this.position = position + 2 + length
        return
      }
    }
    const written = buffer.write(value, position + 5, 'utf8')
    const exact = written === length || value.isWellFormed()
    const bytes = exact ? written : writeWithSurrogates(buffer, position + 5, value)
    buffer[position] = bytes === length ? CODE.ASCII : CODE.UNICODE
    buffer.writeInt32LE(bytes, position + 1)
    this.position = position + 5 + bytes
  }

  #any(value: unknown, position: Position): void {
    switch (typeof value) {
      case 'string':
        return this.string(value)
      case 'number':
        return this.#number(value)
      case 'boolean':
        return this.#code(value ? CODE.TRUE : CODE.FALSE)
      case 'undefined':
        return this.#code(CODE.NONE)
      case 'bigint':
        return this.#bigint(value)
      case 'object':
        return value === null ? this.#code(CODE.NONE) : this.#object(value, position)
      default:
        return this.#refuse(`a ${typeof value} cannot cross to Python`)
    }
  }

  #number(value: number): void {
    this.reserve(15)
    if ((value | 0) === value && !Object.is(value, -0)) {
      this.buffer[this.position] = CODE.INT
      this.buffer.writeInt32LE(value, this.position + 1)
      this.position += 5
    } else if (Number.isSafeInteger(value) && value !== 0) {
      this.#digits(Math.abs(value), value < 0)
    } else {
      this.buffer[this.position] = CODE.FLOAT
      this.buffer.writeDoubleLE(value, this.position + 1)
      this.position += 9
    }
  }

  #digits(magnitude: number, negative: boolean): void {
    const start = this.position
    let at = start + 5
    let count = 0
    for (let rest = magnitude; rest > 0; rest = Math.floor(rest / 0x8000), count++) {
      at = this.buffer.writeUInt16LE(rest % 0x8000, at)
    }
    this.buffer[start] = CODE.LONG
    this.buffer.writeInt32LE(negative ? -count : count, start + 1)
    this.position = at
  }

  #bigint(value: bigint): void {
    if (value >= -0x80000000n && value <= 0x7fffffffn) return this.#number(Number(value))
    const bits = (value < 0n ? -value : value).toString(2)
    const count = Math.ceil(bits.length / 15)
    this.reserve(5 + count * 2)
    this.buffer[this.position] = CODE.LONG
    let at = this.buffer.writeInt32LE(value < 0n ? -count : count, this.position + 1)
    for (let end = bits.length; end > 0; end -= 15) {
      at = this.buffer.writeUInt16LE(Number.parseInt(bits.slice(Math.max(0, end - 15), end), 2), at)
    }
    this.position = at
  }

  #object(value: object, position: Position): void {
    if (Array.isArray(value)) return this.#array(value, position)
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === null) return this.#dict(value as Record<string, unknown>, position)
    if (value instanceof Uint8Array) return this.#bytes(value)
    if (value instanceof Map) return this.#map(value, position)
    if (value instanceof Set) return this.#set(value, position)
    if (value instanceof ArrayBuffer) return this.#bytes(new Uint8Array(value))
    if (Object.getPrototypeOf(prototype) === null) return this.#dict(value as Record<string, unknown>, position)
    return this.#refuse(`${describe(value)} cannot cross to Python`)
  }

  #bytes(value: Uint8Array): void {
    this.reserve(5 + value.length)
    this.#sized(CODE.BYTES, value.length)
    this.buffer.set(value, this.position)
    this.position += value.length
  }

  #array(value: readonly unknown[], position: Position): void {
    const depth = this.#enter(value)
    const { length } = value
    this.#sized(position === 'key' ? CODE.TUPLE : CODE.LIST, length)
    for (let i = 0; i < length; i++) {
      this.#keys[depth] = i
      this.#any(value[i], position)
    }
    this.#depth--
  }

  #dict(value: Record<string, unknown>, position: Position): void {
    if (position === 'key') this.#refuse('an object cannot be a key or a set member in Python (a dict is not hashable)')
    const depth = this.#enter(value)
    this.#code(CODE.DICT)
    for (const key of Object.keys(value)) {
      this.#keys[depth] = key
      this.string(key)
      this.#any(value[key], 'value')
    }
    this.#code(CODE.NULL)
    this.#depth--
  }

  #map(value: ReadonlyMap<unknown, unknown>, position: Position): void {
    if (position === 'key') this.#refuse('a Map cannot be a key or a set member in Python (a dict is not hashable)')
    const depth = this.#enter(value)
    this.#code(CODE.DICT)
    let index = 0
    for (const [key, item] of value) {
      this.#keys[depth] = typeof key === 'string' ? key : index
      this.#any(key, 'key')
      this.#any(item, 'value')
      index++
    }
    this.#code(CODE.NULL)
    this.#depth--
    this.#distinct(value, 'Map')
  }

  #set(value: ReadonlySet<unknown>, position: Position): void {
    const depth = this.#enter(value)
    this.#sized(position === 'key' ? CODE.FROZENSET : CODE.SET, value.size)
    let index = 0
    for (const item of value) {
      this.#keys[depth] = index++
      this.#any(item, 'key')
    }
    this.#depth--
    this.#distinct(value, 'Set')
  }

  /** Refuses what would lose an entry in Python. Its members have been written: none of them is cyclic or not hashable. */
  #distinct(keys: KeyHolder, kind: string): void {
    const pair = equalInPython(keys)
    if (pair !== undefined) this.#refuse(`this ${kind} has keys that are equal in Python: ${pair.map(name).join(' and ')}`)
  }

  /** Steps into a container; answers the index of its children's keys in the path. */
  #enter(container: object): number {
    const depth = this.#depth++
    if (depth >= MAX_DEPTH) {
      const cyclic = new Set(this.#ancestors).size < depth
      this.#refuse(cyclic ? 'a cyclic structure cannot cross to Python' : `nested deeper than ${MAX_DEPTH} levels`)
    }
    this.#ancestors[depth] = container
    return depth + 1
  }

  #code(code: number): void {
    this.reserve(1)
    this.buffer[this.position++] = code
  }

  #sized(code: number, length: number): void {
    this.reserve(5)
    this.buffer[this.position] = code
    this.buffer.writeInt32LE(length, this.position + 1)
    this.position += 5
  }

  #refuse(reason: string): never {
    const keys = this.#keys.slice(0, Math.min(this.#depth, 20) + 1)
    const path = keys.map((key, i) => (i === 0 ? key : pathStep(key))).join('') + (this.#depth > 20 ? '...' : '')
    throw new PythreadsError('ERR_PYTHREADS_VALUE', `${path}: ${reason}`, { path })
  }
}

function pathStep(key: string | number): string {
  if (typeof key === 'number') return `[${key}]`
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
}

function describe(value: object): string {
  const name: unknown = Object.getPrototypeOf(value)?.constructor?.name
  return typeof name === 'string' && name !== '' ? `a value of class ${name}` : 'an object with a prototype of its own'
}

function name(key: unknown): string {
  if (key === null || key === undefined) return String(key)
  return typeof key === 'object' ? describe(key) : `${typeof key} ${String(key)}`
}

/** UTF-8 as Python's `surrogatepass` reads it: a lone surrogate takes three bytes. */
function writeWithSurrogates(target: Buffer, offset: number, value: string): number {
  let at = offset
  for (const character of value) {
    const point = character.codePointAt(0) as number
    if (point >= 0xd800 && point <= 0xdfff) {
      target[at++] = 0xe0 | (point >> 12)
      target[at++] = 0x80 | ((point >> 6) & 0x3f)
      target[at++] = 0x80 | (point & 0x3f)
    } else {
      at += target.write(character, at, 'utf8')
    }
  }
  return at - offset
}
