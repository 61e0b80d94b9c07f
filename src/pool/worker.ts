import { type ErrorCode, PythonError, type PythonErrorDetails, PythreadsError } from '../errors/index.ts'
import type { Isolation, Launched } from '../isolation/index.ts'
import { decode, FrameParser, HEADER_BYTES, KIND, type Kind, writeHeader } from '../wire/index.ts'
import type { Task } from './task.ts'

/** What a worker tells its pool. */
export interface WorkerEvents {
  /** It can take the next call. */
  free(worker: Worker): void
  /** It is gone. `how` says how it ended. */
  gone(worker: Worker, how: string): void
}

/** How long a worker that was asked to end may take, before it is ended by force. */
const CLOSE_GRACE_MS = 2_000
/** How long the channel of a process that ended may stay open: a child of its own may have inherited it. */
const DRAIN_MS = 50

/** One worker: its channel, the call it has, and what it has done so far. */
export class Worker {
  readonly slot: number
  /** The facts of the READY frame: pid, version, executable. */
  ready: Readonly<Record<string, unknown>> = {}
  calls = 0
  errors = 0
  /** Whether the pool's list of idle workers holds it. */
  listed = false
  /** Whether the pool gives it calls: from the end of its set-up until it is gone. */
  serving = false
  /** What was wrong with the bytes that it sent: the error of the call that it has. */
  failure: unknown
  #task: Task | undefined
  #id = 0
  #state: 'starting' | 'open' | 'closing' | 'gone' = 'starting'
  #launched: Launched | undefined
  readonly #events: WorkerEvents
  readonly #parser = new FrameParser((...frame) => this.#frame(...frame))
  #started: { resolve: () => void; reject: (error: unknown) => void } | undefined

  constructor(slot: number, events: WorkerEvents) {
    this.slot = slot
    this.#events = events
  }

  get idle(): boolean {
    return this.#state === 'open' && this.#task === undefined
  }

  /** Launches it; resolves when it has imported what it has to and can take calls. */
  async start(isolation: Isolation, settings: Buffer): Promise<void> {
    const launched = await isolation.launch()
    this.#launched = launched
    const { socket } = launched
    socket.on('data', (chunk: Buffer) => this.#data(chunk))
    socket.on('error', () => {}) // 'close' follows, and `ended` says more
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    void closed.then(() => launched.kill())
    void launched.ended.then((how) => {
      const timer = setTimeout(() => socket.destroy(), DRAIN_MS)
      void closed.then(() => {
        clearTimeout(timer)
        this.#gone(how)
      })
    })
    const started = new Promise<void>((resolve, reject) => {
      this.#started = { resolve, reject }
    })
    socket.write(frame(KIND.START, settings))
    await started
    socket.unref()
    this.#state = 'open'
  }

  /** Gives it a call. It must be idle. */
  send(task: Task): void {
    this.#task = task
    this.calls++
    this.#id = (this.#id + 1) >>> 0
    const socket = this.#socket()
    socket.ref()
    socket.write(task.frame(this.#id))
  }

  /** Asks it to end, and after a while makes it. Resolves when it is gone. */
  async close(): Promise<void> {
    const launched = this.#launched
    if (launched === undefined || this.#state === 'gone') return
    this.#state = 'closing'
    launched.socket.ref()
    launched.socket.write(frame(KIND.CLOSE, Buffer.alloc(0)))
    const timer = setTimeout(() => this.kill(), CLOSE_GRACE_MS)
    await launched.ended
    clearTimeout(timer)
  }

  /** Ends it by force; a thread that runs Python goes on until its call returns, and its answer is dropped. */
  kill(): void {
    this.#state = this.#state === 'gone' ? 'gone' : 'closing'
    this.#launched?.socket.destroy()
    this.#launched?.kill()
  }

  /** Takes the call away that it has, if any. */
  abandon(): Task | undefined {
    const task = this.#task
    this.#task = undefined
    return task
  }

  #socket(): Launched['socket'] {
    if (this.#launched === undefined) throw new Error('a worker was used before it was launched')
    return this.#launched.socket
  }

  #data(chunk: Buffer): void {
    try {
      this.#parser.push(chunk)
    } catch (error) {
      this.#fail(error)
    }
  }

  #frame(kind: Kind, id: number, bytes: Buffer, start: number, end: number): void {
    if (this.#started !== undefined) return this.#first(kind, decode(bytes, start, end))
    if (this.#state === 'closing') return
    const task = this.#task
    if (task === undefined || id !== this.#id || (kind !== KIND.RESULT && kind !== KIND.ERROR)) {
      throw new PythreadsError(
        'ERR_PYTHREADS_PROTOCOL',
        `Worker ${this.slot} sent frame ${kind} for request ${id}, which nobody made`,
      )
    }
    const settle = this.#outcome(task, kind, bytes, start, end)
    this.#task = undefined
    this.#socket().unref()
    settle()
    this.#events.free(this)
  }

  #outcome(task: Task, kind: Kind, bytes: Buffer, start: number, end: number): () => void {
    if (kind === KIND.ERROR) this.errors++
    try {
      const value = decode(bytes, start, end)
      return kind === KIND.RESULT ? () => task.resolve(value) : () => task.reject(toError(value))
    } catch (error) {
      // A value that JavaScript cannot hold is this call's error; malformed bytes are the end of the worker.
      if (!hasCode(error, 'ERR_PYTHREADS_VALUE')) throw error
      this.errors++
      return () => task.reject(error)
    }
  }

  #first(kind: Kind, value: unknown): void {
    const started = this.#started
    this.#started = undefined
    if (kind === KIND.READY) {
      this.ready = value as Record<string, unknown>
      started?.resolve()
    } else {
      started?.reject(kind === KIND.ERROR ? toError(value) : startError(`its first frame is of kind ${kind}`))
    }
  }

  #fail(error: unknown): void {
    const started = this.#started
    this.#started = undefined
    started?.reject(error)
    this.failure = error
    this.kill()
  }

  #gone(how: string): void {
    this.#state = 'gone'
    this.#started?.reject(startError(how))
    this.#started = undefined
    this.#events.gone(this, how)
  }
}

function startError(how: string): PythreadsError {
  return new PythreadsError('ERR_PYTHREADS_WORKER_START', `A worker did not start: ${how}`)
}

function hasCode(error: unknown, code: ErrorCode): boolean {
  return error instanceof PythreadsError && error.code === code
}

function toError(value: unknown): PythonError {
  return new PythonError(value as PythonErrorDetails)
}

function frame(kind: Kind, payload: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + payload.length)
  writeHeader(bytes, 0, payload.length, 0, kind)
  payload.copy(bytes, HEADER_BYTES)
  return bytes
}
