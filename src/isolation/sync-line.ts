import { readSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { type SyncEntry, setBlocking, waitReadable } from '../capi/index.ts'
import { PythreadsError } from '../errors/index.ts'
import { FrameParser, HEADER_BYTES, KIND, type Kind, writeHeader } from '../wire/index.ts'

/** A reply: its kind and where its payload is. The bytes are valid until the next request. */
export interface SyncReply {
  readonly kind: Kind
  readonly bytes: Buffer
  readonly start: number
}

/** Sends requests to Python and waits for their replies on this JavaScript thread. */
export interface SyncLine {
  request(kind: Kind, payload: Buffer): SyncReply
  close(): void
}

/** Sync calls by one native call into the interpreter of this process. */
export class EntryLine implements SyncLine {
  readonly #entry: SyncEntry
  readonly #scope: number

  constructor(entry: SyncEntry, scope: number) {
    this.#entry = entry
    this.#scope = scope
  }

  request(kind: Kind, payload: Buffer): SyncReply {
    const bytes = this.#entry.request(this.#scope, kind, payload)
    return { kind: bytes.readUInt32LE(8) as Kind, bytes, start: HEADER_BYTES }
  }

  close(): void {}
}

/** How long one wait in native code lasts: a `terminate()` of this JavaScript thread takes effect in between. */
const SLICE_MS = 50

/** Sync calls over a socket, to a worker that serves nobody else. */
export class SocketLine implements SyncLine {
  #fd: number
  /** Closes the descriptor when this JavaScript thread ends, in whatever way: that ends the worker. */
  readonly #owner: Socket
  readonly #chunk: Buffer = Buffer.allocUnsafeSlow(64 * 1024)

  /** `fd`: a socket, owned from now on. `settings`: the payload of the START frame. */
  constructor(fd: number, settings: Buffer) {
    this.#fd = fd
    this.#owner = new Socket({ fd, readable: false, writable: false }).unref()
    setBlocking(fd)
    const ready = this.request(KIND.START, settings)
    if (ready.kind === KIND.READY) return
    this.close()
    throw new PythreadsError('ERR_PYTHREADS_WORKER_START', 'The worker for sync calls did not start')
  }

  request(kind: Kind, payload: Buffer): SyncReply {
    const header = Buffer.alloc(HEADER_BYTES)
    writeHeader(header, 0, payload.length, 1, kind)
    this.#write(Buffer.concat([header, payload]))
    return this.#read()
  }

  close(): void {
    this.#owner.destroy()
    this.#fd = -1
  }

  #write(bytes: Buffer): void {
    if (this.#fd < 0) throw died()
    try {
      for (let sent = 0; sent < bytes.length; ) sent += writeSync(this.#fd, bytes, sent)
    } catch {
      this.close()
      throw died()
    }
  }

  #read(): SyncReply {
    let reply: SyncReply | undefined
    const parser = new FrameParser((kind, _id, bytes, start, end) => {
      reply = { kind, bytes: Buffer.from(bytes.subarray(start, end)), start: 0 }
    })
    while (reply === undefined) {
      if (!waitReadable(this.#fd, SLICE_MS)) continue
      const count = this.#receive()
      if (count === 0) {
        this.close()
        throw died()
      }
      parser.push(this.#chunk.subarray(0, count))
    }
    return reply
  }

  #receive(): number {
    try {
      return readSync(this.#fd, this.#chunk)
    } catch {
      return 0
    }
  }
}

function died(): PythreadsError {
  return new PythreadsError('ERR_PYTHREADS_WORKER_DIED', 'The worker for sync calls ended')
}
