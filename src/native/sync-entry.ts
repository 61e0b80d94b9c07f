import { HEADER_BYTES } from '../wire/index.ts'
import { ffi } from './ffi.ts'

const INITIAL_BYTES = 64 * 1024
const FETCH = 0

/**
 * The native function that the kernel's `sync_entry.py` exports for sync calls. It attaches to
 * Python, runs the call and detaches in one native call. So a JavaScript thread that is terminated
 * during a call ends only after the call, when the GIL is released.
 */
export class SyncEntry {
  readonly #call: (buffer: Buffer, length: number, capacity: number) => number
  /** The buffer for requests and replies; `undefined` during a call, so nested calls get others. */
  #spare: Buffer | undefined = Buffer.allocUnsafeSlow(INITIAL_BYTES)

  constructor(address: number | bigint) {
    const koffi = ffi()
    // An anonymous type: koffi keeps named types as long as the JavaScript thread lives.
    this.#call = koffi.decode(
      BigInt(address),
      koffi.proto('int64_t', ['uint8_t *', 'int64_t', 'int64_t']),
    )
  }

  /**
   * Sends a frame and waits for its reply. The request id of the frame is the number of the pool's
   * scope. The reply is valid until the next request.
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
    return this.reply(buffer, size)
  }

  /** Like {@link request}, for a frame that stands at the start of this buffer already. */
  requestIn(buffer: Buffer, length: number): Buffer {
    return this.reply(buffer, this.#call(buffer, length, buffer.length))
  }

  /** The reply that a call has left in a buffer. `size`: negative if it did not fit. */
  reply(buffer: Buffer, size: number): Buffer {
    return size >= 0 ? buffer.subarray(0, size) : this.#fetch(-size)
  }

  /** The function of a buffer, which `prepared_calls.py` has made. */
  functionAt(address: number): (scope: number) => number {
    const koffi = ffi()
    return koffi.decode(BigInt(address), koffi.proto('int64_t', ['int64_t']))
  }

  /** Fetches a reply that did not fit into the buffer; the kernel keeps it for this thread. */
  #fetch(size: number): Buffer {
    const buffer = Buffer.allocUnsafeSlow(size)
    buffer.fill(0, 0, HEADER_BYTES)
    buffer.writeUInt32LE(FETCH, 8)
    this.#call(buffer, HEADER_BYTES, size)
    return buffer
  }
}
