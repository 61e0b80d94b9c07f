import { readSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { Poller, type SyncEntry, setBlocking } from '../capi/index.ts'
import { PythreadsError } from '../errors/index.ts'
import { decode, FrameParser, type FrameSink, frame, HEADER_BYTES, KIND, type Kind } from '../wire/index.ts'
import { vigilant } from './vigilant.ts'

/** A reply: its kind and where its payload is. The bytes are valid until the next request. */
export interface SyncReply {
  readonly kind: Kind
  readonly bytes: Buffer
  readonly start: number
}

/** Sends requests to Python and waits for their replies on this JavaScript thread. */
export interface SyncLine {
  /** Whether Python can call JavaScript functions on it. */
  readonly callsBack: boolean
  /** Whether Python runs in this process, and otherwise in which. */
  readonly inProcess: boolean
  readonly pid: number
  /** Sends a frame; its request id is written here. */
  request(bytes: Buffer): SyncReply
  /** Sends a frame to which there is no reply, if the line can. */
  tell(bytes: Buffer): void
  close(): void
}

/** What a line needs to know to deal with frames that are not replies. */
export interface SyncTools {
  /** Takes such a frame. `reply` sends frames back. `blocked`: this thread waits, so a promise could never settle. */
  take(frame: SideFrame, reply: (bytes: Buffer) => void, blocked: boolean): void
}

/** A frame that is not the reply to a request. */
export interface SideFrame {
  readonly kind: Kind
  readonly id: number
  readonly bytes: Buffer
}

/** Sync calls by one native call into the interpreter of this process. */
export class EntryLine implements SyncLine {
  readonly callsBack = false
  readonly inProcess = true
  readonly pid: number = process.pid
  readonly #entry: SyncEntry
  readonly #scope: number

  constructor(entry: SyncEntry, scope: number) {
    this.#entry = entry
    this.#scope = scope
  }

  request(frame: Buffer): SyncReply {
    frame.writeUInt32LE(this.#scope, 4)
    const bytes = this.#entry.request(frame)
    return { kind: bytes.readUInt32LE(8) as Kind, bytes, start: HEADER_BYTES }
  }

  tell(frame: Buffer): void {
    this.request(frame)
  }

  close(): void {}
}

const MAIN = 0
const SIDE = 1
/** How long one wait in native code lasts: a `terminate()` of this JavaScript thread takes effect in between. */
const SLICE_MS = 50
/** When a full side socket is tried again. */
const RETRY_MS = 2

/**
 * Sync calls over sockets, to a worker that serves nobody else. While a request is waited for, both sockets are read here;
 * otherwise the event loop reads the side one, on which Python's other threads call JavaScript.
 */
export class SocketLine implements SyncLine {
  readonly callsBack = true
  readonly inProcess: boolean
  readonly pid: number
  #fd: number
  /** Closes the descriptor when this JavaScript thread ends, in whatever way: that ends the worker. */
  readonly #owner: Socket
  readonly #sideFd: number
  readonly #side: Socket
  readonly #tools: SyncTools
  /** The main socket, and the side one. */
  readonly #both: Poller
  readonly #look: (timeoutMs: number) => boolean
  readonly #chunk: Buffer = Buffer.allocUnsafeSlow(64 * 1024)
  readonly #main = new FrameParser(this.#keep(true))
  readonly #aside = new FrameParser(this.#keep(false))
  /** Frames that have come and are not dealt with; a callback that is dealt with may make requests of its own. */
  readonly #frames: (SideFrame & { readonly main: boolean })[] = []
  /** What is to be written to the side socket. */
  readonly #answers: Buffer[] = []
  #id = -1 // the first request is START, whose reply has the id 0
  /** How many requests are waited for, one within the other. */
  #depth = 0

  /** `fds`: the main and the side socket, owned from now on. `settings`: the payload of the START frame. `inProcess`: Python runs here. */
  constructor(fds: readonly [number, number], settings: Buffer, tools: SyncTools, inProcess: boolean) {
    const [fd, side] = fds
    this.inProcess = inProcess
    this.#fd = fd
    this.#sideFd = side
    this.#tools = tools
    this.#both = new Poller(fds, 'readable')
    this.#look = vigilant((timeoutMs) => this.#both.wait(timeoutMs))
    this.#owner = new Socket({ fd, readable: false, writable: false }).unref()
    setBlocking(fd)
    this.#side = new Socket({ fd: side, readable: true, writable: true })
    this.#side.on('error', () => {}) // the main socket's end says more
    this.#side.on('data', (chunk: Buffer) => {
      this.#aside.push(chunk)
      this.#deal()
    })
    this.#side.unref()
    const ready = this.request(frame(KIND.START, settings))
    if (ready.kind === KIND.READY) {
      this.pid = (decode(ready.bytes, ready.start) as { pid: number }).pid
      return
    }
    this.close()
    throw new PythreadsError('ERR_PYTHREADS_WORKER_START', 'The worker for sync calls did not start')
  }

  request(bytes: Buffer): SyncReply {
    const id = ++this.#id >>> 0
    if (bytes.readUInt32LE(8) !== KIND.START) bytes.writeUInt32LE(id, 4)
    this.#depth++
    try {
      this.#write(this.#fd, bytes)
      return this.#wait(id)
    } finally {
      this.#depth--
    }
  }

  tell(bytes: Buffer): void {
    if (this.#fd >= 0) this.#write(this.#fd, bytes)
  }

  close(): void {
    this.#owner.destroy()
    this.#side.destroy()
    this.#fd = -1
  }

  #keep(main: boolean): FrameSink {
    return (kind, id, bytes, start, end) =>
      void this.#frames.push({ kind, id, bytes: Buffer.from(bytes.subarray(start, end)), main })
  }

  #wait(id: number): SyncReply {
    for (;;) {
      const reply = this.#deal(id)
      if (reply !== undefined) return reply
      if (this.#fd < 0) throw died()
      if (!this.#look(SLICE_MS)) continue
      const main = this.#both.found(MAIN)
      if (this.#both.found(SIDE)) this.#aside.push(this.#receive(this.#sideFd))
      if (!main) continue
      const chunk = this.#receive(this.#fd)
      if (chunk.length === 0) {
        this.close()
        throw died()
      }
      this.#main.push(chunk)
    }
  }

  /** Deals with the frames that have come, until the reply with this id is among them. */
  #deal(id?: number): SyncReply | undefined {
    for (let next = this.#frames.shift(); next !== undefined; next = this.#frames.shift()) {
      const { kind, bytes, main } = next
      if (main && (kind === KIND.RESULT || kind === KIND.ERROR || kind === KIND.READY)) {
        if (next.id === id) return { kind, bytes, start: 0 }
        continue // of a request that a callback made and that threw meanwhile
      }
      const reply = main ? (answer: Buffer) => this.#write(this.#fd, answer) : (answer: Buffer) => this.#tellSide(answer)
      this.#tools.take(next, reply, this.#depth > 0)
    }
    return undefined
  }

  #write(fd: number, bytes: Buffer): void {
    if (this.#fd < 0) throw died()
    try {
      for (let sent = 0; sent < bytes.length; ) sent += writeSync(fd, bytes, sent)
    } catch {
      this.close()
      throw died()
    }
  }

  #tellSide(bytes: Buffer): void {
    if (this.#answers.push(bytes) === 1) this.#flushSide()
  }

  /** Writes to the side socket, which does not block; waits only where this thread waits anyway. */
  #flushSide(): void {
    for (let bytes = this.#answers[0]; bytes !== undefined && this.#fd >= 0; bytes = this.#answers[0]) {
      try {
        const sent = writeSync(this.#sideFd, bytes)
        if (sent < bytes.length) this.#answers[0] = bytes.subarray(sent)
        else this.#answers.shift()
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return this.close()
        if (this.#depth === 0) return void setTimeout(() => this.#flushSide(), RETRY_MS)
        new Poller([this.#sideFd], 'writable').wait(SLICE_MS)
      }
    }
  }

  #receive(fd: number): Buffer {
    try {
      return this.#chunk.subarray(0, readSync(fd, this.#chunk))
    } catch {
      return this.#chunk.subarray(0, 0)
    }
  }
}

function died(): PythreadsError {
  return new PythreadsError('ERR_PYTHREADS_WORKER_DIED', 'The worker for sync calls ended')
}
