import { deflateRawSync } from 'node:zlib'

const DEFLATED = 8
const REGULAR_PROGRAM = 0o100755

/** A zip archive, such as a wheel, of these files. */
export function zip(files: Readonly<Record<string, string | Buffer>>): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let at = 0
  for (const [name, content] of Object.entries(files)) {
    const bytes = Buffer.from(content)
    const packed = deflateRawSync(bytes)
    const common = Buffer.concat([
      uint16(20, 0, DEFLATED, 0, 0x21), // version, flags, method, 1 January 1980
      uint32(crc32(bytes), packed.length, bytes.length),
      uint16(Buffer.byteLength(name), 0),
    ])
    const local = Buffer.concat([uint32(0x04034b50), common, Buffer.from(name), packed])
    directory.push(
      Buffer.concat([
        uint32(0x02014b50),
        uint16((3 << 8) | 20),
        common,
        uint16(0, 0, 0),
        uint32((REGULAR_PROGRAM << 16) >>> 0, at),
        Buffer.from(name),
      ]),
    )
    parts.push(local)
    at += local.length
  }
  const entries = Buffer.concat(directory)
  const count = directory.length
  const end = [
    uint32(0x06054b50),
    uint16(0, 0, count, count),
    uint32(entries.length, at),
    uint16(0),
  ]
  return Buffer.concat([...parts, entries, ...end])
}

function uint16(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2)
  values.forEach((value, index) => void bytes.writeUInt16LE(value, index * 2))
  return bytes
}

function uint32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  values.forEach((value, index) => void bytes.writeUInt32LE(value, index * 4))
  return bytes
}

function crc32(bytes: Buffer): number {
  let crc = ~0
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return ~crc >>> 0
}
