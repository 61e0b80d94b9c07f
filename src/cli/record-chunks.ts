import { PythreadsError } from '../index.ts'

/** Complete records of an input, for one call of a worker. */
export interface RecordChunk {
  readonly bytes: Buffer
  /** The number of the chunk's first line, from 1. */
  readonly firstLine: number
}

const NEWLINE = 0x0a
const QUOTE = 0x22
/** The longest record. A longer one most likely means that line breaks or a quote are missing. */
const MAX_RECORD_BYTES = 256 * 2 ** 20

/**
 * Cuts an input into chunks that end with a record: at a line break, in CSV outside of quotes. A
 * chunk has at most `most()` bytes, or one longer record. Complete records of a slow input are
 * passed on without waiting for more. The time is linear in the size of the input. `records`: if
 * it returns a number, a chunk has at most that number of records, and any number of bytes.
 *
 * @throws `ERR_PYTHREADS_INPUT` when a record is longer than 256 MiB
 */
export async function* recordChunks(
  source: AsyncIterable<Buffer>,
  most: () => number,
  csv: boolean,
  records: () => number | undefined = () => undefined,
): AsyncGenerator<RecordChunk> {
  /** The beginning of a record whose end is still to come. */
  let begun: Buffer[] = []
  let begunBytes = 0
  let quoted = false
  let firstLine = 1
  for await (const part of source) {
    let start = 0
    for (;;) {
      const state = csv ? quoted : undefined
      const fixed = records()
      const end =
        fixed === undefined
          ? nextCut(part, start, most() - begunBytes, state)
          : countedCut(part, start, fixed, state)
      if (end === 0) break
      const bytes =
        begunBytes === 0
          ? part.subarray(start, end)
          : Buffer.concat([...begun, part.subarray(start, end)])
      begun = []
      begunBytes = 0
      quoted = false
      start = end
      yield { bytes, firstLine }
      firstLine += countByte(bytes, NEWLINE)
    }
    if (start === part.length) continue
    const left = start === 0 ? part : part.subarray(start)
    begun.push(left)
    begunBytes += left.length
    quoted = csv && quoted !== hasOddQuotes(left)
    if (begunBytes > MAX_RECORD_BYTES) throw tooLong(firstLine, csv)
  }
  if (begunBytes > 0) yield { bytes: Buffer.concat(begun), firstLine }
}

function tooLong(line: number, csv: boolean): PythreadsError {
  const hint = csv ? 'is a quote not closed?' : 'does the input have line breaks?'
  const message = `line ${line}: the record that begins here is longer than ${MAX_RECORD_BYTES / 2 ** 20} MiB (${hint})`
  return new PythreadsError('ERR_PYTHREADS_INPUT', message)
}

/**
 * Yields the first `most` records of some chunks. `isRecord` says whether a line counts: some
 * formats allow blank lines.
 */
export async function* limited(
  chunks: AsyncIterable<RecordChunk>,
  most: number,
  csv: boolean,
  isRecord: (line: Buffer) => boolean,
): AsyncGenerator<RecordChunk> {
  let left = most
  for await (const { bytes, firstLine } of chunks) {
    let end = 0
    while (left > 0 && end < bytes.length) {
      const next = firstRecordEnd(bytes, end, csv ? false : undefined) || bytes.length
      if (isRecord(bytes.subarray(end, next))) left--
      end = next
    }
    yield { bytes: bytes.subarray(0, end), firstLine }
    if (left === 0) return
  }
}

/** Cuts a chunk in two halves of complete records; `undefined` when the chunk is one record. */
export function halve(
  { bytes, firstLine }: RecordChunk,
  csv: boolean,
): [RecordChunk, RecordChunk] | undefined {
  const cut = nextCut(bytes, 0, Math.floor(bytes.length / 2), csv ? false : undefined)
  if (cut === 0 || cut === bytes.length) return undefined
  const head = bytes.subarray(0, cut)
  return [
    { bytes: head, firstLine },
    { bytes: bytes.subarray(cut), firstLine: firstLine + countByte(head, NEWLINE) },
  ]
}

/**
 * Finds where to cut: at the last end of a record within `most` bytes from `start`, otherwise at
 * the first end of a record; 0 when no record ends. `quoted`: whether `start` is inside of quotes;
 * `undefined` for formats without quotes.
 */
function nextCut(bytes: Buffer, start: number, most: number, quoted: boolean | undefined): number {
  const last = most > 1 ? lastRecordEnd(bytes.subarray(start, start + most), quoted) : 0
  return last > 0 ? start + last : firstRecordEnd(bytes, start, quoted)
}

/** Like {@link nextCut}, behind `records` records, or behind the last one if there are fewer. */
function countedCut(
  bytes: Buffer,
  start: number,
  records: number,
  quoted: boolean | undefined,
): number {
  let end = firstRecordEnd(bytes, start, quoted)
  for (let count = 1; count < records && end > 0; count++) {
    const next = firstRecordEnd(bytes, end, quoted === undefined ? undefined : false)
    if (next === 0) break
    end = next
  }
  return end
}

/** The offset behind the first line break from `start` that ends a record; 0 if none does. */
function firstRecordEnd(bytes: Buffer, start: number, quoted: boolean | undefined): number {
  let open = quoted === true
  let from = start
  for (let at = bytes.indexOf(NEWLINE, start); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) {
    if (quoted !== undefined) open = open !== hasOddQuotes(bytes.subarray(from, at))
    if (!open) return at + 1
    from = at
  }
  return 0
}

/** The offset behind the last line break that ends a record; 0 if none does. */
export function lastRecordEnd(bytes: Uint8Array, quoted: boolean | undefined): number {
  let end = bytes.lastIndexOf(NEWLINE) + 1
  if (quoted === undefined) return end
  let open = quoted !== hasOddQuotes(bytes.subarray(0, end))
  while (open && end > 0) {
    const before = end === 1 ? 0 : bytes.lastIndexOf(NEWLINE, end - 2) + 1
    open = open !== hasOddQuotes(bytes.subarray(before, end))
    end = before
  }
  return end
}

function hasOddQuotes(bytes: Uint8Array): boolean {
  return countByte(bytes, QUOTE) % 2 === 1
}

/** Counts the records that end in a part of an output. */
export function countRecords(bytes: Uint8Array, csv: boolean): number {
  if (!csv) return countByte(bytes, NEWLINE)
  let count = 0
  let open = false
  let from = 0
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) {
    open = open !== hasOddQuotes(bytes.subarray(from, at))
    if (!open) count++
    from = at
  }
  return count
}

function countByte(bytes: Uint8Array, byte: number): number {
  let count = 0
  for (let at = bytes.indexOf(byte); at >= 0; at = bytes.indexOf(byte, at + 1)) count++
  return count
}
