import { AsyncResource } from 'node:async_hooks'
import { nameTarget, PythreadsError, WorkerDiedError } from '../errors/index.ts'
import {
  type Ending,
  encodeSettings,
  type Isolation,
  type WorkerSettings,
} from '../isolation/index.ts'
import { existingLender, memoryStats } from '../memory/index.ts'
import { type Observer, Times } from '../observe/index.ts'
import { EventLoopSpin, residentMb } from '../platform/index.ts'
import {
  CallbackReplies,
  callbackContext,
  type EncodedFrame,
  ExportedValues,
  FrameEncoder,
  FrameReferences,
  type Handle,
  ReferenceCounts,
  type Write,
} from '../references/index.ts'
import {
  abortError,
  armLimits,
  type CallLimits,
  type CallTarget,
  Dispatcher,
  type DispatchTarget,
  type Lease,
  Leases,
  nameOf,
  Task,
} from '../scheduler/index.ts'
import { copyFlags, FLAG, KIND, type Kind, type Reviver } from '../wire/index.ts'
import type { Listeners, OutputListener } from '../worker/index.ts'
import {
  type PoolSize,
  type Recycling,
  SocketLink,
  type SocketLinkTools,
  Worker,
  WorkerSupervisor,
  type WorkerTools,
} from '../worker/index.ts'
import { GilMonitor } from './gil-monitor.ts'
import type { PoolStats, WorkerStats } from './stats.ts'

/** What a pool needs to know. */
export interface PoolOptions {
  readonly isolation: Isolation
  readonly settings: WorkerSettings
  readonly size: PoolSize
  /** What every worker calls before it takes others. */
  readonly initialize: Write | undefined
  /** How many calls may wait; `null`: any number. */
  readonly maxQueue: number | null
  /** How long calls may take, and wait, that say nothing of it. */
  readonly callLimits: CallLimits
  /** How long a cancelled call may go on. */
  readonly graceMs: number
  readonly closeGraceMs: number
  readonly startTimeoutMs: number
  readonly maxWedged: number
  readonly recycle: Recycling
  /** Whether Python may not write to the arrays of calls that say nothing of it. */
  readonly readonly: boolean
  /** Whether values of subclasses of plain types stay in Python. */
  readonly exact?: boolean
  /** What a datetime without a zone is. */
  readonly naiveDates?: Reviver['naiveDates']
  /** Makes what callers get for an object that stays in Python. */
  readonly proxyFor: (handle: Handle) => unknown
  /** Gets what is printed, where it is asked for. */
  readonly onLine?: OutputListener | undefined
  /** Get warnings, and records of `logging`. */
  readonly listeners?: Listeners
  readonly observer: Observer
}

/** How a call is made, besides its kind and payload. */
export interface SubmitOptions extends CallLimits {
  /** The number of the worker that has to take it; `undefined`: any. */
  readonly workerIndex?: number | undefined
  /** The worker that has to take it is this one. */
  readonly lease?: Lease | undefined
  /**
   * How deeply its result is copied rather than referred to: 0 not at all, `Infinity` completely.
   */
  readonly copy?: number | undefined
  /** Whether values of subclasses of plain types stay in Python. */
  readonly exact?: boolean | undefined
  /** Whether Python may not write to the arrays in it. */
  readonly readonly?: boolean | undefined
  /** The higher, the sooner it has its turn. */
  readonly priority?: number | undefined
  /** How often it may be made again when its worker dies. */
  readonly retry?: number | undefined
}

/** How many workers may end when they were to begin the same call. */
const MOST_DEATHS = 3

/** The number of refused modules whose names are kept. */
const MOST_REFUSED = 1_000
/** A name of this length is not kept. */
const MOST_OF_NAME = 1_000

const NO_LISTENERS: Listeners = Object.freeze({ onWarning: undefined, onLog: undefined })
/**
 * The options of a call that has none. Each is a property of its own, so that a changed
 * `Object.prototype` gives none.
 */
export const NO_SUBMIT_OPTIONS: SubmitOptions = Object.freeze({
  ...{
    workerIndex: undefined,
    lease: undefined,
    copy: undefined,
    exact: undefined,
    readonly: undefined,
  },
  ...{
    priority: undefined,
    retry: undefined,
    signal: undefined,
    timeoutMs: undefined,
    queueTimeoutMs: undefined,
  },
})

/** A request that every interpreter has to get, those of later workers too. */
export interface SetupStep {
  readonly kind: Kind
  readonly write: Write
}

/**
 * Calls, and the workers that take them. Which worker takes which is the dispatcher's, their life
 * the fleet's business.
 */
export class Pool {
  readonly #options: PoolOptions
  /** In which workers start, whoever needs them: what they tell is no call's. */
  readonly #context = new AsyncResource('PYTHREADS_POOL')
  readonly #encoder = new FrameEncoder()
  readonly #exported: ExportedValues
  readonly #tools: WorkerTools
  readonly #refused = new Set<string>()
  /** In a shared interpreter, what all workers hold together. */
  readonly #shared: ReferenceCounts | undefined
  readonly #leases = new Leases<Worker>((worker) => this.#free(worker))
  readonly #dispatcher: Dispatcher<Worker>
  readonly #supervisor: WorkerSupervisor<Worker>
  readonly #spin = new EventLoopSpin()
  /** A crossing that the next call can have. */
  #unused: FrameReferences | undefined
  readonly #gilMonitor: GilMonitor
  readonly #queueTimes = new Times()
  readonly #runTimes = new Times()
  /** What a replacement has to run before its first call. */
  readonly #setup: (SetupStep | undefined)[] = []
  /** How many broadcasts are not over, and where they run in a shared interpreter. */
  #broadcasts = 0
  #broadcastIndex = 0
  #order = 0
  #running = 0
  /** What workers did that are gone. */
  #calls = 0
  #errors = 0
  #state: 'open' | 'closing' | 'closed' = 'open'
  #closed: Promise<void> | undefined
  #finished: (() => void) | undefined
  #hasWarned = false

  constructor(options: PoolOptions) {
    const {
      isolation,
      settings,
      graceMs,
      closeGraceMs,
      startTimeoutMs,
      proxyFor,
      onLine,
      observer,
    } = options
    this.#options = options
    this.#exported = new ExportedValues({ access: 'none', limit: settings.memory, used: 0 })
    this.#shared = isolation.isShared ? new ReferenceCounts(this.#exported) : undefined
    this.#dispatcher = new Dispatcher(this.#leases, {
      sending: (task, worker) => this.#sending(task, worker),
      waiting: (task) => this.#supervisor.grow(task.workerIndex),
      takenBack: (task) => this.#resubmit(task),
      drained: () => observer.tell('drain', {}),
    })
    const dispatcher = this.#dispatcher
    this.#gilMonitor = new GilMonitor(
      isolation.isShared,
      () => this.#gil,
      () => {
        const busy = this.#busy
        for (const worker of busy) worker.look()
        return busy
      },
    )
    const { size, recycle, maxWedged } = options
    this.#supervisor = new WorkerSupervisor(
      {
        isolation,
        size,
        recycle,
        maxMemoryMb: isolation.isKillable ? settings.limits.memoryMb : null,
        maxWedged,
      },
      {
        workers: this.#dispatcher.workers,
        get waiting() {
          return dispatcher.queued
        },
        make: (index) =>
          new Worker(
            index,
            this.#shared ?? new ReferenceCounts(this.#exported),
            this.#shared === undefined,
            this.#tools,
          ),
        launch: (worker, ready) => this.#context.runInAsyncScope(() => this.#launch(worker, ready)),
        free: (worker) => this.#dispatcher.feed(worker),
        isAwaited: (index) => this.#dispatcher.isAwaited(index),
        isLeased: (worker) => this.#leases.has(worker),
        unavailable: (error, index) => this.#unavailable(error, index),
        started: (worker, ms) =>
          observer.tell('workerStart', { worker: worker.index, pid: worker.pid, ms }),
        startedLarge: (worker) => this.#warnOfSize(worker),
        recycling: (worker, why) =>
          observer.tell('workerRecycle', { worker: worker.index, pid: worker.pid, why }),
      },
    )
    const linkTools: SocketLinkTools = {
      exported: this.#exported,
      callbackReplies: new CallbackReplies(this.#encoder, this.#exported),
      closeGraceMs,
      startTimeoutMs,
      onLine,
      listeners: options.listeners ?? NO_LISTENERS,
    }
    this.#tools = {
      events: {
        free: (worker) => this.#free(worker),
        threadReleased: (task, us) => this.#threadReleased(task, us),
        settled: (task) => this.#settled(task),
        callbackBegan: () => this.#spin.received(this.#running),
        callbackReturned: () => this.#spin.sent(this.#running),
        skipped: (task) => this.#resubmit(task),
        progressed: (worker) => this.#supervisor.check(worker),
        stuck: (worker) => this.#stuck(worker),
        gilEnabled: (worker) =>
          observer.tell('gilEnabled', { worker: worker.index, module: worker.gil.culprit ?? '' }),
        refused: (module) => this.noteRefused(module),
        exited: (worker, ending) => this.#exited(worker, ending),
      },
      link: (worker) =>
        new SocketLink(
          worker,
          isolation,
          encodeSettings(settings, { worker: worker.index }),
          linkTools,
        ),
      graceMs,
      proxyFor,
      naiveDates: options.naiveDates ?? 'exact',
    }
  }

  /**
   * Starts the workers that are there from the beginning; when one fails, ends the others and
   * throws its error.
   */
  async start(): Promise<void> {
    try {
      await this.#supervisor.start()
    } catch (error) {
      this.destroy(error)
      throw error
    }
  }

  /** The facts that the first worker told of itself. */
  get ready(): Readonly<Record<string, unknown>> {
    return this.#workers.find((worker) => worker.serving)?.ready ?? {}
  }

  /**
   * The extension modules that subinterpreters have refused to load, those of workers that are gone
   * and of sync calls too.
   */
  get refused(): ReadonlySet<string> {
    return this.#refused
  }

  noteRefused(module: unknown): void {
    const isName = typeof module === 'string' && module.length < MOST_OF_NAME
    if (isName && this.#refused.size < MOST_REFUSED) this.#refused.add(module)
  }

  /** What `broadcast` has run so far, in order; what failed is `undefined`. */
  get setup(): readonly (SetupStep | undefined)[] {
    return this.#setup
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  /** The most workers that there can be. */
  get size(): number {
    return this.#supervisor.size.max
  }

  /** What sync calls share with the pool: its values, and in a shared interpreter its realm. */
  get exported(): ExportedValues {
    return this.#exported
  }

  get counts(): ReferenceCounts | undefined {
    return this.#shared
  }

  get #workers(): Worker[] {
    return this.#dispatcher.workers.filter((worker) => worker !== undefined)
  }

  /**
   * Makes a call: `write` encodes its arguments at once. `key`: what it calls, by which others of
   * its kind are known. `target`: the same for errors and channels.
   */
  submit(
    kind: Kind,
    write: Write,
    options: SubmitOptions = NO_SUBMIT_OPTIONS,
    key?: string,
    target: CallTarget = key,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      try {
        this.#submit(kind, write, options, key, target, resolve, reject)
      } catch (error) {
        reject(nameTarget(error, nameOf(target)))
      }
    })
  }

  #submit(
    kind: Kind,
    write: Write,
    options: SubmitOptions,
    key: string | undefined,
    target: CallTarget,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ): void {
    const { signal, copy = 0, priority = 0, retry = 0 } = options
    // all others say nothing of it
    const lease = Object.hasOwn(options, 'lease') ? options.lease : undefined
    const { readonly = this.#options.readonly, exact = this.#options.exact } = options
    const index = lease?.workerIndex ?? options.workerIndex
    this.#admit(kind, index)
    const isAborted = () => signal?.aborted === true
    if (signal !== undefined && isAborted()) throw abortError(signal)
    const flags =
      copyFlags(copy) | (readonly === true ? FLAG.READONLY : 0) | (exact === true ? FLAG.EXACT : 0)
    const frame = this.#encode(kind, write, flags)
    const { references } = frame
    // A getter of an argument can close the pool, or abort the call.
    if (this.#state !== 'open' || isAborted()) {
      references.retract()
      throw signal !== undefined && isAborted() ? abortError(signal) : closedError()
    }
    if (retry > 0 && references.numbers !== undefined) {
      references.retract()
      throw new PythreadsError(
        'ERR_PYTHREADS_ARGUMENT',
        'A call with `retry` takes no functions or iterables that live here',
      )
    }
    const where = this.#destination(references, index)
    const origin = this.#callbackWorker
    const place = { workerIndex: where, home: lease?.worker }
    const task = new Task(
      { order: this.#order++, ...place, origin, priority, key, target, retries: retry },
      frame,
      resolve,
      reject,
    )
    const { callLimits } = this.#options
    const { timeoutMs = callLimits.timeoutMs, queueTimeoutMs = callLimits.queueTimeoutMs } = options
    if (signal !== undefined || timeoutMs != null || queueTimeoutMs != null) {
      armLimits(
        task,
        { signal, timeoutMs, queueTimeoutMs },
        (waiting) => waiting.queue !== undefined || waiting.worker?.isBehind(waiting) === true,
        (late, error) => this.#giveUp(late, error),
      )
    }
    this.#dispatcher.place(task)
  }

  #encode(kind: Kind, write: Write, flags: number): EncodedFrame {
    const fresh = this.#unused ?? new FrameReferences(this.#exported)
    this.#unused = undefined // a getter of an argument may make a call of its own
    const frame = this.#encoder.encode(kind, write, fresh, flags)
    if (frame.references !== fresh) this.#unused = fresh
    return frame
  }

  /** Has an object of the shared interpreter dropped in Python, soon. */
  release(id: number): void {
    this.#workers.find((worker) => worker.serving)?.release(id)
  }

  /** A worker that takes only calls which name it, until the lease is given back. */
  lease(): Promise<Lease> {
    try {
      this.#admit(KIND.EVAL, undefined)
    } catch (error) {
      return Promise.reject(error)
    }
    const lease = this.#leases.request(this.#order++)
    if (!this.#dispatcher.offer()) this.#supervisor.grow(undefined)
    return lease
  }

  /** Makes the same call in every interpreter, and in those of workers that come later. */
  async broadcast(kind: Kind, write: Write, target?: string): Promise<void> {
    this.#admit(kind, undefined)
    const step = { kind, write: AsyncResource.bind(write) } // later workers run it, too
    this.#setup.push(step)
    const serving = this.#workers.filter((worker) => worker.serving)
    const indexes =
      this.#shared === undefined ? serving.map((worker) => worker.index) : [this.#indexInOrder()]
    this.#broadcasts++
    const calls = indexes.map(async (index) => {
      try {
        await this.submit(
          kind,
          write,
          { ...NO_SUBMIT_OPTIONS, workerIndex: index },
          undefined,
          target,
        )
      } catch (error) {
        // At once: a worker that replaces one which it ended must not get it.
        const at = this.#setup.indexOf(step)
        if (at >= 0) this.#setup[at] = undefined
        throw error
      }
    })
    const results = await Promise.allSettled(calls)
    this.#broadcasts--
    const failed = results.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  /**
   * The worker for what has to run once in a shared interpreter, in the order in which it was asked
   * for.
   */
  #indexInOrder(): number {
    if (this.#broadcasts === 0) {
      const idle = this.#workers.find((worker) => worker.serving && worker.idle)
      this.#broadcastIndex =
        (idle ?? this.#callbackWorker)?.index ??
        this.#workers.find((worker) => worker.serving)?.index ??
        0
    }
    return this.#broadcastIndex
  }

  /** Changes how many workers there are; resolves when those that are missing can take calls. */
  async resize(size: PoolSize): Promise<void> {
    if (this.#state !== 'open') throw closedError()
    await this.#supervisor.resize(size)
  }

  /** Takes no more calls, waits for those that were made, and ends the workers. */
  close(): Promise<void> {
    const callback = callbackContext()
    if (
      callback !== undefined &&
      !callback.returned &&
      this.#callbackWorker !== undefined &&
      this.#running > 0
    ) {
      const message = 'close() in a callback would wait for the call that waits for the callback'
      return Promise.reject(new PythreadsError('ERR_PYTHREADS_DEADLOCK', message))
    }
    if (this.#state === 'open') {
      this.#state = 'closing'
      this.#leases.clear(
        new PythreadsError(
          'ERR_PYTHREADS_CLOSED',
          'The pool was closed before a worker was free for the session',
        ),
      )
      this.#closed = this.#close()
    }
    return this.#closed ?? Promise.resolve()
  }

  /**
   * Rejects every call that was made and ends the workers by force; `close` resolves when they are
   * gone.
   */
  destroy(reason: unknown): void {
    this.#state = 'closed'
    const error = new PythreadsError('ERR_PYTHREADS_DESTROYED', 'The pool was destroyed', {
      cause: reason,
    })
    this.#gilMonitor.stop()
    const workers = this.#supervisor.stop()
    this.#closed ??= this.#supervisor.launched().then(() => allExited(workers))
    for (const worker of workers) {
      const { begun, waiting } = worker.abandon()
      for (const task of begun) task.lose(error, 'cancelled')
      for (const task of waiting) {
        this.#retract(task, worker)
        task.drop(error, 'cancelled')
      }
      worker.kill()
    }
    this.#shared?.end('the pool was destroyed')
    this.#dispatcher.clear(error, undefined, 'cancelled')
    this.#dispatcher.close()
    this.#leases.clear(error)
    this.#running = 0
    this.#finished?.()
  }

  stats(): PoolStats {
    const workers = [...this.#workers, ...this.#supervisor.retired]
    const all = Array.from(
      { length: Math.max(this.size, this.#dispatcher.workers.length) },
      (_, index) => this.#statsOf(index),
    )
    return {
      workers: all.filter((worker) => worker.worker < this.size || worker.state !== 'stopped'),
      queued: this.#dispatcher.queued,
      running: this.#running,
      calls: this.#calls + sum(workers, (worker) => worker.calls),
      errors: this.#errors + sum(workers, (worker) => worker.errors),
      replaced: this.#supervisor.replaced,
      recycled: this.#supervisor.recycled,
      wedged: this.#supervisor.wedged,
      objects: this.#shared?.objects ?? sum(workers, (worker) => worker.counts.objects),
      callbacks: this.#exported.size,
      memory: memoryStats(),
      queueTimes: this.#queueTimes.summary,
      runTimes: this.#runTimes.summary,
      gil: this.#gilMonitor.stats,
    }
  }

  #statsOf(index: number): WorkerStats {
    const worker = this.#dispatcher.workers[index]
    if (worker === undefined) {
      const state = this.#supervisor.isDown(index) ? 'down' : 'stopped'
      const none = {
        calls: 0,
        errors: 0,
        busyMs: 0,
        cpuMs: 0,
        ageMs: 0,
        utilisation: 0,
        memoryMb: null,
      }
      return { worker: index, state, pid: undefined, ...none }
    }
    const { pid, calls, errors } = worker
    const state = worker.life.isWedged
      ? 'wedged'
      : !worker.life.hasServed
        ? 'starting'
        : worker.idle
          ? 'idle'
          : 'busy'
    const { ageMs, utilisation } = worker
    const memoryMb = pid === undefined || pid === process.pid ? null : residentMb(pid)
    return {
      worker: index,
      state,
      pid,
      calls,
      errors,
      ...worker.times,
      ageMs,
      utilisation,
      memoryMb,
    }
  }

  /**
   * Refuses a call that would have to wait in a full queue. `map` and `exec` have bounds of their
   * own.
   */
  #admit(kind: Kind, index: number | undefined): void {
    if (this.#state !== 'open') throw closedError()
    const { maxQueue } = this.#options
    if (
      maxQueue === null ||
      this.#dispatcher.queued < maxQueue ||
      kind === KIND.MAP ||
      kind === KIND.EXEC
    )
      return
    if (!this.#dispatcher.hasIdle(index)) {
      throw new PythreadsError(
        'ERR_PYTHREADS_QUEUE_FULL',
        `${maxQueue} calls are waiting already, the most that \`maxQueue\` allows`,
      )
    }
  }

  /**
   * The number of the worker that a call has to go to, for what crosses in it or because it was
   * asked for.
   */
  #destination(references: FrameReferences, index: number | undefined): number | undefined {
    const { owner } = references
    if (owner === undefined) return index
    const home =
      owner instanceof Worker && this.#dispatcher.workers[owner.index] === owner
        ? owner.index
        : undefined
    if (home !== undefined && (index === undefined || index === home)) return home
    if (owner.counts === this.#shared) return index
    references.retract()
    const where =
      home === undefined ? 'in a worker of sync calls or of another pool' : `in worker ${home}`
    throw new PythreadsError(
      'ERR_PYTHREADS_OTHER_WORKER',
      `A remote object in this call lives ${where}`,
    )
  }

  /** Nobody waits for a call any more. */
  #giveUp(task: Task, error: PythreadsError): void {
    task.giveUp(error)
    if (this.#dispatcher.remove(task)) return task.references.retract()
    const worker = task.worker
    if (worker === undefined) return
    this.#running--
    if (worker.isBehind(task)) for (const other of worker.takeBack()) this.#resubmit(other)
    if (task.worker === worker) worker.cancel(task)
    this.#checkFinished()
  }

  #sending(task: Task, worker: Worker): void {
    task.worker = worker
    if (task.isSetUp) return
    this.#spin.sent(++this.#running)
    this.#gilMonitor.start()
    const queuedMs = task.queuedAt === undefined ? 0 : performance.now() - task.queuedAt
    const isFirst = task.queuedMs < 0 // it may be taken back, and sent again
    task.queuedMs = queuedMs
    const { observer } = this.#options
    if (isFirst && (observer.hears('callStart') || observer.hears('callEnd')))
      this.#trace(task, worker, queuedMs)
  }

  /** Publishes that a call begins, and once that it is over. */
  #trace(task: Task, { index }: Worker, queuedMs: number): void {
    const { observer } = this.#options
    const { target, order: id } = task
    const begin = performance.now()
    let last = index
    observer.publish('callStart', { id, worker: index, target, queuedMs })
    task.onEnd = (outcome, error) => {
      last = task.worker?.index ?? last
      const { threadMs } = task
      observer.publish('callEnd', {
        id,
        worker: last,
        target,
        outcome,
        ms: performance.now() - begin,
        threadMs,
        error,
      })
    }
  }

  /** The worker of this pool whose callback makes the call, if one does. */
  get #callbackWorker(): Worker | undefined {
    const host = callbackContext()?.host
    return host === undefined
      ? undefined
      : this.#dispatcher.workers.find((worker) => worker === host)
  }

  /** Whether a worker serves this pool now. */
  #isOwn(worker: DispatchTarget | undefined): boolean {
    return worker !== undefined && this.#dispatcher.workers[worker.index] === worker
  }

  /** A call that a worker had and has not begun goes to the next one. */
  #resubmit(task: Task): void {
    task.worker = undefined
    if (task.cancelledAt !== undefined) return task.references.retract()
    this.#running--
    const error = this.#whyImpossible(task)
    if (error !== undefined) return task.drop(error)
    if (!this.#isOwn(task.origin)) task.origin = undefined
    this.#dispatcher.replace(task)
  }

  /** Why a call cannot be made any more, if what it needs is gone. */
  #whyImpossible(task: Task): PythreadsError | undefined {
    const gone = task.references.owner?.counts.ended
    if (gone !== undefined) {
      return new PythreadsError(
        'ERR_PYTHREADS_OBJECT_RELEASED',
        `A remote object in the call is gone: ${gone}`,
      )
    }
    if (task.home === undefined || this.#dispatcher.workers.includes(task.home as Worker))
      return undefined
    return new PythreadsError(
      'ERR_PYTHREADS_WORKER_DIED',
      'The worker of this session ended, and its variables with it',
    )
  }

  #threadReleased(task: Task, us: number): void {
    if (task.isSetUp) return
    this.#runTimes.record(us / 1000)
    if (task.queuedAt !== undefined) this.#queueTimes.record(task.queuedMs)
    if (task.key !== undefined) this.#dispatcher.profiles.learn(task.key, us)
    task.threadMs = us / 1000
  }

  #settled(task: Task): void {
    task.worker = undefined
    if (task.cancelledAt !== undefined || task.isSetUp) return
    this.#spin.received(--this.#running)
    this.#checkFinished()
  }

  get #gil(): Worker['gil'] {
    const gils = this.#workers.map((worker) => worker.gil)
    return gils.find(({ enabled }) => enabled) ?? gils[0] ?? { enabled: true, culprit: null }
  }

  get #busy(): Worker[] {
    return this.#workers.filter((worker) => worker.serving && !worker.idle)
  }

  #checkFinished(): void {
    if (this.#finished !== undefined && this.#running + this.#dispatcher.queued === 0)
      this.#finished()
  }

  /** A worker can take calls. */
  #free(worker: Worker): void {
    if (this.#options.size.min < this.size && worker.idle) worker.becameIdle()
    this.#supervisor.check(worker)
    this.#dispatcher.feed(worker)
    this.#checkFinished()
  }

  #stuck(worker: Worker): void {
    const waiting = worker.takeBack()
    this.#supervisor.stuck(worker)
    if (worker.life.isWedged) {
      this.#endCounts(worker, 'its worker does not come back from a call')
      this.#dispatcher.leave(worker, (task) => this.#whyImpossible(task))
      this.#leases.leave(worker)
      this.#options.observer.tell('workerWedged', {
        worker: worker.index,
        wedged: this.#supervisor.wedged,
      })
    }
    for (const task of waiting) this.#resubmit(task)
  }

  async #launch(worker: Worker, ready: () => void): Promise<void> {
    const { isolation, initialize } = this.#options
    await worker.start()
    if (this.#state === 'closed') return worker.kill()
    try {
      isolation.verify?.(worker.ready)
      if (worker.ready['borrows'] === true)
        this.#exported.budget.access = isolation.inProcess ? 'address' : 'file'
      if (initialize !== undefined)
        await this.#setUp(worker, { kind: KIND.CALL, write: initialize })
      // What comes meanwhile is among them, as nothing is waited for between the last one and
      // `ready`.
      const isFirst = this.#shared === undefined || !this.#workers.some((other) => other.serving)
      for (let i = 0; isFirst && i < this.#setup.length; i++) {
        const step = this.#setup[i]
        if (step !== undefined) await this.#setUp(worker, step)
      }
      ready()
    } catch (error) {
      worker.kill()
      throw error
    }
  }

  #setUp(worker: Worker, { kind, write }: SetupStep): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const frame = this.#encoder.encode(
        kind,
        write,
        new FrameReferences(this.#exported, worker.counts),
      )
      const options = {
        order: this.#order++,
        workerIndex: worker.index,
        origin: undefined,
        priority: 0,
        key: undefined,
        retries: 0,
        home: worker,
        isSetUp: true,
      }
      const task = new Task(options, frame, resolve, reject)
      this.#sending(task, worker)
      worker.send(task)
    })
  }

  /** Says once that a new worker holds more than `recycle.memoryMb` already. */
  #warnOfSize(worker: Worker): void {
    if (this.#hasWarned) return
    this.#hasWarned = true
    const { memoryMb } = this.#options.recycle
    process.emitWarning(
      `A new Python worker holds ${Math.round(worker.freshMb)} MB, more than \`recycle.memoryMb\`, which is ${memoryMb}:` +
        ' a worker is replaced once it has grown by a quarter',
      { code: 'PYTHREADS' },
    )
  }

  #endCounts(worker: Worker, why: string): void {
    if (worker.counts !== this.#shared) worker.counts.end(why)
  }

  #exited(worker: Worker, ending: Ending): void {
    const { calls, errors } = worker.takeCounts()
    this.#calls += calls
    this.#errors += errors
    const { isFresh, life } = worker
    const { begun, waiting, suspect } = worker.abandon()
    for (const task of waiting) this.#retract(task, worker)
    this.#endCounts(worker, 'its worker has ended')
    existingLender()?.forget(worker)
    const { endedAs: how = ending.how } = life
    const error =
      life.failure ?? new WorkerDiedError(worker.index, { ...ending, how }, worker.lastWords)
    this.#supervisor.gone(worker, error, isFresh)
    this.#dispatcher.leave(worker, (task) => this.#whyImpossible(task))
    this.#leases.leave(worker)
    for (const task of begun) {
      if (task.cancelledAt === undefined && task.home !== worker && task.retries-- > 0)
        waiting.push(task)
      else this.#lost(task, error)
    }
    if (suspect !== undefined) suspect.deaths++
    for (const task of waiting) {
      if (task.home === worker) this.#lost(task, error)
      else if (task === suspect && task.deaths >= MOST_DEATHS)
        this.#refuseDeadly(task, worker, ending)
      else this.#resubmit(task)
    }
    if (life.servedLast) this.#supervisor.checkLife(worker.index, error)
    const { pid, lastWords } = worker
    const isExpected =
      life.isRetiring || life.isWedged || worker.index >= this.size || this.#state !== 'open'
    const asked = isExpected && life.endedAs === undefined
    this.#options.observer.tell('workerExit', { worker: worker.index, pid, how, asked, lastWords })
    this.#checkFinished()
  }

  /** A call that workers cannot even begin: the next one would end, too. */
  #refuseDeadly(task: Task, worker: Worker, ending: Ending): void {
    const how = `${worker.life.endedAs ?? ending.how}, before it began the call, as ${task.deaths - 1} others did`
    if (task.cancelledAt === undefined) this.#running--
    task.drop(new WorkerDiedError(worker.index, { ...ending, how }, worker.lastWords))
  }

  /** What crossed in a call never got to its worker, which will not begin it. */
  #retract({ references: { numbers } }: Task, worker: Worker): void {
    if (numbers !== undefined) worker.counts.retract(numbers)
  }

  #lost(task: Task, error: unknown): void {
    if (task.cancelledAt === undefined && !task.isSetUp) this.#running--
    task.lose(error)
    task.worker = undefined
  }

  #unavailable(error: unknown, index: number | undefined): void {
    this.#dispatcher.clear(error, index)
    if (index === undefined) this.#leases.clear(error)
    this.#checkFinished()
  }

  async #close(): Promise<void> {
    if (this.#running + this.#dispatcher.queued > 0) {
      await new Promise<void>((resolve) => {
        this.#finished = resolve
      })
    }
    await Promise.all(this.#supervisor.stop().map((worker) => worker.close()))
    await this.#supervisor.launched()
    this.#dispatcher.close()
    this.#gilMonitor.stop()
    this.#shared?.end('the pool was closed')
    this.#state = 'closed'
  }
}

/** Resolves when the pool has been told of the end of each of some workers. */
async function allExited(workers: readonly Worker[]): Promise<void> {
  await Promise.all(workers.map((worker) => worker.exited))
}

function closedError(): PythreadsError {
  return new PythreadsError('ERR_PYTHREADS_CLOSED', 'The pool is closed: it takes no more calls')
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}
