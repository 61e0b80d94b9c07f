import { PythreadsError } from '../../errors/index.ts'
import { CODE, MAX_LENGTH } from './codes.ts'
import { digitsOf } from './integers.ts'

const INITIAL_BYTES = 64 * 1024
/** Up to this length a loop over the characters beats a call into the runtime. */
const SHORT_STRING = 48

/** Writes marshal data into a buffer that grows: numbers, texts, bytes, and counts of members. */
export abstract class MarshalWriter {
  /** The bytes written so far are `buffer[0..position)`. Replaced when it grows. */
  buffer: Buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES)
  position = 0

  /** Throws the error that says why a value cannot be written. */
  abstract refuse(reason: string): never

  /** Makes room for `bytes` more. */
  reserve(bytes: number): void {
    const needed = this.position + bytes
    if (needed <= this.buffer.length) return
    if (needed > MAX_LENGTH) {
      throw new PythreadsError(
        'ERR_PYTHREADS_VALUE',
        `More than ${MAX_LENGTH} bytes cannot cross in one piece`,
      )
    }
    const larger = this.#allocate(Math.min(Math.max(needed, this.buffer.length * 2), MAX_LENGTH))
    this.buffer.copy(larger, 0, 0, this.position)
    this.buffer = larger
  }

  #allocate(bytes: number): Buffer {
    try {
      return Buffer.allocUnsafeSlow(bytes)
    } catch {
      return this.refuse('there is no room for a copy of this value')
    }
  }

  /** Starts a tuple whose members the caller writes next. */
  tuple(length: number): void {
    this.sized(CODE.TUPLE, length)
  }

  /** Starts a list whose members the caller writes next. */
  list(length: number): void {
    this.sized(CODE.LIST, length)
  }

  none(): void {
    this.code(CODE.NONE)
  }

  boolean(value: boolean): void {
    this.code(value ? CODE.TRUE : CODE.FALSE)
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

  /** Writes an int where the number is a safe integer, else a float. */
  number(value: number): void {
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

  bigint(value: bigint): void {
    if (value >= -0x80000000n && value <= 0x7fffffffn) return this.number(Number(value))
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

  float(value: number): void {
    this.reserve(9)
    this.buffer[this.position] = CODE.FLOAT
    this.buffer.writeDoubleLE(value, this.position + 1)
    this.position += 9
  }

  bytes(value: Uint8Array): void {
    this.reserve(5 + value.length)
    this.sized(CODE.BYTES, value.length)
    this.buffer.set(value, this.position)
    this.position += value.length
  }

  /** Writes a type code that stands alone. */
  protected code(code: number): void {
    this.reserve(1)
    this.buffer[this.position++] = code
  }

  /** Writes a type code and a count. */
  protected sized(code: number, length: number): void {
    this.reserve(5)
    if (length > MAX_LENGTH) this.refuse('more than 2,147,483,647 items or bytes')
    this.buffer[this.position] = code
    this.buffer.writeInt32LE(length, this.position + 1)
    this.position += 5
  }
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
