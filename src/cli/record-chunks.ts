/** Whole records of an input, as they go to a worker. */
export interface RecordChunk {
  readonly bytes: Buffer
  /** The number of the first line, from 1. */
  readonly firstLine: number
}

export const NEWLINE = 0x0a
const QUOTE = 0x22

/**
 * Cuts an input into chunks of about `size` bytes that end where a record ends: at a line break, for CSV one that is not
 * inside quotes. A record that is longer makes its chunk longer.
 */
export async function* recordChunks(source: AsyncIterable<Buffer>, size: number, csv: boolean): AsyncGenerator<RecordChunk> {
  let parts: Buffer[] = []
  let length = 0
  let firstLine = 1
  let quoted = false
  for await (const part of source) {
    const cut: number = length + part.length >= size ? lastRecordEnd(part, csv ? quoted : undefined) : 0
    if (cut > 0) {
      const bytes = Buffer.concat([...parts, part.subarray(0, cut)])
      yield { bytes, firstLine }
      firstLine += countByte(bytes, NEWLINE)
      parts = cut < part.length ? [Buffer.from(part.subarray(cut))] : []
      length = part.length - cut
      quoted = csv && countByte(part.subarray(cut), QUOTE) % 2 === 1
    } else {
      parts.push(part)
      length += part.length
      quoted = csv && quoted !== (countByte(part, QUOTE) % 2 === 1)
    }
  }
  if (length > 0) yield { bytes: Buffer.concat(parts), firstLine }
}

/** Cuts a chunk in two halves of whole lines; `undefined` when it is one record. CSV is cut where quotes are closed. */
export function halve({ bytes, firstLine }: RecordChunk, csv: boolean): [RecordChunk, RecordChunk] | undefined {
  const middle = Math.floor(bytes.length / 2)
  let cut = lastRecordEnd(bytes.subarray(0, middle), csv ? false : undefined)
  if (cut === 0) cut = firstRecordEnd(bytes, csv)
  if (cut === 0 || cut === bytes.length) return undefined
  const head = bytes.subarray(0, cut)
  return [
    { bytes: head, firstLine },
    { bytes: bytes.subarray(cut), firstLine: firstLine + countByte(head, NEWLINE) },
  ]
}

/** Where the first record of a chunk ends. */
export function firstRecordEnd(bytes: Buffer, csv: boolean): number {
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) {
    if (!csv || countByte(bytes.subarray(0, at), QUOTE) % 2 === 0) return at + 1
  }
  return 0
}

/** The place behind the last line break that ends a record; `quoted`: whether a CSV field is open at the start. */
function lastRecordEnd(bytes: Buffer, quoted: boolean | undefined): number {
  let end = bytes.lastIndexOf(NEWLINE) + 1
  if (quoted === undefined) return end
  let open = quoted !== (countByte(bytes.subarray(0, end), QUOTE) % 2 === 1)
  while (open && end > 0) {
    const before = bytes.lastIndexOf(NEWLINE, end - 2) + 1
    open = open !== (countByte(bytes.subarray(before, end), QUOTE) % 2 === 1)
    end = end === 1 ? 0 : before
  }
  return end
}

/** How often a byte occurs. */
export function countByte(bytes: Buffer, byte: number): number {
  let count = 0
  for (let at = bytes.indexOf(byte); at >= 0; at = bytes.indexOf(byte, at + 1)) count++
  return count
}
