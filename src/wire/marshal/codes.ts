/** The type codes of CPython's marshal format that plain values use. */
export const CODE = {
  NONE: 0x4e, // N
  TRUE: 0x54, // T
  FALSE: 0x46, // F
  INT: 0x69, // i: int32
  LONG: 0x6c, // l: signed count of 15-bit digits, then the digits as u16
  FLOAT: 0x67, // g: float64
  UNICODE: 0x75, // u: UTF-8 with surrogates passed through
  INTERNED: 0x74, // t: as u
  ASCII: 0x61, // a: one byte a character, i32 length
  ASCII_INTERNED: 0x41, // A
  SHORT_ASCII: 0x7a, // z: as a, u8 length
  SHORT_ASCII_INTERNED: 0x5a, // Z
  BYTES: 0x73, // s
  TUPLE: 0x28, // (
  SMALL_TUPLE: 0x29, // ): u8 length
  LIST: 0x5b, // [
  DICT: 0x7b, // {: key, value ... until NULL
  NULL: 0x30, // 0
  SET: 0x3c, // <
  FROZENSET: 0x3e, // >
  ELLIPSIS: 0x2e, // .: the first member of an escape
  REF: 0x72, // r: u32 index of an object that carried FLAG_REF
} as const

/** Set on a type code: this object can be referred to later. */
export const FLAG_REF = 0x80

/** marshal counts in signed 32-bit numbers. */
export const MAX_LENGTH = 0x7fff_ffff

/**
 * CPython's reader and writer stop at 2,000 levels on Linux and macOS. Values that are nested
 * deeper than this constant are sent in chunks.
 */
export const MAX_DEPTH = 1000
/**
 * How deep a key may nest. A key cannot be cut into chunks, so this and `MAX_DEPTH` together stay
 * below marshal's limit.
 */
export const MAX_KEY_DEPTH = 900
