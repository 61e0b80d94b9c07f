import { malformed } from './malformed.ts'

/**
 * Reads UTF-8 of Python, which passes surrogates through. `utf8Slice` replaces them; anything else
 * that it replaces is malformed.
 */
export function readWithSurrogates(bytes: Buffer, start: number, end: number): string {
  let text = ''
  let from = start
  for (let at = start; at + 2 < end; at++) {
    if (bytes[at] !== 0xed || ((bytes[at + 1] as number) & 0xe0) !== 0xa0) continue
    const unit =
      0xd000 | (((bytes[at + 1] as number) & 0x3f) << 6) | ((bytes[at + 2] as number) & 0x3f)
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
    return malformed('a string is not UTF-8', cause)
  }
}
