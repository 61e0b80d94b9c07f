import { promisify } from 'node:util'
import { builtin } from '../builtin.ts'

const END_OF_DIRECTORY = 0x06054b50
const DIRECTORY_ENTRY = 0x02014b50
const FILE_HEADER = 0x04034b50
const STORED = 0
const DEFLATED = 8

/**
 * Returns the content of the first file in a zip archive whose name matches; `undefined` without
 * one. The archive must be one that the caller has checked by its hash: checksums are not compared.
 *
 * @throws when the bytes are no zip archive, or the file is larger than `maxBytes`
 */
export async function readFromZip(
  zip: Buffer,
  name: RegExp,
  maxBytes: number,
): Promise<Buffer | undefined> {
  const end = zip.lastIndexOf(uint32(END_OF_DIRECTORY))
  if (end < 0) throw new Error('it is no zip archive')
  const count = zip.readUInt16LE(end + 10)
  let at = zip.readUInt32LE(end + 16)
  for (let i = 0; i < count; i++) {
    if (zip.readUInt32LE(at) !== DIRECTORY_ENTRY) throw new Error('its directory is damaged')
    const [nameLength, extra, comment] = [28, 30, 32].map((offset) => zip.readUInt16LE(at + offset))
    const nameEnd = at + 46 + (nameLength ?? 0)
    if (name.test(zip.toString('utf8', at + 46, nameEnd))) return content(zip, at, maxBytes)
    at = nameEnd + (extra ?? 0) + (comment ?? 0)
  }
  return undefined
}

/** `entry`: where the directory describes the file. */
async function content(zip: Buffer, entry: number, maxBytes: number): Promise<Buffer> {
  const method = zip.readUInt16LE(entry + 10)
  const [packed, size, header] = [20, 24, 42].map((offset) => zip.readUInt32LE(entry + offset)) as [
    number,
    number,
    number,
  ]
  if (zip.readUInt32LE(header) !== FILE_HEADER) throw new Error('its directory is damaged')
  if (size > maxBytes) throw new Error(`a file in it has ${size} bytes`)
  const start = header + 30 + zip.readUInt16LE(header + 26) + zip.readUInt16LE(header + 28)
  const bytes = zip.subarray(start, start + packed)
  if (method === STORED) return bytes
  if (method !== DEFLATED) throw new Error(`a file in it is packed by the method ${method}`)
  const inflate = promisify(builtin('node:zlib').inflateRaw)
  return inflate(bytes, { maxOutputLength: Math.max(size, 1) })
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
