import { type ErrorCode, type PythonErrorDetails, PythreadsError, toError } from '../errors/index.ts'
import type { Isolation, Launched } from '../isolation/index.ts'
import { decode, FrameParser, KIND, type Kind, type Reviver } from '../wire/index.ts'
import { type Answers, CALLER, CallbackRunner } from './callbacks.ts'
import { EMPTY, frame, releaseFrame } from './control-frames.ts'
import type { Locals } from './locals.ts'
import { emitWarning, Lines, type OutputListener } from './output.ts'
import { Handle, type Owner, type Realm } from './realm.ts'
import { type EncodedFrame, frameBytes, type Task } from './task.ts'

/** What a worker tells its pool. */
export interface WorkerEvents {
  /** Its thread can take a call: it has none, or it waits for a callback and can take one that the callback made. */
  free(worker: Worker): void
  /** Its thread is done with a call of this kind: it is over, or goes on as a coroutine. */
  began(key: string, coroutine: boolean): void
  /** A call that it had is over. */
  settled(): void
  /** It is gone. `how` says how it ended. */
  gone(worker: Worker, how: string): void
}

/** What the workers of a pool share. */
export interface WorkerTools {
  readonly events: WorkerEvents
  readonly locals: Locals
  readonly answers: Answers
  /** Makes what callers get for an object that stays in Python. */
  readonly standIn: (handle: Handle) => unknown
  /** Gets what is printed, where it is asked for. */
  readonly onLine: OutputListener | undefined
}

/** How long a worker that was asked to end may take, before it is ended by force. */
const CLOSE_GRACE_MS = 2_000
/** How long the channel of a process that ended may stay open: a child of its own may have inherited it. */
const DRAIN_MS = 50
/** How many light calls a worker may have at once: enough that neither side waits for the other. */
const MAX_LIGHT = 64
/** On the stack of a worker's thread: a call. Callbacks that it waits for stand there by their number. */
const CALL = 0

/** One worker: its channel, the calls it has, and what it has done so far. */
export class Worker implements Owner, Reviver {
  readonly slot: number
  readonly realm: Realm
  /** The facts of the READY frame: pid, version, executable. */
  ready: Readonly<Record<string, unknown>> = {}
  calls = 0
  errors = 0
  /** Whether the pool's list of idle workers holds it. */
  listed = false
  /** Whether the pool gives it calls: from the end of its set-up until it is gone. */
  serving = false
  /** What was wrong with the bytes that it sent: the error of the calls that it has. */
  failure: unknown
  /** Calls without an answer. */
  readonly #tasks = new Map<number, Task>()
  /** What its thread does: calls, and callbacks that they wait for, innermost last. A call that became a coroutine is not on it. */
  readonly #stack: number[] = []
  /** Calls that were answered on the side channel before the main one said that they are coroutines. */
  readonly #early = new Map<number, Task>()
  /** How many calls on the stack are light. */
  #light = 0
  #id = 0
  #state: 'starting' | 'open' | 'closing' | 'gone' = 'starting'
  #launched: Launched | undefined
  #sideOpen = false
  #keepsAlive = false
  #coroutines = 0
  /** The ids of objects to be dropped in Python, until they are sent. */
  #releases: number[] = []
  readonly #tools: WorkerTools
  readonly #lines: Lines | undefined
  readonly #runner: CallbackRunner
  readonly #parser = new FrameParser((...frame) => this.#frame(...frame))
  #started: { resolve: () => void; reject: (error: unknown) => void } | undefined

  constructor(slot: number, realm: Realm, tools: WorkerTools) {
    this.slot = slot
    this.realm = realm
    this.#tools = tools
    this.#runner = new CallbackRunner(this, tools.locals, tools.answers)
    this.#lines = tools.onLine === undefined ? undefined : new Lines(slot, tools.onLine)
  }

  /** Whether its thread has nothing to do. */
  get idle(): boolean {
    return this.#state === 'open' && this.#stack.length === 0
  }

  /** Whether its thread has only calls that are done as soon as they have begun, so that another one may stand behind them. */
  get takesLight(): boolean {
    return this.#state === 'open' && this.#stack.length === this.#light && this.#light < MAX_LIGHT
  }

  /** Whether its thread waits for a callback, so that a call which the callback made can run in between. */
  get waits(): boolean {
    return this.#state === 'open' && (this.#stack.at(-1) ?? CALL) !== CALL
  }

  /** Launches it; resolves when it has imported what it has to and can take calls. */
  async start(isolation: Isolation, settings: Buffer): Promise<void> {
    const launched = await isolation.launch()
    this.#launched = launched
    const { socket, side, prints } = launched
    if (prints !== undefined) {
      this.#lines?.listen(prints.stdout, 'stdout')
      this.#lines?.listen(prints.stderr, 'stderr')
    }
    socket.on('data', (chunk: Buffer) => this.#data(this.#parser, chunk))
    socket.on('error', () => {}) // 'close' follows, and `ended` says more
    side.on('error', () => {})
    side.unref()
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    void closed.then(() => {
      side.destroy()
      launched.kill()
    })
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
    if (this.#lines !== undefined) this.#openSide()
    socket.unref()
    this.#state = 'open'
  }

  /** Gives it a call. It must be idle, or wait for the callback that made the call. */
  send(task: Task): void {
    this.calls++
    do this.#id = (this.#id + 1) >>> 0
    while (this.#tasks.has(this.#id))
    this.#tasks.set(this.#id, task)
    this.#stack.push(CALL)
    if (task.light) this.#light++
    const { numbers } = task.crossing
    if (numbers !== undefined) this.#sent(numbers)
    this.#keepAlive()
    this.#channel().socket.write(task.frame(this.#id))
  }

  /** Nobody waits for a call any more: a coroutine is cancelled. Answers whether it has the call. */
  abort(task: Task): boolean {
    for (const [id, mine] of this.#tasks) {
      if (mine !== task) continue
      this.#openSide()
      this.#channel().side.write(frame(KIND.CANCEL, EMPTY, id))
      return true
    }
    return false
  }

  release(id: number): void {
    if (this.#releases.push(id) === 1) setImmediate(() => this.#sendReleases())
  }

  /** Asks it to end, and after a while makes it. Resolves when it is gone. */
  async close(): Promise<void> {
    const launched = this.#launched
    if (launched === undefined || this.#state === 'gone') return
    this.#state = 'closing'
    launched.socket.ref()
    launched.socket.write(frame(KIND.CLOSE, EMPTY))
    const timer = setTimeout(() => this.kill(), CLOSE_GRACE_MS)
    await launched.ended
    clearTimeout(timer)
  }

  /** Ends it by force; a thread that runs Python goes on until its call returns, and its answer is dropped. */
  kill(): void {
    this.#state = this.#state === 'gone' ? 'gone' : 'closing'
    this.#launched?.socket.destroy()
    this.#launched?.side.destroy()
    this.#launched?.kill()
  }

  /** Takes the calls away that it has. */
  abandon(): Task[] {
    const tasks = [...this.#tasks.values()]
    this.#tasks.clear()
    this.#stack.length = 0
    this.#light = 0
    return tasks
  }

  object(id: number, type: string, traits: number): unknown {
    return this.#tools.standIn(new Handle(this, id, type, traits))
  }

  local(number: number): unknown {
    return this.realm.home(number)
  }

  #channel(): Launched {
    if (this.#launched === undefined) throw new Error('a worker was used before it was launched')
    return this.#launched
  }

  #sent(numbers: readonly number[]): void {
    this.realm.sent(numbers)
    this.#openSide()
  }

  /** Listens to the side channel, from the first time that anything can come on it. */
  #openSide(): void {
    if (this.#sideOpen) return
    this.#sideOpen = true
    const parser = new FrameParser((...frame) => this.#sideFrame(...frame))
    this.#channel().side.on('data', (chunk: Buffer) => this.#data(parser, chunk))
  }

  #sendReleases(): void {
    const ids = this.#releases
    this.#releases = []
    if (this.#state !== 'open') return
    this.#channel().socket.write(releaseFrame(ids))
  }

  #data(parser: FrameParser, chunk: Buffer): void {
    try {
      parser.push(chunk)
    } catch (error) {
      this.#fail(error)
    }
  }

  #frame(kind: Kind, id: number, bytes: Buffer, start: number, end: number): void {
    if (this.#started !== undefined) return this.#first(kind, decode(bytes, start, end))
    if (this.#state === 'closing') return
    switch (kind) {
      case KIND.RESULT:
      case KIND.ERROR: {
        const { task, settle } = this.#answered(kind, id, bytes, start, end)
        this.#pop(task)
        if (task.key !== undefined) this.#tools.events.began(task.key, false)
        settle()
        this.#tools.events.settled()
        return this.#tools.events.free(this)
      }
      case KIND.PENDING:
        return this.#pending(id)
      case KIND.CALLBACK:
        return this.#callback(id, bytes, start, end)
      default:
        this.#told(kind, id, bytes, start, end)
    }
  }

  #sideFrame(kind: Kind, id: number, bytes: Buffer, start: number, end: number): void {
    if (this.#state === 'closing') return
    switch (kind) {
      case KIND.RESULT:
      case KIND.ERROR: {
        const { task, settle } = this.#answered(kind, id, bytes, start, end)
        if (task.coroutine) this.#background(-1)
        else this.#early.set(id, task)
        settle()
        return this.#tools.events.settled()
      }
      case KIND.CALLBACK:
        return this.#sideCallback(id, bytes, start, end)
      default:
        this.#told(kind, id, bytes, start, end)
    }
  }

  /** What Python tells without being asked, on either channel. */
  #told(kind: Kind, id: number, bytes: Buffer, start: number, end: number): void {
    if (kind === KIND.RELEASED) this.realm.dropped(decode(bytes, start, end) as Dropped)
    else if (kind === KIND.OUTPUT) this.#lines?.take(decode(bytes, start, end))
    else if (kind === KIND.WARNING) emitWarning(decode(bytes, start, end), this.slot)
    else this.#unasked(kind, id)
  }

  /** Reads the answer to a call, which is its own until then: should that fail, the worker's end settles it. */
  #answered(kind: Kind, id: number, bytes: Buffer, start: number, end: number): { task: Task; settle: () => void } {
    const task = this.#tasks.get(id)
    if (task === undefined) this.#unasked(kind, id)
    const settle = this.#outcome(task, kind, bytes, start, end)
    this.#tasks.delete(id)
    return { task, settle }
  }

  #unasked(kind: Kind, id: number): never {
    const what = `Worker ${this.slot} sent frame ${kind} for request ${id}, which nobody made`
    throw new PythreadsError('ERR_PYTHREADS_PROTOCOL', what)
  }

  /** Its thread is done with a call, the innermost one that is not waited for by a callback further in. */
  #pop(task: Task): void {
    this.#stack.splice(this.#stack.lastIndexOf(CALL), 1)
    if (task.light) this.#light--
    this.#keepAlive()
  }

  /** Keeps the process alive while Python works; what a callback waits for does so itself. */
  #keepAlive(): void {
    const works = this.#stack.at(-1) === CALL
    if (works === this.#keepsAlive) return
    this.#keepsAlive = works
    const { socket } = this.#channel()
    if (works) socket.ref()
    else socket.unref()
  }

  /** A call turned out to be a coroutine: its answer comes on the side channel, and the thread is free. */
  #pending(id: number): void {
    this.#openSide()
    const early = this.#early.get(id)
    const task = early ?? this.#tasks.get(id)
    if (task === undefined) this.#unasked(KIND.PENDING, id)
    this.#early.delete(id)
    this.#pop(task)
    if (task.key !== undefined) this.#tools.events.began(task.key, true)
    if (early === undefined) {
      task.coroutine = true
      this.#background(1)
      if (task.aborted) this.abort(task)
    }
    this.#tools.events.free(this)
  }

  /** Counts coroutines: the process stays alive for them. */
  #background(step: number): void {
    this.#coroutines += step
    const { side } = this.#channel()
    if (this.#coroutines > 0) side.ref()
    else side.unref()
  }

  #outcome(task: Task, kind: Kind, bytes: Buffer, start: number, end: number): () => void {
    if (kind === KIND.ERROR) this.errors++
    try {
      const value = decode(bytes, start, end, this)
      if (kind === KIND.RESULT) return () => task.resolve(value)
      const error = toError(value as PythonErrorDetails)
      return () => task.reject(error)
    } catch (error) {
      // A value that JavaScript cannot hold is this call's error; malformed bytes are the end of the worker.
      if (!hasCode(error, 'ERR_PYTHREADS_VALUE')) throw error
      this.errors++
      return () => task.reject(error)
    }
  }

  /** The worker's thread waits for a JavaScript function. */
  #callback(id: number, bytes: Buffer, start: number, end: number): void {
    const [number, args] = decode(bytes, start, end, this) as [number, unknown[]]
    this.#stack.push(id)
    this.#keepAlive()
    const answer = (encoded: EncodedFrame) => {
      const at = this.#stack.indexOf(id)
      if (at < 0) return encoded.crossing.undo() // the worker is gone
      this.#stack.splice(at, 1)
      this.#keepAlive()
      this.#write(this.#channel().socket, encoded, id)
    }
    this.#runner.run(number, args, answer)
    if (this.waits) this.#tools.events.free(this)
  }

  /** Another Python thread, or an event loop, calls a JavaScript function. */
  #sideCallback(id: number, bytes: Buffer, start: number, end: number): void {
    const [number, args, caller] = decode(bytes, start, end, this) as [number, unknown[], number]
    const { side } = this.#channel()
    const answer = (encoded: EncodedFrame) => this.#write(side, encoded, id)
    const pending = (caller & CALLER.HAS_LOOP) !== 0 ? () => side.write(frame(KIND.CALLBACK_PENDING, EMPTY, id)) : undefined
    this.#runner.run(number, args, answer, pending)
  }

  #write(socket: Launched['socket'], encoded: EncodedFrame, id: number): void {
    const { numbers } = encoded.crossing
    if (this.#state !== 'open') return encoded.crossing.undo()
    if (numbers !== undefined) this.#sent(numbers)
    socket.write(frameBytes(encoded, id))
  }

  #first(kind: Kind, value: unknown): void {
    const started = this.#started
    this.#started = undefined
    if (kind === KIND.READY) {
      this.ready = value as Record<string, unknown>
      started?.resolve()
    } else {
      started?.reject(
        kind === KIND.ERROR ? toError(value as PythonErrorDetails) : startError(`its first frame is of kind ${kind}`),
      )
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
    this.#lines?.end()
    this.#started?.reject(startError(how))
    this.#started = undefined
    this.#tools.events.gone(this, how)
  }
}

type Dropped = Parameters<Realm['dropped']>[0]

function startError(how: string): PythreadsError {
  return new PythreadsError('ERR_PYTHREADS_WORKER_START', `A worker did not start: ${how}`)
}

function hasCode(error: unknown, code: ErrorCode): boolean {
  return error instanceof PythreadsError && error.code === code
}
