import { FrameParser } from '../wire/index.ts'
import { makeRoomForListeners } from './exit-listeners.ts'
import { writeWhole } from './libc.ts'

/**
 * How long leaving the process may wait for Python to say what it has not written yet, when Python
 * does not give up its GIL.
 */
export const FLUSH_TIMEOUT_MS = 150
const CHUNK_BYTES = 64 * 1024

let watching = false

/**
 * Python is never finalized, which would flush what was printed. When this JavaScript thread ends,
 * `flush` has Python hand over what it holds of lines without an end, and writes it.
 */
export function flushAtExit(flush: () => void): void {
  if (watching) return
  watching = true
  makeRoomForListeners(1)
  process.once('exit', flush)
}

/**
 * Writes what Python hands over when it flushes: frames with the number of a descriptor each, until
 * their end. `receive` reads some of it, and returns 0 or less when no more comes.
 */
export function writeFlushed(receive: (chunk: Buffer) => number): void {
  const chunk = Buffer.alloc(CHUNK_BYTES)
  const parser = new FrameParser((_kind, descriptor, bytes, start, end) =>
    writeWhole(descriptor, bytes.subarray(start, end)),
  )
  for (let length = receive(chunk); length > 0; length = receive(chunk))
    parser.push(chunk.subarray(0, length))
}
