import { HEADER_BYTES } from '../wire/index.ts'
import { ffi } from './ffi.ts'

const INITIAL_BYTES = 64 * 1024
const FETCH = 0

/**
 * The native function of the kernel's `sync_entry.py`. Attaching to Python, the call and detaching
 * happen in that one native call, so a JavaScript thread that is terminated in its middle ends only
 * after it, with the GIL released.
 */
export class SyncEntry {
  readonly #call: (buffer: Buffer, length: number, capacity: number) => number
  /**
   * Lent out while a call is encoded and while it runs; a call within a call gets one of its own.
   */
  #spare: Buffer | undefined = Buffer.allocUnsafeSlow(INITIAL_BYTES)

  constructor(address: number | bigint) {
    const koffi = ffi()
    // One anonymous type: koffi keeps named ones for as long as the JavaScript thread lives.
    this.#call = koffi.decode(
      BigInt(address),
      koffi.proto('int64_t', ['uint8_t *', 'int64_t', 'int64_t']),
    )
  }

  /**
   * Sends a frame, whose request id is the pool's scope, and waits for its reply, which is valid
   * until the next request.
   */
  request(frame: Buffer): Buffer {
    const { length } = frame
    const spare = this.#spare
    this.#spare = undefined
    const buffer =
      spare !== undefined && spare.length >= length
        ? spare
        : Buffer.allocUnsafeSlow(Math.max(INITIAL_BYTES, length))
    frame.copy(buffer)
    const size = this.#call(buffer, length, buffer.length)
    this.#spare = buffer.length > INITIAL_BYTES * 16 ? spare : buffer
    return size >= 0 ? buffer.subarray(0, size) : this.#fetch(-size)
  }

  /** Fetches a reply that was larger than the buffer; the kernel keeps it for this thread. */
  #fetch(size: number): Buffer {
    const buffer = Buffer.allocUnsafeSlow(size)
    buffer.fill(0, 0, HEADER_BYTES)
    buffer.writeUInt32LE(FETCH, 8)
    this.#call(buffer, HEADER_BYTES, size)
    return buffer
  }
}
