import { EventEmitter } from 'node:events'
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { startFailure } from '../errors/index.ts'
import { own } from '../own.ts'
import { RELAY_PROGRAM } from './relay-program.ts'
import { MAIN, SIDE, type SyncSockets, type SyncStream } from './sync-sockets.ts'

/**
 * The channels of a worker for sync calls where this JavaScript thread cannot read them while it
 * waits: Node has no descriptors of the pipes of Windows. Another thread reads and writes them, and
 * passes on what comes.
 */

/**
 * The shared words: how often something was passed on; how many bytes wait to be written to each
 * channel, and to be read by this thread from each.
 */
const WORDS = 5
const UNWRITTEN = 1
const UNREAD = 3
/** The most bytes that may wait to be written to a channel. */
const MOST_UNWRITTEN = 2 ** 20
/** When more bytes than this wait to be read, the thread waits this long after each piece. */
const MOST_UNREAD = 2 ** 24
const SLOW_MS = 20
/** How long one wait lasts: a `terminate()` of this JavaScript thread takes effect in between. */
const SLICE_MS = 50

type Which = typeof MAIN | typeof SIDE

/** What the thread passes on. `bytes`: `null` at the end of a channel. */
type Passed =
  | { readonly pid: number }
  | { readonly failed: NodeJS.ErrnoException }
  | { readonly which: Which; readonly bytes: Uint8Array | null }

/** What is run, as `spawn` gets it. */
export interface RelayCommand {
  readonly file: string
  readonly args: readonly string[]
  readonly options: object
  /** The entries of `stdio` to read from and to write to, for the main and the side channel. */
  readonly pipes: readonly (readonly [number, number])[]
}

/** One channel. It emits what comes only while this thread runs its event loop. */
class RelayedStream extends EventEmitter implements SyncStream {
  readonly queue: Uint8Array[] = []
  hasEnded = false
  destroyed = false
  #isFlowing = false
  #isPaused = false
  readonly #read: (bytes: number) => void
  readonly #closed: () => void

  constructor(read: (bytes: number) => void, closed: () => void) {
    super()
    this.#read = read
    this.#closed = closed
    this.on('newListener', (name) => {
      if (name === 'data') this.#isFlowing = true
    })
  }

  isPaused(): boolean {
    return this.#isPaused
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.flow()
  }

  unref(): void {}

  destroy(): void {
    if (this.destroyed) return
    this.destroyed = true
    this.#closed()
    this.emit('close')
  }

  /** Takes all bytes that have come: none at the end, `undefined` if none have come yet. */
  take(): Buffer | undefined {
    if (this.queue.length === 0) return this.hasEnded ? Buffer.alloc(0) : undefined
    const bytes = Buffer.concat(this.queue.splice(0))
    this.#read(bytes.length)
    return bytes
  }

  /** Emits what has come. */
  flow(): void {
    while (this.#isFlowing && !this.#isPaused && !this.destroyed && this.queue.length > 0)
      this.emit('data', this.take())
    if (this.hasEnded && this.queue.length === 0) this.destroy()
  }
}

/** Starts a worker on another thread, and connects to its channels. */
export function startRelayed(
  command: RelayCommand,
  timeoutMs: number,
): { readonly sockets: SyncSockets; readonly pid: number; end(): void } {
  const words = new Int32Array(new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT))
  const { port1: port, port2: its } = new MessageChannel()
  const bounds = { most: MOST_UNREAD, slowMs: SLOW_MS }
  const layout = { unwritten: UNWRITTEN, unread: UNREAD, pipes: command.pipes, ...bounds }
  const { file, args, options } = command
  const workerData = { port: its, words, command: { file, args, options }, ...layout }
  const thread = new Worker(
    RELAY_PROGRAM,
    own({ eval: true, workerData, transferList: [its], execArgv: [], env: {} }),
  )
  thread.on('error', () => {}) // its port closes
  thread.unref()
  const relay = new Relay(port, words)
  const pid = relay.started(timeoutMs, file)
  return { sockets: relay, pid, end: () => relay.post({ what: 'kill' }) }
}

class Relay implements SyncSockets {
  readonly sockets: readonly [RelayedStream, RelayedStream]
  readonly #port: MessagePort
  readonly #words: Int32Array
  /** How many messages this thread has taken. */
  #taken = 0

  constructor(port: MessagePort, words: Int32Array) {
    this.#port = port
    this.#words = words
    this.sockets = [this.#stream(MAIN), this.#stream(SIDE)]
  }

  /** Waits until the worker is started; returns its process id. */
  started(timeoutMs: number, file: string): number {
    const until = performance.now() + timeoutMs
    for (let first = this.#receive(); ; first = this.#receive()) {
      if (first !== undefined && 'pid' in first) {
        this.#listen()
        return first.pid
      }
      const left = until - performance.now()
      if (first === undefined && left > 0) {
        this.#park(left)
        continue
      }
      this.post({ what: 'kill' })
      this.#port.close()
      const late = new Error(`the thread that starts it did not do so in ${timeoutMs} ms`)
      const cause = first !== undefined && 'failed' in first ? first.failed : late
      throw startFailure(`${file} cannot be run`, cause)
    }
  }

  post(message: { readonly what: 'kill' | 'close' }): void {
    this.#port.postMessage(message)
  }

  wait(timeoutMs: number): boolean {
    if (this.#takeAll()) return true
    if (timeoutMs > 0) this.#park(timeoutMs)
    return this.#takeAll()
  }

  receive(which: Which): Buffer | undefined {
    return this.sockets[which].take()
  }

  write(which: Which, bytes: Uint8Array, from: number): number | undefined {
    if (this.sockets[which].hasEnded) return undefined
    const room = MOST_UNWRITTEN - Atomics.load(this.#words, UNWRITTEN + which)
    if (room <= 0) return -1
    const copy = Uint8Array.from(bytes.subarray(from, from + room))
    const { length } = copy // none is left when it is transferred
    Atomics.add(this.#words, UNWRITTEN + which, length)
    this.#port.postMessage({ what: 'write', which, bytes: copy }, [copy.buffer])
    return length
  }

  waitForRoom(which: Which): void {
    const waiting = Atomics.load(this.#words, UNWRITTEN + which)
    if (waiting >= MOST_UNWRITTEN) Atomics.wait(this.#words, UNWRITTEN + which, waiting, SLICE_MS)
  }

  #stream(which: Which): RelayedStream {
    const read = (bytes: number) => {
      Atomics.sub(this.#words, UNREAD + which, bytes)
      Atomics.notify(this.#words, UNREAD + which)
    }
    const closed = () => {
      if (!this.sockets.every(({ destroyed }) => destroyed)) return
      this.post({ what: 'close' })
      this.#port.unref()
    }
    return new RelayedStream(read, closed)
  }

  #listen(): void {
    this.#port.on('message', (passed: Passed) => {
      this.#taken = (this.#taken + 1) | 0
      this.#add(passed)
      this.#flow()
    })
    this.#port.on('close', () => {
      for (const stream of this.sockets) stream.hasEnded = true
      this.#flow()
    })
    this.#port.unref()
  }

  #flow(): void {
    const [main, side] = this.sockets
    side.flow()
    if (main.hasEnded) main.flow()
  }

  #receive(): Passed | undefined {
    const received = receiveMessageOnPort(this.#port)
    if (received !== undefined) this.#taken = (this.#taken + 1) | 0
    return received?.message
  }

  /** Takes everything that was passed on; returns whether a channel has something. */
  #takeAll(): boolean {
    let hasMore = false
    for (let passed = this.#receive(); passed !== undefined; passed = this.#receive()) {
      this.#add(passed)
      hasMore = true
    }
    // What this wait leaves is emitted by the event loop.
    if (hasMore) setImmediate(() => this.#flow())
    return this.sockets.some(({ queue, hasEnded }) => queue.length > 0 || hasEnded)
  }

  #add(passed: Passed): void {
    if (!('which' in passed)) return
    const stream = this.sockets[passed.which]
    if (passed.bytes === null) stream.hasEnded = true
    else stream.queue.push(passed.bytes)
  }

  /** Waits until more is passed on than this thread has taken. */
  #park(timeoutMs: number): void {
    Atomics.wait(this.#words, 0, this.#taken, Math.min(timeoutMs, SLICE_MS))
  }
}
