import { write } from 'node:fs'
import { Writable } from 'node:stream'

const BUSY_MS = 5

/**
 * Writes to a descriptor, and leaves it open. Unlike `process.stdout` it never blocks the
 * JavaScript thread: Ctrl-C works while the reader of a pipe is slow.
 */
export class DescriptorStream extends Writable {
  readonly fd: number

  constructor(fd: number) {
    super({ highWaterMark: 64 * 1024 })
    this.fd = fd
  }

  override _write(
    chunk: Buffer,
    _encoding: BufferEncoding,
    done: (error?: Error | null) => void,
  ): void {
    write(this.fd, chunk, 0, chunk.length, null, (error, written) => {
      // EAGAIN: the pipe is full, and a process that shares it has made it nonblocking.
      if (error?.code === 'EAGAIN') setTimeout(() => this._write(chunk, _encoding, done), BUSY_MS)
      else if (error !== null || written === chunk.length) done(error)
      else this._write(chunk.subarray(written), _encoding, done)
    })
  }
}
