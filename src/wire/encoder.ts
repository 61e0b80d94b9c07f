import { types } from 'node:util'
import { type ErrorCode, PythreadsError } from '../errors/index.ts'
import { ESCAPE, type Escape, type Loan, type References } from './escapes.ts'
import { MAX_PAYLOAD_BYTES } from './frames.ts'
import { equalInPython, isDistinct } from './keys.ts'
import { CODE, FLAG_REF, MAX_DEPTH, MAX_KEY_DEPTH } from './marshal/codes.ts'
import { digitsOf } from './marshal/integers.ts'
import { entriesOf, sizeOfMap, sizeOfSet, timeOf, valuesOf } from './values/intrinsics.ts'
import { NdArray } from './values/ndarray.ts'
import { datePartsOf } from './values/python-date.ts'
import { PythonBytes, PythonFloat, PythonScalar } from './values/scalar.ts'
import { PythonTable } from './values/table.ts'
import { formatOf } from './values/typed-arrays.ts'

const INITIAL_BYTES = 64 * 1024
/** marshal counts in signed 32-bit numbers. */
const MAX_LENGTH = 0x7fff_ffff
/** Up to this length a loop over the characters beats a call into the runtime. */
const SHORT_STRING = 48

/**
 * How an array or a set stands in its parent: what is a dict's key or a set's member has to be
 * hashable in Python.
 */
type Position = 'value' | 'key'

/** The first and the last millisecond that Python's datetime has, of the years 1 and 9999. */
const FIRST_DATE = -62_135_596_800_000
const LAST_DATE = 253_402_300_799_999

/** Where the containers are that were cut off because they are nested too deeply. */
interface Chunk {
  readonly value: object
  readonly path: string
}

/**
 * Writes JavaScript values as marshal data into a buffer that grows and is used again. A container
 * that is met again is written as a reference, so shared and cyclic structure arrives as such; what
 * is nested too deeply for marshal is cut off and written behind the rest.
 *
 * Not re-entrant: a getter of an encoded object that encodes something itself needs another
 * encoder.
 */
export class Encoder {
  /** The bytes written so far are `buffer[0..position)`. Replaced when it grows. */
  buffer: Buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES)
  position = 0
  /** What stands for values that are not copied. */
  references: References | undefined
  #escaped = false
  #depth = 0
  /** The key of each container's child from the root to here: the path for error messages. */
  readonly #keys: (string | number)[] = []
  /**
   * The first container, and once there are more all of them: the number by which Python knows it,
   * negative for a chunk.
   */
  #first: object | undefined
  #known: Map<object, number> | undefined
  #count = 0
  readonly #chunks: Chunk[] = []
  /** How many escapes stand for keys. */
  #keyEscapes = 0
  /** Where the key begins that is being written. */
  #keyRoot = 0

  /** Forgets what was written after `position`, when an error ended the writing. */
  rewind(position: number): void {
    this.position = position
    this.#reset()
  }

  /**
   * Completes a payload that began at `start`; the next value is another payload. Answers whether
   * it has escapes.
   */
  finish(start: number): boolean {
    if (this.#chunks.length > 0) this.#writeChunks(start)
    const escaped = this.#escaped
    this.#reset()
    return escaped
  }

  /** Writes where a payload is that is lent. `escaped`: whether it has escapes. */
  elsewhere(loan: Loan, escaped: boolean): void {
    this.#escape([ESCAPE.FRAME, ...loan, escaped])
    this.#reset()
  }

  /** Makes room for `bytes` more. */
  reserve(bytes: number): void {
    const needed = this.position + bytes
    if (needed <= this.buffer.length) return
    if (needed > MAX_PAYLOAD_BYTES) {
      throw new PythreadsError(
        'ERR_PYTHREADS_VALUE',
        `More than ${MAX_PAYLOAD_BYTES} bytes cannot cross in one piece`,
      )
    }
    const larger = this.#allocate(
      Math.min(Math.max(needed, this.buffer.length * 2), MAX_PAYLOAD_BYTES),
    )
    this.buffer.copy(larger, 0, 0, this.position)
    this.buffer = larger
  }

  #allocate(bytes: number): Buffer {
    try {
      return Buffer.allocUnsafeSlow(bytes)
    } catch {
      return this.#refuse('there is no room for a copy of this value')
    }
  }

  /** Starts a tuple whose members the caller writes next. */
  tuple(length: number): void {
    this.#sized(CODE.TUPLE, length)
  }

  /** Starts a list whose members the caller writes next. */
  list(length: number): void {
    this.#sized(CODE.LIST, length)
  }

  /**
   * Writes a dict with string keys of which nobody else knows, so it is not looked for when it
   * comes again.
   */
  record(value: Readonly<Record<string, unknown>>, name: string): void {
    this.#keys[0] = name
    this.#code(CODE.DICT)
    this.#depth = 1
    for (const key of Object.keys(value)) {
      this.#keys[1] = key
      this.string(key)
      this.#any(this.#property(value, key), 'value')
    }
    this.#depth = 0
    this.#code(CODE.NULL)
  }

  /**
   * Writes a list of which nobody else knows. Its first member is number `first` of what error
   * messages call `name`.
   */
  items(values: readonly unknown[], name: string, first: number): void {
    this.#keys[0] = name
    const length = this.#lengthOf(values)
    this.#sized(CODE.LIST, length)
    this.#depth = 1
    for (let i = 0; i < length; i++) {
      this.#keys[1] = first + i
      this.#any(values[i], 'value')
    }
    this.#depth = 0
    if (values.length !== length) this.#changed('an array')
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
      case 'function':
        return this.#reference(value, position)
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
    const digits = digitsOf(value < 0n ? -value : value)
    this.reserve(5 + digits.length)
    this.buffer[this.position] = CODE.LONG
    const at = this.buffer.writeInt32LE(
      (digits.length / 2) * (value < 0n ? -1 : 1),
      this.position + 1,
    )
    this.buffer.set(digits, at)
    this.position = at + digits.length
  }

  #object(value: object, position: Position): void {
    if (Array.isArray(value)) return this.#array(value, position)
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === null) return this.#record(value, position)
    if (ArrayBuffer.isView(value)) return this.#memory(this.#formatOf(value), value, position)
    if (value instanceof Map) return this.#map(value, position)
    if (value instanceof Set) return this.#set(value, position)
    if (value instanceof Date) return this.#date(value, position)
    if (value instanceof NdArray) return this.#ndArray(value)
    if (value instanceof PythonTable) return this.#table(value)
    if (value instanceof PythonBytes) return this.#bytes(this.#bytesOf(value.bytes))
    if (value instanceof PythonScalar)
      return this.#escape([ESCAPE.SCALAR, value.type, value.text], position)
    if (value instanceof PythonFloat) return this.#float(value.value)
    if (Object.getPrototypeOf(prototype) === null && !isIterable(value))
      return this.#dict(value as Record<string, unknown>, position)
    this.#byKind(value, position)
  }

  /**
   * A value whose class says nothing: it may be of another realm, such as a vm context, or a proxy.
   */
  #byKind(value: object, position: Position): void {
    if (types.isDate(value)) return this.#date(value, position)
    if (types.isMap(value)) return this.#map(value, position)
    if (types.isSet(value)) return this.#set(value, position)
    if (types.isAnyArrayBuffer(value)) return this.#memory('B', value, position)
    if (types.isBoxedPrimitive(value))
      this.#refuse(`${describe(value)} cannot cross to Python: pass the primitive value`)
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
      if (error instanceof PythreadsError) this.#refuse(error.message, error.code)
      throw error
    }
    if (found === undefined) this.#refuse(`${describe(value)} cannot cross to Python`)
    this.#escape(found, position)
  }

  #escape(fields: Escape, position: Position = 'value'): void {
    this.#openEscape(fields.length + (position === 'key' ? 1 : 0))
    for (const field of fields) this.#any(field, 'value')
    this.#closeEscape(position)
  }

  /**
   * Of equal escapes that stand for keys marshal would keep one. Each has a number of its own, so
   * that Python compares the values.
   */
  #closeEscape(position: Position): void {
    if (position === 'key') this.#number(this.#keyEscapes++)
  }

  #openEscape(fields: number): void {
    this.#sized(CODE.TUPLE, fields + 1)
    this.#code(CODE.ELLIPSIS)
    this.#escaped = true
  }

  #date(value: Date, position: Position): void {
    const exact = datePartsOf(value)
    if (exact !== undefined) {
      const [wall, { nanoseconds, offset, zone, fold }] = exact
      return this.#exactDate([wall, nanoseconds, offset, zone, fold], position)
    }
    const milliseconds = this.#timeOf(value)
    if (!(milliseconds >= FIRST_DATE && milliseconds <= LAST_DATE)) {
      this.#refuse(
        Number.isNaN(milliseconds)
          ? 'an invalid Date'
          : "a Date outside the years 1 to 9999 of Python's datetime",
      )
    }
    this.#openEscape(position === 'key' ? 3 : 2)
    this.#number(ESCAPE.DATE)
    this.#float(milliseconds)
    this.#closeEscape(position)
  }

  #exactDate(
    [wall, ...parts]: readonly [wall: number, ...parts: (number | string | null)[]],
    position: Position,
  ): void {
    this.#openEscape(parts.length + (position === 'key' ? 3 : 2))
    this.#number(ESCAPE.DATE)
    this.#float(wall)
    for (const part of parts) this.#any(part, 'value')
    this.#closeEscape(position)
  }

  #timeOf(value: Date): number {
    try {
      return timeOf(value)
    } catch {
      return this.#refuse(`${describe(value)} that is no Date of its own cannot cross to Python`)
    }
  }

  #float(value: number): void {
    this.reserve(9)
    this.buffer[this.position] = CODE.FLOAT
    this.buffer.writeDoubleLE(value, this.position + 1)
    this.position += 9
  }

  #memory(format: string, value: ArrayBufferView | ArrayBufferLike, position: Position): void {
    const bytes = this.#bytesOf(value)
    if (position === 'key') {
      if (format !== 'B')
        this.#refuse(
          'an array of numbers cannot be a key or a set member in Python (its memory can change)',
        )
      return this.#bytes(bytes) // as bytes, which are hashable
    }
    this.#openEscape(3)
    this.#number(ESCAPE.ARRAY)
    this.string(format)
    this.#lend(bytes)
  }

  /** The bytes of an array or a buffer. One that was transferred has none. */
  #bytesOf(value: ArrayBufferView | ArrayBufferLike): Uint8Array {
    try {
      // throws if out of bounds
      if (ArrayBuffer.isView(value) && value.byteLength === 0 && types.isTypedArray(value))
        value.keys()
      return ArrayBuffer.isView(value)
        ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
        : new Uint8Array(value)
    } catch {
      return this.#refuse(
        'an array whose memory is gone: its ArrayBuffer was transferred or made smaller',
      )
    }
  }

  #lend(bytes: Uint8Array): void {
    const loan = bytes.length === 0 ? undefined : this.references?.lend(bytes)
    if (loan === undefined) this.#bytes(bytes)
    else this.#escape([ESCAPE.SHARED, ...loan])
  }

  #ndArray(value: NdArray): void {
    const { data, dtype, shape, strides, offset } = value
    this.#openEscape(7)
    this.#number(ESCAPE.NDARRAY)
    this.string(dtype)
    this.#numbers(shape)
    this.#numbers(strides)
    this.#number(offset)
    this.string(this.#formatOf(data))
    this.#lend(this.#bytesOf(data))
  }

  #table({ kind, ipc }: PythonTable): void {
    this.#openEscape(3)
    this.#number(ESCAPE.TABLE)
    this.string(kind)
    this.#lend(this.#bytesOf(ipc))
  }

  #numbers(values: readonly number[]): void {
    const numbers = [...values]
    this.list(numbers.length)
    for (const number of numbers) this.#number(number)
  }

  #formatOf(value: ArrayBufferView): string {
    return (
      formatOf(value) ??
      this.#refuse(`${describe(value)} cannot cross to Python: pass its bytes, or an NdArray`)
    )
  }

  #bytes(value: Uint8Array): void {
    this.reserve(5 + value.length)
    this.#sized(CODE.BYTES, value.length)
    this.buffer.set(value, this.position)
    this.position += value.length
  }

  #array(value: readonly unknown[], position: Position): void {
    if (position === 'key') return this.#tuple(value)
    if (this.#repeats(value)) return
    const length = this.#lengthOf(value)
    this.#sized(CODE.LIST | FLAG_REF, length)
    this.#items(value, length, position)
  }

  #tuple(value: readonly unknown[]): void {
    this.#checkKeyDepth()
    const length = this.#lengthOf(value)
    this.#sized(CODE.TUPLE, length)
    this.#items(value, length, 'key')
  }

  /** The length of an array, which is read once: a proxy may say something else each time. */
  #lengthOf(value: readonly unknown[]): number {
    const { length } = value
    if (!(Number.isInteger(length) && length >= 0 && length <= MAX_LENGTH))
      this.#refuse('an array whose length is no length')
    return length
  }

  #items(value: readonly unknown[], length: number, position: Position): void {
    const depth = ++this.#depth
    for (let i = 0; i < length; i++) {
      this.#keys[depth] = i
      this.#any(value[i], position)
    }
    this.#depth--
    if (value.length !== length) this.#changed('an array')
  }

  #dict(value: Record<string, unknown>, position: Position): void {
    if (position === 'key')
      this.#refuse('an object cannot be a key or a set member in Python (a dict is not hashable)')
    if (this.#repeats(value)) return
    const depth = ++this.#depth
    this.#code(CODE.DICT | FLAG_REF)
    for (const key of Object.keys(value)) {
      this.#keys[depth] = key
      this.string(key)
      this.#any(this.#property(value, key), 'value')
    }
    this.#code(CODE.NULL)
    this.#depth--
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
      this.#refuse('a Map cannot be a key or a set member in Python (a dict is not hashable)')
    if (this.#repeats(value)) return
    const depth = ++this.#depth
    this.#code(CODE.DICT | FLAG_REF)
    const size = sizeOfMap(value)
    let index = 0
    let distinct = true
    for (const [key, item] of entriesOf(value)) {
      if (!(index < size)) {
        index++
        break
      }
      this.#keys[depth] = typeof key === 'string' ? key : index
      this.#keyRoot = depth
      distinct &&= isDistinct(key)
      this.#any(key, 'key')
      this.#any(item, 'value')
      index++
    }
    this.#code(CODE.NULL)
    this.#depth--
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
    this.#sized(position === 'key' ? CODE.FROZENSET : CODE.SET | FLAG_REF, size)
    const depth = ++this.#depth
    if (position === 'value') this.#keyRoot = depth
    let index = 0
    let distinct = true
    for (const item of valuesOf(value)) {
      if (!(index < size)) {
        index++
        break
      }
      this.#keys[depth] = index++
      distinct &&= isDistinct(item)
      this.#any(item, 'key')
    }
    this.#depth--
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
      this.#refuse(
        `this ${kind} has keys that are equal in Python: ${pair.map(name).join(' and ')}`,
      )
  }

  /** A getter or a proxy within changed a container after its size, or its keys, were written. */
  #changed(what: string): never {
    this.#refuse(`${what} that changed while it was read`)
  }

  /** Keys are hashed, which recurses: their depth has a limit, which a cyclic one meets too. */
  #checkKeyDepth(): void {
    if (this.#depth - this.#keyRoot < MAX_KEY_DEPTH) return
    this.#refuse(`a key or set member that is cyclic or nested deeper than ${MAX_KEY_DEPTH} levels`)
  }

  /**
   * Writes what stands for a container that was met before, or that is nested too deeply, and
   * answers true; otherwise takes note of it.
   */
  #repeats(container: object): boolean {
    if (this.#first === undefined) {
      this.#first = container
      this.#count = 1
      return false
    }
    this.#known ??= new Map([[this.#first, 0]])
    const number = this.#known.get(container)
    if (number !== undefined) {
      if (number < 0) this.#node(-number)
      else this.#refer(number)
      return true
    }
    if (this.#depth >= MAX_DEPTH) {
      this.#chunks.push({ value: container, path: this.#path() })
      this.#known.set(container, -this.#chunks.length)
      this.#node(this.#chunks.length)
      return true
    }
    this.#known.set(container, this.#count++)
    return false
  }

  #refer(number: number): void {
    this.#sized(CODE.REF, number)
  }

  #node(index: number): void {
    this.#escape([ESCAPE.NODE, index])
  }

  /**
   * Writes what was cut off behind the payload, and wraps all of it up: `(..., DEEP, [payload,
   * chunk, ...])`.
   */
  #writeChunks(start: number): void {
    for (let i = 0; i < this.#chunks.length; i++) {
      const { value, path } = this.#chunks[i] as Chunk
      this.#keys[0] = path
      this.#depth = 0
      this.#known?.delete(value)
      this.#object(value, 'value')
    }
    const end = this.position
    this.#openEscape(2)
    this.#number(ESCAPE.DEEP)
    this.list(this.#chunks.length + 1)
    const head = Buffer.from(this.buffer.subarray(end, this.position))
    this.buffer.copyWithin(start + head.length, start, end)
    head.copy(this.buffer, start)
  }

  #reset(): void {
    this.#escaped = false
    this.references = undefined
    this.#depth = 0
    this.#first = undefined
    this.#known = undefined
    this.#chunks.length = 0
    this.#keyEscapes = 0
  }

  #code(code: number): void {
    this.reserve(1)
    this.buffer[this.position++] = code
  }

  #sized(code: number, length: number): void {
    this.reserve(5)
    if (length > MAX_LENGTH) this.#refuse('more than 2,147,483,647 items or bytes')
    this.buffer[this.position] = code
    this.buffer.writeInt32LE(length, this.position + 1)
    this.position += 5
  }

  #refuse(reason: string, code: ErrorCode = 'ERR_PYTHREADS_VALUE'): never {
    const path = this.#path()
    throw new PythreadsError(code, `${path}: ${reason}`, { path })
  }

  #path(): string {
    const keys = this.#keys.slice(0, Math.min(this.#depth, 20) + 1)
    return (
      keys.map((key, i) => (i === 0 ? key : pathStep(key))).join('') +
      (this.#depth > 20 ? '...' : '')
    )
  }
}

/**
 * Whether it is gone through rather than copied: a generator, a stream, anything of the user's that
 * can be iterated.
 */
function isIterable(value: object): boolean {
  return Symbol.iterator in value || Symbol.asyncIterator in value
}

function pathStep(key: string | number): string {
  if (typeof key === 'number') return `[${key}]`
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
}

function describe(value: object): string {
  if (typeof value === 'function') return 'a function'
  const name: unknown = Object.getPrototypeOf(value)?.constructor?.name
  return typeof name === 'string' && name !== ''
    ? `a value of class ${name}`
    : 'an object with a prototype of its own'
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
