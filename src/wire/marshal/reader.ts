import { constants } from 'node:buffer'
import { PythreadsError } from '../../errors/index.ts'
import { CODE, FLAG_REF } from './codes.ts'
import { BAD_DIGITS, readInteger, TOO_LARGE } from './integers.ts'
import { malformed } from './malformed.ts'
import { readWithSurrogates } from './surrogates.ts'

/**
 * The last keys of dicts, by a hash. Records have the same keys: for a text that is kept here, V8
 * need neither make a string nor look it up.
 */
const KEYS: string[] = new Array<string>(256).fill('')
const LONGEST_KEY = 32

/**
 * A call into the runtime for a short text takes 50 to 100 ns, `substring` of a string takes 7. So
 * where short texts follow each other closely, the next bytes are read as one string. V8 copies
 * substrings of up to 12 characters; a longer one would keep the whole string alive.
 */
const COPIED = 12
const DENSE = 64
const WINDOW = 4096

/** V8's limit for a string. */
const LONGEST_TEXT = constants.MAX_STRING_LENGTH

/**
 * Stands for a DataView that is not made yet, since making one takes longer than reading a small
 * reply. Not undefined: with values of one type in the field, V8 inlines the methods of DataView.
 */
const NO_VIEW = new DataView(new ArrayBuffer(0))
/** For a list of this number of ints no DataView is made. */
const FEW = 8

/** The functions that `toString` calls, without its look at the encoding. */
export interface SlicedBuffer extends Buffer {
  latin1Slice(start: number, end: number): string
  utf8Slice(start: number, end: number): string
}

/** What happens to a value that JavaScript cannot hold. */
export interface Limits {
  /** Returns a stand-in for the value. The rest is read nevertheless. `what`: its type. */
  tooLarge(what: string): unknown
}

/**
 * Reads marshal data: bytes, counts, and values without members. The bytes count as hostile:
 * incomplete data throws `ERR_PYTHREADS_PROTOCOL`, and no allocation is larger than the bytes that
 * are there justify.
 */
export class MarshalReader {
  position: number
  readonly end: number
  /** The number of texts that had surrogates. */
  surrogates = 0
  readonly #limits: Limits
  #bytes: SlicedBuffer
  #view: DataView = NO_VIEW
  #mayChange: boolean
  /** The bytes from `windowStart` to `windowEnd` as Latin-1. */
  #window = ''
  #windowStart = 0
  #windowEnd = 0
  /** Whether `knownKey` found a text that is not known, and may be the next time. */
  isNewKey = false
  /** Whether the text that `knownKey` read is shared. */
  isShared = false
  #keySlot = 0
  #keyLength = 0
  /** Where the last short text ended. */
  #textEnd = -DENSE

  /** `mayChange`: a worker process can write to the bytes while they are read. */
  constructor(bytes: Buffer, start: number, end: number, mayChange: boolean, limits: Limits) {
    this.#limits = limits
    this.#mayChange = mayChange
    this.#bytes = bytes as SlicedBuffer
    this.position = start
    this.end = end
  }

  /** Reads a value that has no members, behind its type code. */
  leaf(code: number): unknown {
    switch (code) {
      case CODE.INT:
        return this.int32()
      case CODE.FLOAT: {
        const at = this.#take(8)
        if (this.#view === NO_VIEW) this.#makeView()
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

  /** A text of up to 255 ASCII characters, behind its type code. */
  shortText(): unknown {
    return this.#latin1(this.byte())
  }

  #latin1(length: number): unknown {
    const at = this.#take(length)
    const end = at + length
    if (length > LONGEST_TEXT) return this.#limits.tooLarge('a str')
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
   * Continues with a copy of the bytes. V8 measures a UTF-8 text, then writes it: a text that a
   * worker changes in between would be written beyond its memory. All other reads are bounded.
   */
  #copy(): void {
    const copy = Buffer.from(this.#bytes)
    this.#mayChange = false
    this.#bytes = copy as SlicedBuffer
    this.#view = NO_VIEW
  }

  /** A text of more bytes than a string may have characters. */
  #longUtf8(at: number, length: number): unknown {
    try {
      return readWithSurrogates(this.#bytes, at, at + length)
    } catch (error) {
      if (error instanceof PythreadsError && !isTooLong(error.cause)) throw error
      return this.#limits.tooLarge('a str')
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
    return value === TOO_LARGE ? this.#limits.tooLarge('an int') : value
  }

  /**
   * Reads the next value if it is a text that was a key before, and notes whether the value is
   * shared; otherwise returns undefined and reads nothing.
   */
  knownKey(): string | undefined {
    this.isNewKey = false
    const bytes = this.#bytes
    const tag = bytes[this.position] as number
    const code = tag & ~FLAG_REF
    this.isShared = tag !== code
    const isShort = code === CODE.SHORT_ASCII || code === CODE.SHORT_ASCII_INTERNED
    if (!isShort && code !== CODE.UNICODE && code !== CODE.INTERNED) return undefined
    const start = this.position + (isShort ? 2 : 5)
    if (start >= this.end) return undefined
    const length = isShort ? (bytes[start - 1] as number) : this.#int32At(start - 4)
    const end = start + length
    if (length <= 0 || length > LONGEST_KEY || end > this.end) return undefined
    const slot = (length * 31 + (bytes[start] as number) * 7 + (bytes[end - 1] as number)) & 255
    const known = KEYS[slot] as string
    if (known.length === length && this.#isAt(start, known)) {
      this.position = end
      return known
    }
    this.isNewKey = true
    this.#keySlot = slot
    this.#keyLength = length
    return undefined
  }

  /** Remembers a key that `knownKey` did not know, right after it was read. */
  rememberKey(key: string): void {
    if (key.length === this.#keyLength) KEYS[this.#keySlot] = key // only ASCII has as many bytes
  }

  #isAt(start: number, text: string): boolean {
    for (let i = 0; i < text.length; i++)
      if (this.#bytes[start + i] !== text.charCodeAt(i)) return false
    return true
  }

  /** Reads bytes behind their type code, into memory of their own. */
  bytes(): Uint8Array {
    const length = this.count()
    const at = this.#take(length)
    return new Uint8Array(this.#bytes.subarray(at, at + length))
  }

  /**
   * Reads the numbers that come next, at most `length`, and returns their number: most long lists
   * have only numbers.
   */
  numbers(items: unknown[], length: number): number {
    const bytes = this.#bytes
    const count = this.#countNumbers(length)
    if (count === 0) return 0
    if (count <= FEW && this.#view === NO_VIEW) {
      for (let i = 0; i < count; i++) items.push(this.leaf(this.byte()))
      return count
    }
    if (this.#view === NO_VIEW) this.#makeView()
    const view = this.#view
    const start = items.length
    let position = this.position
    items.length = start + count // Growing item by item takes three times as long.
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

  /** The number of complete numbers that come next, at most `length`. */
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

  /** The next byte, without reading it. Not to be used at the end. */
  get next(): number {
    return this.#bytes[this.position] as number
  }

  /** Whether a dict ends here; then reads its end. */
  atNull(): boolean {
    if (this.position >= this.end) malformed('a dict does not end')
    if (this.#bytes[this.position] !== CODE.NULL) return false
    this.position++
    return true
  }

  /** A length, checked against the bytes that are left: every member takes at least one byte. */
  count(): number {
    const count = this.int32()
    if (count < 0 || count > this.end - this.position)
      malformed(`a length of ${count} is impossible here`)
    return count
  }

  int32(): number {
    return this.#int32At(this.#take(4))
  }

  #int32At(at: number): number {
    const bytes = this.#bytes
    return (
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)
    )
  }

  #makeView(): void {
    const { buffer, byteOffset, length } = this.#bytes
    this.#view = new DataView(buffer, byteOffset, length)
  }

  byte(): number {
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
