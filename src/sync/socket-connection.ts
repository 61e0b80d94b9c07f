import { type PythonErrorDetails, PythreadsError, startFailure, toError } from '../errors/index.ts'
import { MAIN, SIDE, type SyncSockets, type SyncSocketWorker } from '../isolation/index.ts'
import {
  decode,
  FrameParser,
  type FrameSink,
  frame,
  frameError,
  KIND,
  unexpectedFrame,
} from '../wire/index.ts'
import { type SideFrame, type SyncConnection, type SyncTools, WHO } from './connection.ts'
import type { SyncReply } from './reply.ts'
import { SideWrites } from './side-writes.ts'

/** How long a worker process may take for its end once its channel is closed. */
const END_MS = 2_000
/** When a full side socket is tried again. */
const RETRY_MS = 2

/**
 * Sync calls over sockets, to a worker that serves nobody else. While a request is waited for, both
 * sockets are read here; otherwise the event loop reads the side one, on which Python's other
 * threads call JavaScript.
 */
export class SocketConnection implements SyncConnection {
  readonly callsBack = true
  readonly inProcess: boolean
  readonly pid: number
  readonly memory: unknown
  readonly #sockets: SyncSockets
  #isOpen = true
  readonly #end: () => void
  readonly #tools: SyncTools
  readonly #mainFrames = new FrameParser(this.#queueFrames(true))
  readonly #sideFrames = new FrameParser(this.#queueFrames(false))
  /**
   * Frames that have come and are not dealt with; a callback that is dealt with may make requests
   * of its own.
   */
  readonly #frames: (SideFrame & { readonly main: boolean })[] = []
  readonly #sideWrites: SideWrites
  #retry: NodeJS.Timeout | undefined
  /** The error of a malformed frame, if one came. */
  #failure: PythreadsError | undefined
  /** Whether READY is to come. */
  #isStarting = true
  #id = -1 // the first request is START, whose reply has the id 0
  /** How many requests are waited for, one within the other. */
  #depth = 0

  /** @throws `ERR_PYTHREADS_WORKER_START`, and what its modules raise */
  constructor(worker: SyncSocketWorker, tools: SyncTools) {
    const { sockets, settings } = worker
    this.inProcess = worker.inProcess
    this.pid = worker.pid
    this.#sockets = sockets
    this.#tools = tools
    this.#end = () => worker.end()
    this.#sideWrites = new SideWrites((bytes) => sockets.write(SIDE, bytes, 0))
    const [main, side] = sockets.sockets
    main.unref()
    main.on('error', () => {})
    side.on('error', () => {}) // the main socket's end says more
    // Node closes a socket that has ended, and another file may have its descriptor then.
    for (const socket of sockets.sockets) socket.once('close', () => this.close())
    side.on('data', (chunk: Buffer) => this.#sideData(chunk))
    side.unref()
    this.memory = this.#start(settings, tools.startTimeoutMs)['memory'] ?? -1
    this.#isStarting = false
  }

  /** Deals with what comes while nobody waits. */
  #sideData(chunk?: Buffer): void {
    try {
      if (chunk !== undefined) this.#sideFrames.push(chunk)
      this.#handleFrames()
    } catch (error) {
      this.#fail(error) // the next request says so: this event is nobody's
    }
  }

  /** Starts the worker; one that is not ready in time is ended. */
  #start(settings: Buffer, timeoutMs: number): Readonly<Record<string, unknown>> {
    let ready: SyncReply
    let value: unknown
    try {
      ready = this.request(frame(KIND.START, settings), performance.now() + timeoutMs)
      value = decode(ready.bytes, ready.start)
    } catch (cause) {
      this.kill()
      if (cause instanceof PythreadsError && cause.code === 'ERR_PYTHREADS_WORKER_START')
        throw cause
      throw startFailure(
        'the one for sync calls',
        new Error('it ended before it was ready', { cause }),
      )
    }
    if (ready.kind === KIND.READY && typeof value === 'object' && value !== null)
      return value as Record<string, unknown>
    this.kill()
    if (ready.kind === KIND.ERROR) throw toError(value as PythonErrorDetails)
    throw new PythreadsError(
      'ERR_PYTHREADS_WORKER_START',
      `${WHO} did not start: its first frame is not READY`,
    )
  }

  kill(): void {
    this.close()
    this.#end()
  }

  /**
   * `until`: when the wait is over, in `performance.now()`; a call takes as long as its code does.
   */
  request(bytes: Buffer, until: number = Number.POSITIVE_INFINITY): SyncReply {
    const id = ++this.#id >>> 0
    if (bytes.readUInt32LE(8) !== KIND.START) bytes.writeUInt32LE(id, 4)
    this.#depth++
    try {
      this.#write(bytes, id > 0)
      return this.#wait(id, until)
    } finally {
      this.#depth--
      if (!this.#sideWrites.isEmpty) this.#flushLater()
    }
  }

  notify(bytes: Buffer): void {
    if (this.#isOpen) this.#write(bytes)
  }

  /**
   * Closes the channel, with which the worker ends; a process that does not is ended after a while.
   */
  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    for (const socket of this.#sockets.sockets) socket.destroy()
    if (!this.inProcess) setTimeout(this.#end, END_MS).unref()
  }

  /** Whether frames can be sent. */
  get #isUsable(): boolean {
    const [main, side] = this.#sockets.sockets
    return this.#isOpen && !main.destroyed && !side.destroyed
  }

  #queueFrames(main: boolean): FrameSink {
    return (kind, id, bytes, start, end) =>
      void this.#frames.push({ kind, id, bytes: Buffer.from(bytes.subarray(start, end)), main })
  }

  #wait(id: number, until: number): SyncReply {
    try {
      return this.#replyTo(id, until)
    } catch (error) {
      this.#fail(error)
      throw frameError(error)
    }
  }

  /** Python sent malformed bytes: kills the worker. */
  #fail(error: unknown): void {
    if (!this.#isOpen) return // it ends by itself, and may have something to print yet
    this.#failure ??= frameError(error)
    this.kill()
  }

  #replyTo(id: number, until: number): SyncReply {
    for (let ends = 0; ; ) {
      const reply = this.#handleFrames(id)
      if (reply !== undefined) return reply
      if (!this.#isUsable) throw this.#died()
      if (!this.#waitForFrames(until) && performance.now() >= until) {
        throw new PythreadsError(
          'ERR_PYTHREADS_WORKER_START',
          `${WHO} was not ready in time (\`startTimeoutMs\`)`,
        )
      }
      const aside = this.#sideWrites.isFull ? undefined : this.#sockets.receive(SIDE)
      if (aside !== undefined) this.#sideFrames.push(aside)
      const chunk = this.#sockets.receive(MAIN)
      // What a worker wrote before it closed the side socket is found at the second look.
      if (chunk === undefined && !(aside?.length === 0 && ends++ > 0)) continue
      if (chunk === undefined || chunk.length === 0) {
        this.close()
        throw this.#died()
      }
      this.#mainFrames.push(chunk)
    }
  }

  /**
   * Waits until something has come, and sends meanwhile what the side socket takes. Returns whether
   * something has come.
   */
  #waitForFrames(until: number): boolean {
    if (!this.#sideWrites.isEmpty) this.#flushSide()
    if (!this.#isUsable) return false
    const { isEmpty, isFull } = this.#sideWrites
    if (isFull) this.#sockets.waitForRoom(SIDE, 0)
    const leftMs = isFull ? 0 : Math.max(until - performance.now(), 0)
    return this.#sockets.wait(isEmpty ? leftMs : Math.min(leftMs, RETRY_MS))
  }

  /**
   * The frame to deal with. The reply to a call does not wait behind what a worker asks for that
   * does not read.
   */
  #next(): (SideFrame & { readonly main: boolean }) | undefined {
    if (!this.#sideWrites.isFull) return this.#frames.shift()
    const index = this.#depth === 0 ? -1 : this.#frames.findIndex(({ main }) => main)
    return index < 0 ? undefined : this.#frames.splice(index, 1)[0]
  }

  /** Deals with the frames that have come, until the reply with this id is among them. */
  #handleFrames(id?: number): SyncReply | undefined {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      const { kind, bytes, main } = next
      if (main && kind === KIND.READY && !this.#isStarting)
        throw new PythreadsError('ERR_PYTHREADS_PROTOCOL', 'READY came twice')
      if (main && (kind === KIND.RESULT || kind === KIND.ERROR || kind === KIND.READY)) {
        if (next.id === id) return { kind, bytes, start: 0 }
        if (next.id > this.#id >>> 0) throw unexpectedFrame(WHO, kind, next.id)
        continue // of a request that a callback made and that threw meanwhile
      }
      const reply = main
        ? (reply: Buffer) => this.#replyToMain(reply)
        : (reply: Buffer) => this.#replyToSide(reply)
      this.#tools.take(next, reply, this.#depth > 0)
    }
    return undefined
  }

  /** Sends what a callback returned, perhaps when nobody waits for anything any more. */
  #replyToMain(bytes: Buffer): void {
    if (this.#depth > 0 || this.#isUsable) this.#write(bytes, this.#depth > 0)
  }

  /** `matters`: else the worker may have refused to start already, and said why. */
  #write(bytes: Buffer, matters: boolean = true): void {
    if (!this.#isUsable) throw this.#died()
    let refused: number | undefined
    for (let sent = 0; sent < bytes.length; ) {
      const taken = this.#sockets.write(MAIN, bytes, sent)
      if (taken === undefined) {
        if (!matters) return
        this.close()
        throw this.#died()
      }
      if (taken >= 0) {
        sent += taken
        refused = undefined
      } else {
        refused ??= performance.now()
        this.#sockets.waitForRoom(MAIN, performance.now() - refused)
      }
    }
  }

  #replyToSide(bytes: Buffer): void {
    if (!this.#isUsable) return
    if (this.#sideWrites.push(bytes)) this.#flushSide()
    if (this.#sideWrites.isFull) this.#sockets.sockets[SIDE].pause()
  }

  /**
   * Writes to the side socket as much as it takes; the rest later, or while a call is waited for.
   */
  #flushSide(): void {
    if (!this.#isUsable) return
    const outcome = this.#sideWrites.flush()
    if (outcome === 'failed') return this.close()
    if (outcome === 'blocked') return this.#depth === 0 ? this.#flushLater() : undefined
    const [, side] = this.#sockets.sockets
    if (!side.isPaused()) return
    side.resume()
    setImmediate(() => this.#sideData())
  }

  #flushLater(): void {
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined
      this.#flushSide()
    }, RETRY_MS).unref()
  }

  #died(): PythreadsError {
    return this.#failure ?? new PythreadsError('ERR_PYTHREADS_WORKER_DIED', `${WHO} ended`)
  }
}
