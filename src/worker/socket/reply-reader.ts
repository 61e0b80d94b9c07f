import {
  type ErrorCode,
  nameTarget,
  type PythonErrorDetails,
  PythreadsError,
  toError,
} from '../../errors/index.ts'
import { existingLender } from '../../memory/index.ts'
import type { Task } from '../../scheduler/index.ts'
import {
  decode,
  frame,
  frameError,
  KIND,
  type Kind,
  MAX_REPLY_TIME,
  replyTime,
  unexpectedFrame,
} from '../../wire/index.ts'
import type { LinkHost } from '../link.ts'
import { type FindCall, type Listeners, tellLog, tellWarning } from '../records.ts'
import type { WorkerCallbacks } from './callbacks.ts'
import type { Connection, FrameHandler } from './connection.ts'
import type { OutputLines } from './output-lines.ts'
import type { RequestSender } from './request-sender.ts'

/** Frames that a worker sends unasked, also while its modules load and while it closes. */
const UNSOLICITED: ReadonlySet<Kind> = new Set<Kind>([
  KIND.OUTPUT,
  KIND.WARNING,
  KIND.LOG,
  KIND.REFUSED,
])

/** Frames for listeners of the program. */
const FOR_LISTENERS: ReadonlySet<Kind> = new Set<Kind>([KIND.OUTPUT, KIND.WARNING, KIND.LOG])

/** The request id of frames that are no calls. */
const NO_CALL = 0

/** Gets the first frame of a worker, and is told when the worker begins to close. */
export interface StartAndEnd {
  /** Whether the first frame has not come yet. */
  readonly awaitsFirst: boolean
  /** Takes the first frame. */
  first(kind: Kind, value: unknown): void
  /** The worker has begun to close. */
  hasBegunToClose(): void
}

export interface ReaderParts {
  readonly connection: Connection
  readonly sender: RequestSender
  readonly callbacks: WorkerCallbacks
  readonly outputLines: OutputLines | undefined
  readonly listeners: Listeners
  readonly startAndEnd: StartAndEnd
}

/** Reads the frames of one worker from both sockets, and decodes replies for their calls. */
export class ReplyReader implements FrameHandler {
  readonly #host: LinkHost
  readonly #parts: ReaderParts
  /** The time of the next reply's request, if it is too long for the header of the reply. */
  #longThreadTime: { readonly id: number; readonly us: number } | undefined

  constructor(host: LinkHost, parts: ReaderParts) {
    this.#host = host
    this.#parts = parts
  }

  misread(error: unknown): void {
    // A frame names memory of a worker that has died. How the worker died is reported later.
    if (hasCode(error, 'ERR_PYTHREADS_WORKER_DIED')) this.#host.kill()
    else this.#host.fail(frameError(error))
  }

  paused(step: number): void {
    this.#host.counts.paused(step)
  }

  readonly mainFrame = (
    kind: Kind,
    id: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): void => {
    const { startAndEnd } = this.#parts
    // Modules may print and warn while they load, before the first reply.
    if (startAndEnd.awaitsFirst && !UNSOLICITED.has(kind))
      return startAndEnd.first(kind, decode(bytes, start, end))
    const { held, life } = this.#host
    if (life.isEnding) return this.#closingFrame(kind, id, bytes, start, end, true)
    switch (kind) {
      case KIND.RESULT:
      case KIND.ERROR: {
        const task = held.get(id)
        if (task === undefined || task.coroutine) this.#unexpected(kind, id)
        const settle = this.#settlement(task, kind, bytes, start, end)
        return held.finish(task, this.#threadTimeOf(id, bytes, start), settle)
      }
      case KIND.UNREAD: {
        const task = held.get(id)
        if (task === undefined || task.coroutine) this.#unexpected(kind, id)
        const details = decode(bytes, start, end) as PythonErrorDetails
        const error = toError(details, { target: task.target })
        return held.unread(task, error, this.#threadTimeOf(id, bytes, start))
      }
      case KIND.SKIPPED:
        return this.#skipped(id)
      case KIND.PENDING:
        return this.#pending(id, this.#threadTimeOf(id, bytes, start))
      case KIND.THREAD_TIME:
        return this.#threadTime(id, decode(bytes, start, end))
      case KIND.CALLBACK:
        if (!this.#parts.callbacks.onThread(id, bytes, start, end)) this.#unexpected(kind, id)
        return
      default:
        this.#notice(kind, id, bytes, start, end, true)
    }
  }

  readonly sideFrame = (
    kind: Kind,
    id: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): void => {
    const { held, life } = this.#host
    if (life.isEnding) return this.#closingFrame(kind, id, bytes, start, end, false)
    switch (kind) {
      case KIND.RESULT:
      case KIND.ERROR: {
        const task = held.get(id)
        if (task === undefined) this.#unexpected(kind, id)
        return held.finishBeside(task, this.#settlement(task, kind, bytes, start, end))
      }
      case KIND.CALLBACK:
        return this.#parts.callbacks.beside(id, bytes, start, end)
      case KIND.FETCH:
        return this.#sendMemory(id)
      case KIND.ACKNOWLEDGED:
        return held.acknowledged(id)
      default:
        this.#notice(kind, id, bytes, start, end, false)
    }
  }

  /** While a worker closes, only its output, and the values that it releases, still count. */
  #closingFrame(
    kind: Kind,
    id: number,
    bytes: Buffer,
    start: number,
    end: number,
    isMain: boolean,
  ): void {
    if (kind === KIND.RESULT && id === NO_CALL) this.#parts.startAndEnd.hasBegunToClose()
    if (kind === KIND.RELEASED || UNSOLICITED.has(kind))
      this.#notice(kind, id, bytes, start, end, isMain)
  }

  /** Frames that a worker sends unasked, on either socket. */
  #notice(
    kind: Kind,
    id: number,
    bytes: Buffer,
    start: number,
    end: number,
    isMain: boolean,
  ): void {
    const { connection, outputLines } = this.#parts
    if (FOR_LISTENERS.has(kind)) connection.spend(isMain)
    if (kind === KIND.RELEASED) this.#host.counts.dropped(decode(bytes, start, end))
    else if (kind === KIND.OUTPUT) outputLines?.take(decode(bytes, start, end))
    else if (kind === KIND.WARNING || kind === KIND.LOG)
      this.#record(kind, decode(bytes, start, end))
    else if (kind === KIND.GIL_ENABLED) this.#gilEnabled(textOf(decode(bytes, start, end)))
    else if (kind === KIND.REFUSED) this.#host.refused(textOf(decode(bytes, start, end)))
    else this.#unexpected(kind, id)
  }

  /** A warning, or a record of `logging`. */
  #record(kind: Kind, payload: unknown): void {
    const { index, held } = this.#host
    const { onWarning, onLog } = this.#parts.listeners
    const find: FindCall = (request) => {
      const task = held.get(request)
      return task?.isSetUp === true ? undefined : task
    }
    if (kind === KIND.LOG) onLog && tellLog(payload, index, find, onLog)
    else onWarning && tellWarning(payload, index, find, onWarning)
  }

  #gilEnabled(culprit: string): void {
    if (this.#host.gil.enabled) this.#unexpected(KIND.GIL_ENABLED, NO_CALL)
    this.#host.gilEnabled(culprit)
  }

  /** The time of the next reply's request: the header of the reply has no room for it. */
  #threadTime(id: number, us: unknown): void {
    const isTime = Number.isSafeInteger(us) && (us as number) >= MAX_REPLY_TIME
    if (this.#host.held.onThread(id) === undefined || !isTime)
      this.#unexpected(KIND.THREAD_TIME, id)
    this.#longThreadTime = { id, us: us as number }
  }

  /** How many microseconds the request of a reply held the thread. */
  #threadTimeOf(id: number, bytes: Buffer, start: number): number {
    const us = replyTime(bytes, start)
    if (us < MAX_REPLY_TIME) return us
    return this.#longThreadTime?.id === id ? this.#longThreadTime.us : us
  }

  /**
   * Python skipped a request. If JavaScript did not know for certain that it would, the request is
   * taken back now.
   */
  #skipped(id: number): void {
    const { sender } = this.#parts
    if (sender.skipped(id)) return
    const { held } = this.#host
    const task = held.get(id)
    if (task === undefined || task.coroutine || !sender.mayBeSkipped(id))
      this.#unexpected(KIND.SKIPPED, id)
    held.skipped(task)
  }

  /** The result of a coroutine comes on the side socket. */
  #pending(id: number, us: number): void {
    this.#parts.connection.openSide()
    const { held } = this.#host
    const task = held.onThread(id)
    if (task === undefined || task.coroutine) this.#unexpected(KIND.PENDING, id)
    held.pend(task, us)
  }

  /**
   * Decodes the reply to a call. The worker keeps the call until then: if decoding fails, the end
   * of the worker settles the call.
   */
  #settlement(task: Task, kind: Kind, bytes: Buffer, start: number, end: number): () => void {
    const { held } = this.#host
    if (kind === KIND.ERROR) held.failed(task)
    try {
      const value = decode(bytes, start, end, this.#host)
      if (kind === KIND.RESULT) return () => task.resolve(value)
      const error = toError(value as PythonErrorDetails, { target: task.target })
      return () => task.reject(error)
    } catch (error) {
      // A value that JavaScript cannot hold is this call's error; malformed bytes are the end of
      // the worker.
      if (!hasCode(error, 'ERR_PYTHREADS_VALUE')) throw error
      held.failed(task)
      nameTarget(error, task.target)
      return () => task.reject(error)
    }
  }

  /** The worker process cannot map the memory of a loan: sends it the bytes. */
  #sendMemory(flag: number): void {
    const { connection } = this.#parts
    const bytes = existingLender()?.bytesFor(this.#host.borrower, flag)
    if (bytes === undefined) this.#unexpected(KIND.FETCH, flag)
    connection.writeSide(frame(KIND.MEMORY, bytes, flag))
  }

  #unexpected(kind: Kind, id: number): never {
    throw unexpectedFrame(`Worker ${this.#host.index}`, kind, id)
  }
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  throw new PythreadsError(
    'ERR_PYTHREADS_PROTOCOL',
    'Malformed value from Python: a name that is no text',
  )
}

function hasCode(error: unknown, code: ErrorCode): boolean {
  return error instanceof PythreadsError && error.code === code
}
