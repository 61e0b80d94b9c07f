import { FrameParser } from '../wire/index.ts'
import { makeRoomForListeners } from './exit-listeners.ts'
import { writeWhole } from './libc.ts'

/** How long an exit may wait for Python's unwritten output: C code may keep the GIL. */
export const FLUSH_TIMEOUT_MS = 150
const CHUNK_BYTES = 64 * 1024

let watching = false

/**
 * Calls `flush` when this JavaScript thread ends. Python keeps printed text until its line ends,
 * and is never finalized, which would write that text; `flush` fetches and writes it.
 */
export function flushAtExit(flush: () => void): void {
  if (watching) return
  watching = true
  makeRoomForListeners(1)
  process.once('exit', flush)
}

/**
 * Writes the output that Python sends when it flushes: frames whose request id is the descriptor to
 * write to. `receive` reads some bytes, and returns 0 or less at the end.
 */
export function writeFlushed(receive: (chunk: Buffer) => number): void {
  const chunk = Buffer.alloc(CHUNK_BYTES)
  const parser = new FrameParser((_kind, descriptor, bytes, start, end) =>
    writeWhole(descriptor, bytes.subarray(start, end)),
  )
  for (let length = receive(chunk); length > 0; length = receive(chunk))
    parser.push(chunk.subarray(0, length))
}
