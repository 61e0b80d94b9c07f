/**
 * marshal writes an int as digits of 15 bits, the lowest first. Both ways go through hexadecimal
 * text, which V8 reads and writes in linear time.
 */

/** The largest BigInt of V8 has this many bits. */
const MAX_BITS = 2 ** 30
const DIGIT_BITS = 15

/** What `readInteger` returns for digits that are none. */
export const BAD_DIGITS: unique symbol = Symbol('bad digits')
/** What `readInteger` returns for an int that no BigInt can hold. */
export const TOO_LARGE: unique symbol = Symbol('too large')

/**
 * The integer whose `count` digits stand at `at`: a number where it is a safe one, else a bigint.
 */
export function readInteger(
  bytes: Buffer,
  at: number,
  count: number,
  negative: boolean,
): number | bigint | typeof BAD_DIGITS | typeof TOO_LARGE {
  const digit = (index: number) => (index < count ? bytes.readUInt16LE(at + index * 2) : 0)
  for (let i = 0; i < count; i++) if ((bytes[at + i * 2 + 1] as number) > 0x7f) return BAD_DIGITS
  if (count > 0 && digit(count - 1) === 0) return BAD_DIGITS
  if (count > 6) return readLarge(bytes, at, count, negative)
  const low = digit(0) + digit(1) * 2 ** 15 + digit(2) * 2 ** 30
  if (count < 4 || (count === 4 && digit(3) < 0x100)) {
    const magnitude = low + digit(3) * 2 ** 45 // below 2 ** 53
    return negative ? -magnitude : magnitude
  }
  const high = digit(3) + digit(4) * 2 ** 15 + digit(5) * 2 ** 30
  const magnitude = (BigInt(high) << 45n) | BigInt(low)
  return negative ? -magnitude : magnitude
}

function readLarge(
  bytes: Buffer,
  at: number,
  count: number,
  negative: boolean,
): bigint | typeof TOO_LARGE {
  const top = 32 - Math.clz32(bytes.readUInt16LE(at + (count - 1) * 2))
  if ((count - 1) * DIGIT_BITS + top > MAX_BITS) return TOO_LARGE
  const packed = Buffer.allocUnsafe(Math.ceil((count * DIGIT_BITS) / 8))
  let end = packed.length
  let pending = 0
  let bits = 0
  for (let position = at; position < at + count * 2; position += 2) {
    pending |= ((bytes[position] as number) | ((bytes[position + 1] as number) << 8)) << bits
    for (bits += DIGIT_BITS; bits >= 8; bits -= 8) {
      packed[--end] = pending
      pending >>>= 8
    }
  }
  if (bits > 0) packed[--end] = pending
  const magnitude = BigInt(`0x${packed.toString('hex')}`)
  return negative ? -magnitude : magnitude
}

/** The digits of a bigint's magnitude, as bytes. */
export function digitsOf(magnitude: bigint): Buffer {
  const text = magnitude.toString(16)
  const packed = Buffer.from(text.length % 2 === 0 ? text : `0${text}`, 'hex')
  const digits = Buffer.allocUnsafe(Math.ceil((packed.length * 8) / DIGIT_BITS) * 2)
  let at = 0
  let pending = 0
  let bits = 0
  const write = () => {
    digits[at++] = pending
    digits[at++] = (pending >>> 8) & 0x7f
    pending >>>= DIGIT_BITS
    bits -= DIGIT_BITS
  }
  for (let i = packed.length - 1; i >= 0; i--) {
    pending |= (packed[i] as number) << bits
    bits += 8
    if (bits >= DIGIT_BITS) write()
  }
  if (bits > 0) write()
  while (at > 0 && digits[at - 1] === 0 && digits[at - 2] === 0) at -= 2
  return digits.subarray(0, at)
}
