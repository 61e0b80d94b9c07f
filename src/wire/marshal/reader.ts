import { constants } from 'node:buffer'
import { PythreadsError } from '../../errors/index.ts'
import { CODE } from './codes.ts'
import { BAD_DIGITS, readInteger, TOO_LARGE } from './integers.ts'
import { malformed } from './malformed.ts'
import { readWithSurrogates } from './surrogates.ts'

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

/** V8's limit for a string. */
const LONGEST_TEXT = constants.MAX_STRING_LENGTH

/** What `toString` ends in, without asking for the encoding each time. */
interface SlicedBuffer extends Buffer {
  latin1Slice(start: number, end: number): string
  utf8Slice(start: number, end: number): string
}

/**
 * Reads marshal data: bytes, counts, and values without members. The bytes count as hostile: what
 * is not complete throws `ERR_PYTHREADS_PROTOCOL`, and nothing larger than the input warrants is
 * allocated.
 */
export abstract class MarshalReader {
  position: number
  readonly end: number
  /** How many texts had surrogates. */
  protected surrogates = 0
  #bytes: SlicedBuffer
  #view: DataView
  #mayChange: boolean
  /** The bytes from `windowStart` to `windowEnd` as Latin-1. */
  #window = ''
  #windowStart = 0
  #windowEnd = 0
  /** Where the last short text ended. */
  #textEnd = -DENSE

  /** `mayChange`: somebody can write to the bytes while they are read. */
  constructor(bytes: Buffer, start: number, end: number, mayChange: boolean) {
    this.#mayChange = mayChange
    this.#bytes = bytes as SlicedBuffer
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    this.position = start
    this.end = end
  }

  /** What stands for a value that JavaScript cannot hold. The rest is read nevertheless. */
  protected abstract tooLarge(what: string): unknown

  /** Reads a value that has no members, behind its type code. */
  protected leaf(code: number): unknown {
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
        return this.#utf8(this.count())
      case CODE.ASCII:
      case CODE.ASCII_INTERNED:
        return this.#latin1(this.count())
      case CODE.SHORT_ASCII:
      case CODE.SHORT_ASCII_INTERNED:
        return this.#latin1(this.byte())
      case CODE.LONG:
        return this.#long()
      default:
        return malformed(`type code ${code} is not that of a plain value`)
    }
  }

  #latin1(length: number): unknown {
    const at = this.#take(length)
    const end = at + length
    if (length > LONGEST_TEXT) return this.tooLarge('a str')
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
    this.surrogates++
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
      return this.tooLarge('a str')
    }
  }

  #isAscii(length: number): boolean {
    const end = this.position + length
    for (let i = this.position; i < end; i++) if ((this.#bytes[i] as number) > 0x7f) return false
    return true
  }

  #long(): unknown {
    const signed = this.int32()
    const count = Math.abs(signed)
    if (count * 2 > this.end - this.position) malformed(`an int claims ${count} digits`)
    const value = readInteger(this.#bytes, this.#take(count * 2), count, signed < 0)
    if (value === BAD_DIGITS) malformed('an int has a bad digit')
    return value === TOO_LARGE ? this.tooLarge('an int') : value
  }

  /**
   * Reads a text that is most likely one of a few, as keys of dicts are. `code`: its type code,
   * which is next.
   */
  protected key(code: number): unknown {
    const bytes = this.#bytes
    const isShort = code === CODE.SHORT_ASCII || code === CODE.SHORT_ASCII_INTERNED
    const start = this.position++ + (isShort ? 2 : 5)
    if (start >= this.end) return this.leaf(code)
    const length = isShort ? (bytes[start - 1] as number) : this.#view.getInt32(start - 4, true)
    const end = start + length
    if (length <= 0 || length > LONGEST_KEY || end > this.end) return this.leaf(code)
    const slot = (length * 31 + (bytes[start] as number) * 7 + (bytes[end - 1] as number)) & 255
    const known = KEYS[slot] as string
    if (known.length === length && this.#isAt(start, known)) {
      this.position = end
      return known
    }
    const key = this.leaf(code) as string
    if (key.length === length) KEYS[slot] = key // of ASCII alone
    return key
  }

  #isAt(start: number, text: string): boolean {
    for (let i = 0; i < text.length; i++)
      if (this.#bytes[start + i] !== text.charCodeAt(i)) return false
    return true
  }

  /** Reads bytes behind their type code, into memory of their own. */
  protected bytes(): Uint8Array {
    const length = this.count()
    const at = this.#take(length)
    return new Uint8Array(this.#bytes.subarray(at, at + length))
  }

  /**
   * Reads the numbers that come next, at most `length`: most long lists are of nothing else.
   * Returns how many they are.
   */
  protected numbers(items: unknown[], length: number): number {
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

  /** The next byte, which stays the next one. Behind the end it is undefined, or another value's. */
  protected get next(): number {
    return this.#bytes[this.position] as number
  }

  /** Whether a dict ends here, and goes past its end. */
  protected atNull(): boolean {
    if (this.position >= this.end) malformed('a dict does not end')
    if (this.#bytes[this.position] !== CODE.NULL) return false
    this.position++
    return true
  }

  /** A length, checked against the bytes that are left: every member takes at least one. */
  protected count(): number {
    const count = this.int32()
    if (count < 0 || count > this.end - this.position)
      malformed(`a length of ${count} is impossible here`)
    return count
  }

  protected int32(): number {
    return this.#view.getInt32(this.#take(4), true)
  }

  protected byte(): number {
    return this.#bytes[this.#take(1)] as number
  }

  #take(length: number): number {
    const at = this.position
    if (length > this.end - at) malformed('the data end early')
    this.position = at + length
    return at
  }
}

function isTooLong(error: unknown): boolean {
  return (
    error instanceof RangeError ||
    (error as NodeJS.ErrnoException | undefined)?.code === 'ERR_STRING_TOO_LONG'
  )
}
