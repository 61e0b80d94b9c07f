import {
  type ErrorCode,
  nameTarget,
  type PythonErrorDetails,
  PythreadsError,
  quoted,
  toError,
} from '../errors/index.ts'
import type { Ending, Isolation, Launched, WorkerTimes } from '../isolation/index.ts'
import { Borrowed, existingLender } from '../memory/index.ts'
import { type Activity, activityOf, HeldMemory, residentMb } from '../platform/index.ts'
import type { ExportedValues } from '../references/index.ts'
import {
  CALLER,
  type CallbackReplies,
  CallbackRunner,
  type EncodedFrame,
  frameBytes,
  Handle,
  type Owner,
  type ReferenceCounts,
  readCallback,
  releaseFrame,
} from '../references/index.ts'
import { DispatchNotes, type DispatchTarget, type Task } from '../scheduler/index.ts'
import {
  decode,
  type FrameSink,
  frame,
  frameError,
  KIND,
  type Kind,
  type Loan,
  MAX_REPLY_TIME,
  type NaiveDates,
  type Reviver,
  replyTime,
} from '../wire/index.ts'
import { Cancellations } from './cancellations.ts'
import { drained } from './drain.ts'
import { FrameReader } from './frame-reader.ts'
import type { Gil } from './gil.ts'
import { InFlightCalls } from './in-flight-calls.ts'
import { WorkerLife } from './life.ts'
import { OutputLines, type OutputListener } from './output-lines.ts'
import { type FindCall, type Listeners, tellLog, tellWarning } from './records.ts'

/**
 * What a worker sends of itself, at any moment, while its modules load and while it closes, too.
 */
const UNSOLICITED: ReadonlySet<Kind> = new Set<Kind>([
  KIND.OUTPUT,
  KIND.WARNING,
  KIND.LOG,
  KIND.REFUSED,
])

/** What listeners of the program hear of. */
const FOR_LISTENERS: ReadonlySet<Kind> = new Set<Kind>([KIND.OUTPUT, KIND.WARNING, KIND.LOG])

/** What a worker tells its pool. */
export interface WorkerEvents {
  /**
   * Its thread can take a call: it has room for one, or it waits for a callback and can take one
   * that the callback made.
   */
  free(worker: Worker): void
  /** Its thread is done with a call, which held it for so long. */
  threadReleased(task: Task, us: number): void
  /** A call that it had is over. */
  settled(task: Task): void
  /** Python asks JavaScript for something: to call a function. */
  callbackBegan(): void
  /** Python has its answer, and goes on. */
  callbackReturned(): void
  /**
   * Something came to an end beside its thread, which may have been the last that it was needed
   * for.
   */
  progressed(worker: Worker): void
  /** It skipped a call, as it was told to: somebody else has to take it. */
  skipped(task: Task): void
  /** It does not leave a call alone that was cancelled. */
  stuck(worker: Worker): void
  /** A module has turned the GIL of a free-threaded build on. */
  gilEnabled(worker: Worker): void
  /** Its interpreter has refused to load an extension module. */
  refused(module: unknown): void
  /** It is gone. */
  exited(worker: Worker, ending: Ending): void
}

/** What the workers of a pool share. */
export interface WorkerTools {
  readonly events: WorkerEvents
  readonly exported: ExportedValues
  readonly callbackReplies: CallbackReplies
  /** How long a cancelled call may go on before its worker counts as stuck. */
  readonly graceMs: number
  /** How long a worker may take for its end, once it has begun with it. */
  readonly closeGraceMs: number
  /** How long a worker may take to start. */
  readonly startTimeoutMs: number
  /** Makes what callers get for an object that stays in Python. */
  readonly proxyFor: (handle: Handle) => unknown
  /** What a datetime without a zone is. */
  readonly naiveDates: NaiveDates
  /** Gets what is printed, where it is asked for. */
  readonly onLine: OutputListener | undefined
  /** Get warnings, and records of `logging`. */
  readonly listeners: Listeners
}

const NO_TIMES: WorkerTimes = Object.freeze({ busyMs: 0, cpuMs: 0 })

/** How long a worker that was asked to end may take until it begins with that, at most. */
const CLOSE_BEGIN_MS = 2_000
/** The request id of frames that are no calls. */
const NO_CALL = 0
/** How many callbacks of its thread, one within the other, may be without an answer. */
const MOST_LEVELS = 10_000
/**
 * How many answers of callbacks that are over its thread may leave unread: it reads one before it
 * goes on.
 */
const MOST_UNREAD = 64
/** How many callbacks of other threads and of coroutines may wait for an answer at a time. */
const MOST_PENDING = 100_000
/** The payload by which Python knows the last attempt to interrupt a call. */
const LAST_CANCEL = Uint8Array.of(1)

/** One worker: its channel, the calls it has, and what it has done so far. */
export class Worker implements DispatchTarget, Owner, Reviver {
  readonly index: number
  readonly counts: ReferenceCounts
  /** The facts of the READY frame: pid, version, executable. */
  ready: Readonly<Record<string, unknown>> = {}
  /** Where it is in its life. */
  readonly life: WorkerLife = new WorkerLife()
  readonly notes: DispatchNotes = new DispatchNotes()
  #calls = 0
  #errors = 0
  #servingSince = 0
  #idleSince = 0
  #residentMb = 0
  #freshMb = 0
  /** The time of the request whose reply comes next, where it is too long for that. */
  #longThreadTime: { readonly id: number; readonly us: number } | undefined
  /** The last request of its set-up. */
  #firstBegun = 0
  readonly #inFlight = new InFlightCalls()
  /**
   * Calls that were answered on the side channel before the main one said that they are coroutines.
   */
  readonly #earlyReplies = new Map<number, Task>()
  readonly #cancellations: Cancellations
  /** Requests that were taken back, which Python has yet to say that it skipped. */
  readonly #takenBack = new Set<number>()
  /** Calls that are to be sent together. */
  #outbox: Task[] = []
  #launched: Launched | undefined
  /** Its process is gone: there may be more to read of it. */
  #hasEnded = false
  #main: FrameReader | undefined
  #side: FrameReader | undefined
  /** How many answers to callbacks of its thread are not written yet. */
  #unwrittenReplies = 0
  /** How many callbacks of other threads have no answer. */
  #pendingCallbacks = 0
  /** The highest request that was taken back. */
  #lastTakenBack = 0
  #keepsAlive = false
  #coroutines = 0
  /** The call that ran when that was last looked at, and since when, at the latest. */
  #seenRunning = 0
  #seenRunningAt = 0
  /** The times that its set-up took, which are of no call; `undefined`: it is not over. */
  #setUp: WorkerTimes | undefined
  /** The ids of objects to be dropped in Python, until they are sent. */
  #releases: number[] = []
  readonly #tools: WorkerTools
  readonly #outputLines: OutputLines | undefined
  readonly #runner: CallbackRunner
  readonly #borrowed = new Borrowed(
    () => this.#launched?.inProcess === true,
    () => void this.#launched?.side.write(frame(KIND.TRIM)),
  )
  readonly #held = new HeldMemory()
  readonly #ownsCounts: boolean
  #lastOutput = ''
  /** Resolves when it is gone, and all of that has been told. */
  readonly #exited: Promise<void>
  #resolveExited: () => void = () => {}
  /** Ends it by force when it takes too long to close. */
  #closing: NodeJS.Timeout | undefined
  /** Whether it has begun with its end. */
  #hasClosed = false
  #started: { resolve: () => void; reject: (error: unknown) => void } | undefined

  /** `ownsRealm`: no other worker shares its interpreter. */
  constructor(index: number, counts: ReferenceCounts, ownsCounts: boolean, tools: WorkerTools) {
    this.index = index
    this.counts = counts
    this.#ownsCounts = ownsCounts
    this.#tools = tools
    this.#runner = new CallbackRunner(this, tools.exported, tools.callbackReplies)
    this.#cancellations = new Cancellations(this.#inFlight, tools.graceMs, {
      ask: (task, isLast) =>
        void this.#channel().side.write(
          frame(KIND.CANCEL, isLast ? LAST_CANCEL : undefined, task.id),
        ),
      giveUpCallback: (callback) =>
        void this.#channel().socket.write(frame(KIND.CALLBACK_CANCELLED, undefined, callback)),
      letGo: (task) => void (task.coroutine && this.#background(-1)),
      stuck: () => this.life.isWedged || tools.events.stuck(this),
    })
    this.#exited = new Promise((resolve) => {
      this.#resolveExited = resolve
    })
    this.#outputLines =
      tools.onLine === undefined ? undefined : new OutputLines(index, tools.onLine)
  }

  /** Whether it takes calls. */
  get serving(): boolean {
    return this.life.isServing
  }

  /** Whether it takes only calls that name it. */
  get retiring(): boolean {
    return this.life.isRetiring
  }

  /** The calls that it has taken. */
  get calls(): number {
    return this.#calls
  }

  /** The calls to which Python replied with an error. */
  get errors(): number {
    return this.#errors
  }

  /** When it began to serve, in `performance.now()`. */
  get servingSince(): number {
    return this.#servingSince
  }

  /** Since when it is idle, if it is, as far as that was noted. */
  get idleSince(): number {
    return this.#idleSince
  }

  /** What its process held in memory when that was last looked at, and when it began to serve. */
  get residentMb(): number {
    return this.#residentMb
  }

  get freshMb(): number {
    return this.#freshMb
  }

  /** Whether its thread has nothing to do. */
  get idle(): boolean {
    return this.life.isOpen && this.#inFlight.isIdle
  }

  /**
   * Whether its thread waits for a callback, so that a call which the callback made can run in
   * between.
   */
  get waits(): boolean {
    return this.life.isOpen && this.#inFlight.callback !== undefined
  }

  get isWithinCallback(): boolean {
    return this.#inFlight.isWithinCallback
  }

  /** Whether a call that it has is behind another one. */
  isBehind(task: Task): boolean {
    return task.worker === this && this.#inFlight.isBehind(task)
  }

  /** How many calls its thread has before it. */
  get depth(): number {
    return this.#inFlight.depth
  }

  /** Since when the call runs that others stand behind, at the earliest. */
  get runningSince(): number {
    return this.#inFlight.since
  }

  /** Whether anything needs this very worker: calls, coroutines, objects of its own. */
  get isNeeded(): boolean {
    const busy = !this.#inFlight.isIdle || this.#coroutines > 0 || this.#cancellations.size > 0
    return busy || (this.#ownsCounts && this.counts.objects > 0)
  }

  /** Whether its interpreter has a GIL; in a free-threaded build, the module that turned it on. */
  get gil(): Gil {
    const { gil, gil_culprit: culprit } = this.ready
    return {
      enabled: gil !== false,
      culprit: typeof culprit === 'string' && culprit !== '' ? culprit : null,
    }
  }

  /** The process that it runs in, once it is launched. */
  get pid(): number | undefined {
    return this.#launched?.pid
  }

  get times(): WorkerTimes {
    if (this.#setUp === undefined || this.#launched === undefined) return NO_TIMES
    const { busyMs, cpuMs } = this.#launched.statusPage.times
    const busy = Math.max(0, busyMs - this.#setUp.busyMs)
    return { busyMs: busy, cpuMs: Math.min(busy, Math.max(0, cpuMs - this.#setUp.cpuMs)) }
  }

  /** How long it has taken calls, in milliseconds. */
  get ageMs(): number {
    return this.#setUp === undefined ? 0 : performance.now() - this.#servingSince
  }

  /** The share of its age in which its thread had a call. */
  get utilisation(): number {
    const { ageMs } = this
    this.look()
    const running = this.#seenRunning === NO_CALL ? 0 : performance.now() - this.#seenRunningAt
    return ageMs === 0
      ? 0
      : Math.round(Math.min(1, (this.times.busyMs + running) / ageMs) * 1000) / 1000
  }

  /** Notes since when a call runs: what it has written down is of those that are over. */
  look(): void {
    const id = this.#inFlight.running?.id ?? NO_CALL
    if (id === this.#seenRunning) return
    this.#seenRunning = id
    this.#seenRunningAt = performance.now()
  }

  /** From now on the pool gives it calls. */
  serve(): void {
    this.#setUp = this.#launched?.statusPage.times ?? NO_TIMES
    this.#firstBegun = this.#launched?.statusPage.begun ?? 0
    this.#servingSince = this.#idleSince = performance.now()
    this.life.serve()
  }

  /** It has become idle. */
  becameIdle(): void {
    this.#idleSince = performance.now()
  }

  /** Takes away the counts of calls and errors: they are the pool's now. */
  takeCounts(): { calls: number; errors: number } {
    const counts = { calls: this.#calls, errors: this.#errors }
    this.#calls = 0
    this.#errors = 0
    return counts
  }

  /** What it printed last. */
  get lastWords(): string {
    const lines = this.#outputLines?.last.join('\n') ?? ''
    return [lines, this.#lastOutput].filter(Boolean).join('\n')
  }

  /** Launches it; resolves when it has imported what it has to and can take calls. */
  async start(isolation: Isolation, settings: Buffer): Promise<void> {
    const launched = await isolation.launch(this.index)
    if (this.life.isEnding) {
      launched.kill() // it was ended before it began
      launched.statusPage.close()
      await launched.ended
      throw startError('it was not wanted any more')
    }
    this.#launched = launched
    this.life.launched()
    const { socket, side, pipes } = launched
    if (pipes !== undefined) {
      this.#outputLines?.listen(pipes.stdout, 'stdout')
      this.#outputLines?.listen(pipes.stderr, 'stderr')
    }
    this.#main = this.#inlet(socket, (...frame) => this.#mainFrame(...frame))
    socket.on('error', () => {}) // 'close' follows, and `ended` says more
    side.on('error', () => {})
    side.once('close', () => {
      socket.ref() // coroutines may have kept the process alive by it: their end is still to come
      // It has no way to answer them; what it said on the other channel before, such as why it does
      // not start, comes first.
      if (this.life.isOpen || this.life.isStarting)
        void drained([socket]).then(() => launched.kill())
    })
    side.unref()
    socket.once('close', () => launched.kill())
    void launched.ended.then((ending) => this.#end(launched, ending))
    const started = new Promise<void>((resolve, reject) => {
      this.#started = { resolve, reject }
    })
    if (launched.hasStartFrame !== true) socket.write(frame(KIND.START, settings))
    const { startTimeoutMs } = this.#tools
    const late = setTimeout(
      () => this.#fail(startError(`it is not ready after ${startTimeoutMs} ms`)),
      startTimeoutMs,
    )
    try {
      await started
    } finally {
      clearTimeout(late)
    }
    if (!this.life.isStarting) throw this.life.failure ?? startError('it was not wanted any more')
    const { onWarning, onLog } = this.#tools.listeners
    // Other threads of Python may print, warn, log, or import what a subinterpreter refuses.
    const mayTell =
      this.#outputLines !== undefined || onWarning !== undefined || onLog !== undefined
    if (mayTell || this.ready['refuses'] === true) this.#openSide()
    socket.unref()
    this.life.ready()
  }

  /**
   * Gives it a call: when it is idle, waits for the callback that made the call, or has room behind
   * short ones.
   */
  send(task: Task): void {
    if (!task.isSetUp) this.#calls++
    task.coroutine = false // it may have been one of a worker that is gone
    const { isIdle } = this.#inFlight
    const isWithin = this.#inFlight.callback !== undefined
    this.#inFlight.add(task)
    task.references.sent(this.#borrower)
    const { numbers, lends } = task.references
    if (numbers !== undefined) this.#sent(numbers)
    else if (lends) this.#openSide() // Python may ask for the bytes
    this.#keepAlive()
    if (isIdle || isWithin) return void this.#channel().socket.write(task.frame())
    // Those that stand behind others go together.
    if (this.#outbox.push(task) === 1) process.nextTick(() => this.#flush())
  }

  #flush(): void {
    const tasks = this.#outbox
    this.#outbox = []
    const socket = this.#launched?.socket
    if (socket === undefined || tasks.length === 0) return
    socket.cork()
    for (const task of tasks) socket.write(task.frame())
    socket.uncork()
  }

  /** Looks at what its process holds in memory. */
  measure(): void {
    const { pid } = this
    if (pid !== undefined) this.#residentMb = residentMb(pid)
  }

  /** Looks at what its process holds before it has had any calls. */
  measureFresh(): void {
    this.measure()
    this.#freshMb = this.#residentMb
  }

  /**
   * How many MB count against a limit of so many: what its process holds, and what it has
   * elsewhere.
   */
  heldMb(limitMb: number): number {
    const { pid } = this
    return pid === undefined || this.#hasEnded
      ? 0
      : this.#held.look(pid, limitMb, this.#borrowed.descriptor)
  }

  /**
   * Its thread does not come back: what it has not begun is taken away, what it has begun may still
   * be answered.
   */
  wedge(): void {
    this.life.wedge()
    this.#channel().socket.unref()
  }

  /** What its thread does at this moment, as the system says. */
  get activity(): Activity {
    const { thread } = this.ready
    return typeof thread === 'number' && this.pid !== undefined
      ? activityOf(this.pid, thread)
      : 'unknown'
  }

  /** Takes back the calls that stand behind the one that runs and have not begun. */
  takeBack(): Task[] {
    const behind = this.#inFlight.behind
    const [running, last] = [this.#inFlight.running, behind.at(-1)]
    if (last === undefined || running === undefined || last.id < running.id) return []
    const unsent = new Set(this.#outbox)
    this.#outbox = []
    const taken = behind.filter((task) => unsent.has(task))
    const sent = behind.filter((task) => !unsent.has(task))
    for (const task of this.#takeBackSent(running.id, sent)) {
      this.#takenBack.add(task.id)
      taken.push(task)
    }
    for (const task of taken) this.#forget(task)
    this.#keepAlive()
    return taken.sort((one, other) => one.order - other.order)
  }

  /** Those of some requests behind another one that Python has not begun, and will not any more. */
  #takeBackSent(running: number, sent: readonly Task[]): readonly Task[] {
    const [first, last] = [sent[0]?.id, sent.at(-1)?.id]
    if (first === undefined || last === undefined) return []
    const { statusPage } = this.#channel()
    // What was taken back before must be skipped before the range changes: it is, once a later
    // request has begun.
    const before = statusPage.begun
    if (before < running || before >= first) return []
    if (!statusPage.takeBack(before, last)) return []
    this.#lastTakenBack = last
    const { begun } = statusPage
    // the others have begun, or will be reported as skipped
    return sent.filter(({ id }) => id > begun)
  }

  /** A call goes elsewhere, or nowhere: what crossed in it has not. */
  #forget(task: Task): void {
    this.#calls--
    this.#inFlight.settle(task)
    this.#inFlight.threadReleased(task)
    const { numbers } = task.references
    if (numbers !== undefined) this.counts.retract(numbers)
  }

  /** Nobody waits for a call any more that this worker has: sees to it that it ends. */
  cancel(task: Task): void {
    this.#openSide()
    this.#cancellations.add(task)
    this.#keepAlive()
  }

  release(id: number): void {
    if (this.#releases.push(id) === 1) setImmediate(() => this.#sendReleases())
  }

  /** Resolves when it is gone and its pool has been told, if it ever was there. */
  get exited(): Promise<void> {
    return this.#launched === undefined ? Promise.resolve() : this.#exited
  }

  /**
   * Asks it to end, and after a while makes it. Resolves when it is gone and its pool has been
   * told.
   */
  async close(): Promise<void> {
    const launched = this.#launched
    if (this.life.isGone) return
    this.life.close()
    if (launched === undefined) return
    launched.socket.ref()
    launched.socket.write(frame(KIND.CLOSE))
    this.#killAfter(Math.min(CLOSE_BEGIN_MS, this.#tools.closeGraceMs))
    await this.#exited
    clearTimeout(this.#closing)
    this.#closing = undefined
  }

  #killAfter(ms: number): void {
    clearTimeout(this.#closing)
    this.#closing = setTimeout(() => this.kill(), ms)
  }

  /**
   * Ends it by force; a thread that runs Python goes on until its call returns, and its answer is
   * dropped.
   */
  kill(): void {
    this.life.end()
    this.#launched?.socket.destroy()
    this.#launched?.side.destroy()
    this.#launched?.kill()
  }

  /** Ends it by force, and notes why. */
  endAs(how: string): void {
    this.life.endAs(how)
    this.kill()
  }

  /** Whether it served to its end, and has begun no call that its pool gave it. */
  get isFresh(): boolean {
    return this.life.servedLast && this.#lastBegun() <= this.#firstBegun
  }

  /**
   * Takes the calls away that it has: those that it has begun, as far as is known, and those that
   * nobody has. One of these may have ended it: that with the large frame that it was reading, or
   * the first one of a worker that has begun none.
   */
  abandon(): { begun: Task[]; waiting: Task[]; suspect: Task | undefined } {
    const begun: Task[] = []
    const waiting: Task[] = []
    const last = this.#lastBegun()
    const { isFresh } = this
    const reads = this.#launched?.statusPage.reads
    for (const task of this.#inFlight.clear()) {
      if (!task.coroutine && task.id > last) waiting.push(task)
      else begun.push(task)
    }
    this.#cancellations.stop()
    this.#outbox = []
    return {
      begun,
      waiting,
      suspect: waiting.find(({ id }) => id === reads) ?? (isFresh ? waiting[0] : undefined),
    }
  }

  /** The last request that it has begun or ever will. */
  #lastBegun(): number {
    const statusPage = this.#launched?.statusPage
    if (statusPage === undefined || !this.life.hasStarted) return 0xffff_ffff
    // a thread that has read more requests than it has begun skips them
    return statusPage.takeBackAll()
  }

  get naiveDates(): NaiveDates {
    return this.#tools.naiveDates
  }

  object(id: number, type: string, traits: number): unknown {
    return this.#tools.proxyFor(new Handle(this, id, type, traits))
  }

  local(number: number): unknown {
    return this.counts.take(number)
  }

  memory(loan: Loan): ArrayBuffer {
    return this.#borrowed.view(loan)
  }

  read<T>(loan: Loan, use: (bytes: ArrayBuffer, mayChange: boolean) => T): T {
    return this.#borrowed.read(loan, use)
  }

  /**
   * With whose end the memory is given back that it has; what has an interpreter of this process
   * keeps it.
   */
  get #borrower(): object | undefined {
    return this.#launched?.inProcess === true ? undefined : this
  }

  #channel(): Launched {
    if (this.#launched === undefined) throw new Error('a worker was used before it was launched')
    return this.#launched
  }

  #sent(numbers: readonly number[]): void {
    this.counts.sent(numbers)
    this.#openSide()
  }

  /** Listens to the side channel, from the first time that anything can come on it. */
  #openSide(): void {
    this.#side ??= this.#inlet(this.#channel().side, (...frame) => this.#sideFrame(...frame))
  }

  #inlet(socket: Launched['socket'], sink: FrameSink): FrameReader {
    const held = (step: number) => this.counts.paused(step)
    return new FrameReader(socket, sink, (error) => this.#misread(error), held)
  }

  #sendReleases(): void {
    const ids = this.#releases
    this.#releases = []
    if (!this.life.isOpen) return
    this.#channel().socket.write(releaseFrame(ids))
  }

  #misread(error: unknown): void {
    // What it lent is gone with it: how it ended is still to come.
    if (hasCode(error, 'ERR_PYTHREADS_WORKER_DIED')) this.kill()
    else this.#fail(frameError(error))
  }

  #mainFrame(kind: Kind, id: number, bytes: Buffer, start: number, end: number): void {
    // Modules may print and warn while they load, before the first reply.
    if (this.#started !== undefined && !UNSOLICITED.has(kind))
      return this.#first(kind, decode(bytes, start, end))
    if (this.life.isEnding) return this.#closingFrame(kind, id, bytes, start, end, true)
    switch (kind) {
      case KIND.RESULT:
      case KIND.ERROR: {
        const { task, settle } = this.#reply(kind, id, bytes, start, end, true)
        this.#threadReleased(task, this.#threadTimeOf(id, bytes, start))
        settle()
        this.#tools.events.settled(task)
        return this.#tools.events.free(this)
      }
      case KIND.UNREAD:
        return this.#unread(id, bytes, start, end)
      case KIND.SKIPPED:
        return this.#skipped(id)
      case KIND.PENDING:
        return this.#pending(id, this.#threadTimeOf(id, bytes, start))
      case KIND.THREAD_TIME:
        return this.#threadTime(id, decode(bytes, start, end))
      case KIND.CALLBACK:
        return this.#callback(id, bytes, start, end)
      default:
        this.#notice(kind, id, bytes, start, end, true)
    }
  }

  #sideFrame(kind: Kind, id: number, bytes: Buffer, start: number, end: number): void {
    if (this.life.isEnding) return this.#closingFrame(kind, id, bytes, start, end, false)
    switch (kind) {
      case KIND.RESULT:
      case KIND.ERROR: {
        const { task, settle } = this.#reply(kind, id, bytes, start, end, false)
        if (!task.coroutine) this.#earlyReplies.set(id, task)
        else if (task.cancelledAt === undefined) this.#background(-1)
        settle()
        this.#cancellations.delete(task)
        this.#tools.events.settled(task)
        return this.#tools.events.progressed(this)
      }
      case KIND.CALLBACK:
        return this.#sideCallback(id, bytes, start, end)
      case KIND.FETCH:
        return this.#sendMemory(id)
      case KIND.ACKNOWLEDGED: {
        const task = this.#inFlight.get(id)
        if (task === undefined) return
        task.acknowledged = true
        return this.#tools.events.progressed(this)
      }
      default:
        this.#notice(kind, id, bytes, start, end, false)
    }
  }

  /** While it closes, what it printed and what it gives back still count. */
  #closingFrame(
    kind: Kind,
    id: number,
    bytes: Buffer,
    start: number,
    end: number,
    isMain: boolean,
  ): void {
    if (kind === KIND.RESULT && id === NO_CALL && this.#closing !== undefined && !this.#hasClosed) {
      this.#hasClosed = true
      this.#killAfter(this.#tools.closeGraceMs)
    }
    if (kind === KIND.RELEASED || UNSOLICITED.has(kind))
      this.#notice(kind, id, bytes, start, end, isMain)
  }

  /** What Python tells without being asked, on either channel. */
  #notice(
    kind: Kind,
    id: number,
    bytes: Buffer,
    start: number,
    end: number,
    isMain: boolean,
  ): void {
    if (FOR_LISTENERS.has(kind)) (isMain ? this.#main : this.#side)?.spend()
    if (kind === KIND.RELEASED) this.counts.dropped(decode(bytes, start, end))
    else if (kind === KIND.OUTPUT) this.#outputLines?.take(decode(bytes, start, end))
    else if (kind === KIND.WARNING || kind === KIND.LOG)
      this.#record(kind, decode(bytes, start, end))
    else if (kind === KIND.GIL_ENABLED) this.#gilEnabled(textOf(decode(bytes, start, end)))
    else if (kind === KIND.REFUSED) this.#tools.events.refused(textOf(decode(bytes, start, end)))
    else this.#unexpected(kind, id)
  }

  /** A warning, or a record of `logging`. */
  #record(kind: Kind, payload: unknown): void {
    const { onWarning, onLog } = this.#tools.listeners
    const find: FindCall = (request) => {
      const task = this.#inFlight.get(request)
      return task?.isSetUp === true ? undefined : task
    }
    if (kind === KIND.LOG) onLog && tellLog(payload, this.index, find, onLog)
    else onWarning && tellWarning(payload, this.index, find, onWarning)
  }

  #gilEnabled(culprit: string): void {
    if (this.gil.enabled) this.#unexpected(KIND.GIL_ENABLED, NO_CALL)
    this.ready = { ...this.ready, gil: true, gil_culprit: culprit }
    this.#tools.events.gilEnabled(this)
  }

  /**
   * Reads the answer to a call, which is its own until then: should that fail, the worker's end
   * settles it.
   */
  #reply(
    kind: Kind,
    id: number,
    bytes: Buffer,
    start: number,
    end: number,
    isMain: boolean,
  ): { task: Task; settle: () => void } {
    const task = this.#inFlight.get(id)
    if (task === undefined || (isMain && task.coroutine)) this.#unexpected(kind, id)
    const settle = this.#settlement(task, kind, bytes, start, end)
    this.#inFlight.settle(task)
    return { task, settle }
  }

  #unexpected(kind: Kind, id: number): never {
    const what = `Worker ${this.index} sent frame ${kind} for request ${id}, which nobody made`
    throw new PythreadsError('ERR_PYTHREADS_PROTOCOL', what)
  }

  /** A reply comes that has no room for the time that its request took. */
  #threadTime(id: number, us: unknown): void {
    const task = this.#earlyReplies.get(id) ?? this.#inFlight.get(id)
    if (task === undefined || !(Number.isSafeInteger(us) && (us as number) >= MAX_REPLY_TIME)) {
      this.#unexpected(KIND.THREAD_TIME, id)
    }
    this.#longThreadTime = { id, us: us as number }
  }

  /** How many microseconds a request held the thread, of which this is the reply. */
  #threadTimeOf(id: number, bytes: Buffer, start: number): number {
    const us = replyTime(bytes, start)
    if (us < MAX_REPLY_TIME) return us
    return this.#longThreadTime?.id === id ? this.#longThreadTime.us : us
  }

  /** It could not read a call: nothing that crossed in it has arrived. */
  #unread(id: number, bytes: Buffer, start: number, end: number): void {
    const task = this.#inFlight.get(id)
    if (task === undefined || task.coroutine) this.#unexpected(KIND.UNREAD, id)
    const error = toError(decode(bytes, start, end) as PythonErrorDetails, { target: task.target })
    this.#countFailure(task)
    const { numbers } = task.references
    if (numbers !== undefined) this.counts.retract(numbers)
    this.#inFlight.settle(task)
    this.#threadReleased(task, this.#threadTimeOf(id, bytes, start))
    task.drop(error, 'rejected')
    this.#tools.events.settled(task)
    this.#tools.events.free(this)
  }

  /** Its thread is done with a call. */
  #threadReleased(task: Task, us: number): void {
    this.#inFlight.threadReleased(task)
    if (!task.coroutine) this.#cancellations.delete(task)
    this.#keepAlive()
    this.#tools.events.threadReleased(task, us)
    if (this.#cancellations.size > 0) this.#cancellations.look()
  }

  /**
   * It skipped a request that was taken back; one of which that was not clear is taken back now.
   */
  #skipped(id: number): void {
    if (this.#takenBack.delete(id)) return
    const task = this.#inFlight.get(id)
    if (task === undefined || task.coroutine || id > this.#lastTakenBack)
      this.#unexpected(KIND.SKIPPED, id)
    this.#forget(task)
    this.#keepAlive()
    this.#tools.events.skipped(task)
    this.#tools.events.free(this)
  }

  /**
   * Keeps the process alive while Python works for somebody; what a callback waits for does so
   * itself.
   */
  #keepAlive(): void {
    const works =
      this.#inFlight.depth > 0 && this.#inFlight.callback === undefined && !this.#onlyCancelled()
    if (works === this.#keepsAlive) return
    this.#keepsAlive = works
    const { socket } = this.#channel()
    if (works) socket.ref()
    else socket.unref()
  }

  /** Whether nobody waits for anything that it has. */
  #onlyCancelled(): boolean {
    if (this.#cancellations.size === 0) return false
    for (const task of this.#inFlight.tasks)
      if (task.cancelledAt === undefined && !task.coroutine) return false
    return true
  }

  /**
   * A call turned out to be a coroutine: its answer comes on the side channel, and the thread is
   * free.
   */
  #pending(id: number, us: number): void {
    this.#openSide()
    const early = this.#earlyReplies.get(id)
    const task = early ?? this.#inFlight.get(id)
    if (task === undefined || task.coroutine) this.#unexpected(KIND.PENDING, id)
    this.#earlyReplies.delete(id)
    if (early === undefined) {
      task.coroutine = true
      if (task.cancelledAt === undefined) this.#background(1)
    }
    this.#threadReleased(task, us)
    this.#tools.events.free(this)
  }

  /** Counts coroutines: the process stays alive for them. */
  #background(step: number): void {
    this.#coroutines += step
    const { side } = this.#channel()
    if (this.#coroutines > 0) side.ref()
    else side.unref()
  }

  #settlement(task: Task, kind: Kind, bytes: Buffer, start: number, end: number): () => void {
    if (kind === KIND.ERROR) this.#countFailure(task)
    try {
      const value = decode(bytes, start, end, this)
      if (kind === KIND.RESULT) return () => task.resolve(value)
      const error = toError(value as PythonErrorDetails, { target: task.target })
      return () => task.reject(error)
    } catch (error) {
      // A value that JavaScript cannot hold is this call's error; malformed bytes are the end of
      // the worker.
      if (!hasCode(error, 'ERR_PYTHREADS_VALUE')) throw error
      this.#countFailure(task)
      nameTarget(error, task.target)
      return () => task.reject(error)
    }
  }

  /** Counts a call that failed; what becomes of one that was cancelled, nobody waits for. */
  #countFailure(task: Task): void {
    if (!task.isSetUp && task.cancelledAt === undefined) this.#errors++
  }

  /** The worker's thread waits for a JavaScript function. */
  #callback(id: number, bytes: Buffer, start: number, end: number): void {
    const request = readCallback(bytes, start, end, this)
    const isLost = this.#unwrittenReplies > MOST_UNREAD + this.#inFlight.callbacks
    if (id === NO_CALL || isLost || this.#inFlight.callbacks >= MOST_LEVELS)
      this.#unexpected(KIND.CALLBACK, id)
    this.#main?.spend()
    this.#tools.events.callbackBegan()
    this.#inFlight.callbackBegan(id)
    this.#keepAlive()
    const answer = (encoded: EncodedFrame) => {
      // the worker is gone, or the call was cancelled
      if (!this.#inFlight.callbackReturned(id)) return encoded.references.retract()
      this.#keepAlive()
      this.#unwrittenReplies++
      this.#write(this.#channel().socket, encoded, id, this.#replyWritten)
      this.#tools.events.callbackReturned()
    }
    this.#runner.run(request, this.#inFlight.get(request.call)?.references, answer)
    if (this.waits) this.#tools.events.free(this)
  }

  /** Another Python thread, or an event loop, calls a JavaScript function. */
  #sideCallback(id: number, bytes: Buffer, start: number, end: number): void {
    const request = readCallback(bytes, start, end, this)
    this.#side?.spend()
    const { side } = this.#channel()
    const answer = (encoded: EncodedFrame) => {
      this.#pendingCallbacks--
      this.#write(side, encoded, id)
      this.#side?.wrote()
    }
    const tellPending = () => {
      side.write(frame(KIND.CALLBACK_PENDING, undefined, id))
      this.#side?.wrote()
    }
    if (++this.#pendingCallbacks > MOST_PENDING)
      return answer(this.#tools.callbackReplies.denied('too many callbacks wait for an answer'))
    const pending = (request.caller & CALLER.HAS_LOOP) !== 0 ? tellPending : undefined
    this.#runner.run(request, this.#inFlight.get(request.call)?.references, answer, pending)
  }

  readonly #replyWritten = (): void => {
    this.#unwrittenReplies--
  }

  #write(
    socket: Launched['socket'],
    encoded: EncodedFrame,
    id: number,
    written?: () => void,
  ): void {
    const { numbers, lends } = encoded.references
    if (!this.life.isOpen) return encoded.references.retract()
    encoded.references.sent(this.#borrower)
    if (numbers !== undefined) this.#sent(numbers)
    else if (lends) this.#openSide()
    socket.write(frameBytes(encoded, id), written)
  }

  /** Its process cannot see the memory of a loan that it has: it gets the bytes. */
  #sendMemory(cell: number): void {
    const bytes = existingLender()?.bytesFor(this.#borrower, cell)
    if (bytes === undefined) this.#unexpected(KIND.FETCH, cell)
    this.#channel().side.write(frame(KIND.MEMORY, bytes, cell))
  }

  /** Opens what it will lend from; tells it where that cannot be done. */
  #openMemory(fd: unknown): void {
    const { pid, socket } = this.#channel()
    // Another process may have the number of one that is over.
    if (!this.#hasEnded && !this.#borrowed.open(pid, fd)) socket.write(frame(KIND.INLINE))
  }

  #first(kind: Kind, value: unknown): void {
    if (kind === KIND.READY && isRecord(value)) {
      this.#openMemory(value['memory'] ?? -1)
      this.ready = value
      this.#started?.resolve()
    } else if (kind === KIND.ERROR) {
      this.#started?.reject(toError(value as PythonErrorDetails))
      this.#killAfter(this.#tools.closeGraceMs) // it ends by itself
    } else {
      this.#fail(startError(`its first frame is of kind ${kind}, and not READY`))
    }
    this.#started = undefined
  }

  #fail(error: unknown): void {
    const started = this.#started
    this.#started = undefined
    started?.reject(error)
    this.life.fail(error)
    this.kill()
  }

  /** It has ended: what it said before comes first. */
  async #end({ socket, side, pipes }: Launched, ending: Ending): Promise<void> {
    this.#hasEnded = true
    this.#openSide()
    this.#main?.finish()
    this.#side?.finish()
    await drained([socket, side, ...(pipes === undefined ? [] : [pipes.stdout, pipes.stderr])])
    socket.destroy()
    side.destroy()
    this.#exit(ending)
    this.#resolveExited()
  }

  #exit(ending: Ending): void {
    this.life.gone()
    const { statusPage } = this.#channel()
    clearTimeout(this.#closing)
    this.#borrowed.end()
    this.#outputLines?.end()
    this.#lastOutput = statusPage.lastWords
    this.#started?.reject(startError(`${ending.how}${quoted(this.lastWords)}`))
    this.#started = undefined
    this.#tools.events.exited(this, ending)
    statusPage.close()
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  throw new PythreadsError(
    'ERR_PYTHREADS_PROTOCOL',
    'Malformed value from Python: a name that is no text',
  )
}

function startError(how: string): PythreadsError {
  return new PythreadsError('ERR_PYTHREADS_WORKER_START', `A worker did not start: ${how}`)
}

function hasCode(error: unknown, code: ErrorCode): boolean {
  return error instanceof PythreadsError && error.code === code
}
