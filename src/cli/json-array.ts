import { PythreadsError } from '../index.ts'

const [TAB, LINE_FEED, RETURN, SPACE, QUOTE, COMMA] = [0x09, 0x0a, 0x0d, 0x20, 0x22, 0x2c]
const [OPEN_ARRAY, ESCAPE, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5c, 0x5d, 0x7b, 0x7d]
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf]

/**
 * Turns a JSON array into JSON lines in place: line breaks between tokens become spaces, commas
 * between items become line breaks. The items themselves are not checked; Python parses them.
 *
 * @throws `ERR_PYTHREADS_INPUT` when the input is no array, or is not closed; items before the
 * fault are yielded first
 */
export async function* arrayLines(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const scanner = new ArrayScanner()
  for await (const part of source) {
    const fault = scanner.scan(part)
    yield fault === undefined ? part : part.subarray(0, fault.end)
    if (fault !== undefined) throw wrong(fault.message)
  }
  const message = scanner.end()
  if (message !== undefined) throw wrong(message)
}

function wrong(message: string): PythreadsError {
  return new PythreadsError('ERR_PYTHREADS_INPUT', message)
}

interface Fault {
  readonly message: string
  /** The end of the last complete item before the fault. */
  readonly end: number
}

class ArrayScanner {
  /** How many arrays and objects are open. */
  #depth = 0
  #isInText = false
  #isEscaped = false
  #isOver = false
  /** Whether the present item has no bytes yet. */
  #isEmpty = true
  #items = 0
  #offset = 0

  /** Changes the next bytes of the input in place. */
  scan(part: Buffer): Fault | undefined {
    let end = 0
    for (let at = 0; at < part.length; at++, this.#offset++) {
      const byte = part[at] as number
      if (this.#isInText) {
        if (this.#isEscaped) this.#isEscaped = false
        else if (byte === ESCAPE) this.#isEscaped = true
        else if (byte === QUOTE) this.#isInText = false
      } else if (byte === SPACE || byte === TAB || byte === RETURN || byte === LINE_FEED) {
        part[at] = SPACE
      } else if (this.#depth === 0) {
        const message = this.#outside(byte)
        if (message !== undefined) return { message, end }
        part[at] = SPACE
      } else if (this.#endsItem(byte)) {
        const isEmptyArray = this.#items === 0 && this.#depth === 0
        if (this.#isEmpty && !isEmptyArray)
          return { message: `item ${this.#items + 1} of the JSON array is missing`, end }
        this.#items++
        this.#isEmpty = true
        this.#isOver = this.#depth === 0
        part[at] = LINE_FEED
        end = at + 1
      }
    }
    return undefined
  }

  /** Says what is wrong at the end of the input. */
  end(): string | undefined {
    if (this.#isOver) return undefined
    return this.#depth === 0 ? 'it is empty, not a JSON array' : 'the JSON array is not closed'
  }

  /** Handles a byte before the array or behind it; returns what is wrong with the byte. */
  #outside(byte: number): string | undefined {
    if (this.#offset < BYTE_ORDER_MARK.length && byte === BYTE_ORDER_MARK[this.#offset])
      return undefined
    if (this.#isOver) return 'there is more text behind the JSON array'
    if (byte !== OPEN_ARRAY)
      return 'it is not a JSON array; for a JSON value in each line, use --format jsonl'
    this.#depth = 1
    return undefined
  }

  /** Handles a byte of the array; returns whether the byte ends an item. */
  #endsItem(byte: number): boolean {
    if (byte === QUOTE) this.#isInText = true
    else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) this.#depth++
    else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) this.#depth--
    const ends = this.#depth === 0 || (this.#depth === 1 && byte === COMMA)
    if (!ends) this.#isEmpty = false
    return ends
  }
}
