import { type PythonErrorDetails, quoted, startError, toError } from '../../errors/index.ts'
import type { Ending, Isolation, Launched, WorkerTimes } from '../../isolation/index.ts'
import { isRecord } from '../../own.ts'
import { releaseFrame } from '../../references/index.ts'
import type { Task } from '../../scheduler/index.ts'
import { frame, KIND, type Kind } from '../../wire/index.ts'
import type { LinkHost, WorkerLink } from '../link.ts'
import type { LinkTools } from '../source.ts'
import { NO_TIMES } from '../thread-times.ts'
import { WorkerCallbacks } from './callbacks.ts'
import { Connection } from './connection.ts'
import { drained } from './drain.ts'
import { OutputLines } from './output-lines.ts'
import { ReplyReader, type StartAndEnd } from './reply-reader.ts'
import { RequestSender } from './request-sender.ts'

/** The longest time until a worker that was asked to end begins to. */
const CLOSE_BEGIN_MS = 2_000
/** The payload by which Python knows the last attempt to interrupt a call. */
const LAST_CANCEL = Uint8Array.of(1)
/** The largest request id. */
const LAST_ID = 0xffff_ffff

/** Two sockets and a status page: how a worker reaches the Python of a thread or a process. */
export class SocketLink implements WorkerLink, StartAndEnd {
  readonly #host: LinkHost
  readonly #isolation: Isolation
  /** The payload of the START frame. */
  readonly #settings: Buffer
  readonly #tools: LinkTools
  readonly #connection = new Connection()
  readonly #sender: RequestSender
  readonly #callbacks: WorkerCallbacks
  readonly #outputLines: OutputLines | undefined
  /** Whether READY said that the interpreter refuses some modules. */
  #refuses = false
  #hasEnded = false
  #lastOutput = ''
  #started: { resolve: () => void; reject: (error: unknown) => void } | undefined
  /** Kills the worker if it takes too long to close. */
  #closing: NodeJS.Timeout | undefined
  /** Whether the worker has begun to close. */
  #hasClosed = false
  readonly #exited: Promise<void>
  #resolveExited: () => void = () => {}

  constructor(host: LinkHost, isolation: Isolation, settings: Buffer, tools: LinkTools) {
    this.#host = host
    this.#isolation = isolation
    this.#settings = settings
    this.#tools = tools
    this.#sender = new RequestSender(host, this.#connection)
    this.#callbacks = new WorkerCallbacks(host, this.#connection, tools)
    this.#outputLines =
      tools.onLine === undefined ? undefined : new OutputLines(host.index, tools.onLine)
    this.#exited = new Promise((resolve) => {
      this.#resolveExited = resolve
    })
  }

  get pid(): number | undefined {
    return this.#connection.opened?.pid
  }

  get inProcess(): boolean {
    return this.#connection.opened?.inProcess === true
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  get times(): WorkerTimes {
    return this.#connection.opened?.statusPage.times ?? NO_TIMES
  }

  get lastBegun(): number {
    return this.#connection.opened?.statusPage.begun ?? 0
  }

  get lastRead(): number {
    return this.#connection.opened?.statusPage.reads ?? 0
  }

  get lastWords(): string {
    const lines = this.#outputLines?.last.join('\n') ?? ''
    return [lines, this.#lastOutput].filter(Boolean).join('\n')
  }

  get exited(): Promise<void> {
    return this.#connection.opened === undefined ? Promise.resolve() : this.#exited
  }

  get awaitsFirst(): boolean {
    return this.#started !== undefined
  }

  async start(): Promise<void> {
    const { life } = this.#host
    const launched = await this.#isolation.launch(this.#host.index)
    if (life.isEnding) {
      launched.kill() // the worker was ended before it was started
      launched.statusPage.close()
      await launched.ended
      throw startError('it was not wanted any more')
    }
    const started = new Promise<void>((resolve, reject) => {
      this.#started = { resolve, reject }
    })
    this.#open(launched)
    life.launched()
    if (launched.hasStartFrame !== true) this.#connection.write(frame(KIND.START, this.#settings))
    const { startTimeoutMs } = this.#tools
    const late = setTimeout(
      () => this.#host.fail(startError(`it is not ready after ${startTimeoutMs} ms`)),
      startTimeoutMs,
    )
    try {
      await started
    } finally {
      clearTimeout(late)
    }
    if (!life.isStarting) throw life.failure ?? startError('it was not wanted any more')
    const { onWarning, onLog } = this.#tools.listeners
    // Other threads of Python may print, warn, log, or import what a subinterpreter refuses.
    const mayTell =
      this.#outputLines !== undefined || onWarning !== undefined || onLog !== undefined
    if (mayTell || this.#refuses) this.#connection.openSide()
    launched.socket.unref()
  }

  #open(launched: Launched): void {
    const { socket, side, pipes } = launched
    const { life } = this.#host
    if (pipes !== undefined) {
      this.#outputLines?.listen(pipes.stdout, 'stdout')
      this.#outputLines?.listen(pipes.stderr, 'stderr')
    }
    const reader = new ReplyReader(this.#host, {
      connection: this.#connection,
      sender: this.#sender,
      callbacks: this.#callbacks,
      outputLines: this.#outputLines,
      listeners: this.#tools.listeners,
      startAndEnd: this,
    })
    this.#connection.open(launched, reader)
    socket.on('error', () => {}) // 'close' follows, and `ended` says more
    side.on('error', () => {})
    side.once('close', () => {
      socket.ref() // coroutines kept the process alive by the side socket: their error is to come
      // The worker cannot send their results any more. First read what it wrote to the main socket,
      // such as why it does not start.
      if (life.isOpen || life.isStarting) void drained([socket]).then(() => launched.kill())
    })
    side.unref()
    socket.once('close', () => launched.kill())
    void launched.ended.then((ending) => this.#end(ending))
  }

  first(kind: Kind, value: unknown): void {
    if (kind === KIND.READY && isRecord(value)) {
      this.#openMemory(value['memory'] ?? -1)
      this.#refuses = value['refuses'] === true
      this.#host.learned(value)
      this.#started?.resolve()
    } else if (kind === KIND.ERROR) {
      this.#started?.reject(toError(value as PythonErrorDetails))
      this.#killAfter(this.#tools.closeGraceMs) // the worker ends by itself
    } else {
      this.#host.fail(startError(`its first frame is of kind ${kind}, and not READY`))
    }
    this.#started = undefined
  }

  /** Opens the file from which the worker will lend, or tells it to send bytes instead. */
  #openMemory(fd: unknown): void {
    const { pid } = this.#connection.launched
    // The id of a process that has ended may be in use again.
    if (!this.#hasEnded && !this.#host.borrowed.open(pid, fd))
      this.#connection.write(frame(KIND.INLINE))
  }

  submit(task: Task, isNext: boolean): void {
    this.#sender.submit(task, isNext)
  }

  takeBack(running: Task, behind: readonly Task[]): Task[] {
    return this.#sender.takeBack(running, behind)
  }

  interrupt(task: Task, isLast: boolean): void {
    this.#connection.openSide()
    this.#connection.writeSide(frame(KIND.CANCEL, isLast ? LAST_CANCEL : undefined, task.id))
  }

  giveUpCallback(callback: number): void {
    this.#connection.write(frame(KIND.CALLBACK_CANCELLED, undefined, callback))
  }

  keepAlive(works: boolean): void {
    this.#connection.keepAlive(works)
  }

  keepAliveForCoroutines(works: boolean): void {
    this.#connection.keepAliveForCoroutines(works)
  }

  release(ids: readonly number[]): void {
    this.#connection.write(releaseFrame(ids))
  }

  trim(): void {
    this.#connection.opened?.side.write(frame(KIND.TRIM))
  }

  letGo(): void {
    this.#connection.launched.socket.unref()
  }

  stop(): number {
    this.#sender.clear()
    const statusPage = this.#connection.opened?.statusPage
    if (statusPage === undefined || !this.#host.life.hasStarted) return LAST_ID
    // The thread skips requests that it has read and not begun.
    return statusPage.takeBackAll()
  }

  async close(): Promise<void> {
    const launched = this.#connection.opened
    if (launched === undefined) return
    launched.socket.ref()
    launched.socket.write(frame(KIND.CLOSE))
    this.#killAfter(Math.min(CLOSE_BEGIN_MS, this.#tools.closeGraceMs))
    await this.#exited
    clearTimeout(this.#closing)
    this.#closing = undefined
  }

  hasBegunToClose(): void {
    if (this.#closing === undefined || this.#hasClosed) return
    this.#hasClosed = true
    this.#killAfter(this.#tools.closeGraceMs)
  }

  #killAfter(ms: number): void {
    clearTimeout(this.#closing)
    this.#closing = setTimeout(() => this.#host.kill(), ms)
  }

  /** A thread that runs Python goes on until its call returns, and its reply is dropped. */
  kill(): void {
    this.#connection.destroy()
    this.#connection.opened?.kill()
  }

  /** The error of the start, if the worker has not started. */
  failed(error: unknown): void {
    const started = this.#started
    this.#started = undefined
    started?.reject(error)
  }

  /** The worker has ended: its last frames are read before its end is reported. */
  async #end(ending: Ending): Promise<void> {
    this.#hasEnded = true
    await this.#connection.finish()
    this.#exit(ending)
    this.#resolveExited()
  }

  #exit(ending: Ending): void {
    const { statusPage } = this.#connection.launched
    this.#host.life.gone()
    clearTimeout(this.#closing)
    this.#outputLines?.end()
    this.#lastOutput = statusPage.lastWords
    this.failed(startError(`${ending.how}${quoted(this.lastWords)}`))
    this.#host.ended(ending)
    statusPage.close()
  }
}
