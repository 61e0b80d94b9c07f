import { CODE } from './marshal/codes.ts'
import type { SlicedBuffer } from './marshal/reader.ts'

/** Longer texts are read as quickly by the decoder. */
const MOST_BYTES = 256

/**
 * Reads a payload that is one short value without members, for which a decoder would take longer to
 * make than to use. Returns `undefined` for all others, also for malformed ones.
 */
export function decodeScalar(
  bytes: Buffer,
  start: number,
  end: number,
): string | number | boolean | null | undefined {
  const length = end - start - 5
  switch (bytes[start]) {
    case CODE.UNICODE:
      return length >= 0 && length <= MOST_BYTES && bytes.readInt32LE(start + 1) === length
        ? ascii(bytes, start + 5, end)
        : undefined
    case CODE.INT:
      return length === 0 ? bytes.readInt32LE(start + 1) : undefined
    case CODE.NONE:
      return length === -4 ? null : undefined
    case CODE.TRUE:
      return length === -4 ? true : undefined
    case CODE.FALSE:
      return length === -4 ? false : undefined
    default:
      return undefined
  }
}

function ascii(bytes: Buffer, start: number, end: number): string | undefined {
  for (let at = start; at < end; at++) if ((bytes[at] as number) > 0x7f) return undefined
  return (bytes as SlicedBuffer).latin1Slice(start, end)
}
