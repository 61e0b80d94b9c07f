import { PythreadsError } from '../errors/index.ts'
import { encodeSettings, type Isolation, type WorkerSettings } from '../isolation/index.ts'
import { FLAG, KIND, type Kind } from '../wire/index.ts'
import { Answers, callbackContext } from './callbacks.ts'
import { Crossing } from './crossing.ts'
import { type Lease, Leases } from './leases.ts'
import { Locals } from './locals.ts'
import type { OutputListener } from './output.ts'
import { Queues } from './queues.ts'
import { type Handle, Realm } from './realm.ts'
import { FrameEncoder, Task, type Write } from './task.ts'
import { Worker, type WorkerTools } from './worker.ts'

/** How many coroutine functions a pool remembers. */
const MAX_KNOWN = 10_000

/** What a pool needs to know. */
export interface PoolOptions {
  readonly isolation: Isolation
  readonly settings: WorkerSettings
  readonly workers: number
  /** How many calls may wait; `null`: any number. */
  readonly maxQueue: number | null
  /** Makes what callers get for an object that stays in Python. */
  readonly standIn: (handle: Handle) => unknown
  /** Gets what is printed, where it is asked for. */
  readonly onLine?: OutputListener | undefined
}

/** How a call is made, besides its kind and payload. */
export interface SubmitOptions {
  /** The number of the worker that has to take it; `undefined`: any. */
  readonly slot?: number | undefined
  /** Whether its result is copied deeply rather than referred to. */
  readonly copy?: boolean | undefined
  /** Aborts it. */
  readonly signal?: AbortSignal | undefined
  /** What it calls: where that turns out to be a coroutine function, a worker gets many such calls at once. */
  readonly key?: string | undefined
}

/** A request that every interpreter has to get, those of later workers too. */
export interface SetupStep {
  readonly kind: Kind
  readonly write: Write
}

/** What a pool has done so far. */
export interface PoolStats {
  readonly workers: readonly WorkerStats[]
  /** Calls that wait for a worker. */
  readonly queued: number
  /** Calls that a worker has. */
  readonly running: number
  /** Calls that workers have taken since the start, and those of them that failed. */
  readonly calls: number
  readonly errors: number
  /** Workers that ended unasked and were replaced. */
  readonly replaced: number
  /** Objects in Python that JavaScript holds. */
  readonly objects: number
  /** JavaScript functions and iterators that Python holds. */
  readonly callbacks: number
}

/** What one worker has done so far. */
export interface WorkerStats {
  readonly worker: number
  /** `down`: it could not be replaced; the next call that finds nobody to take it tries again. */
  readonly state: 'starting' | 'idle' | 'busy' | 'down'
  /** The process it runs in. */
  readonly pid: number | undefined
  readonly calls: number
  readonly errors: number
}

/**
 * Workers and the calls that wait for one. An idle worker takes the oldest call; the one that was idle last goes first, as
 * its memory is warm. A worker that ends is replaced; the call it had is rejected, those that wait are not touched.
 */
export class Pool {
  readonly #options: PoolOptions
  readonly #settings: Buffer
  readonly #encoder = new FrameEncoder()
  readonly #locals = new Locals()
  readonly #tools: WorkerTools
  /** In a shared interpreter, what all workers hold together. */
  readonly #shared: Realm | undefined
  readonly #workers: Worker[] = []
  readonly #idle: Worker[] = []
  readonly #queues: Queues
  readonly #leases = new Leases((worker) => this.#feed(worker))
  /** What a replacement has to run before its first call. */
  readonly #setup: (SetupStep | undefined)[] = []
  /** The numbers of workers that could not be replaced. */
  readonly #down = new Set<number>()
  /** What has turned out to be coroutine functions. */
  readonly #coroutines = new Set<string>()
  /** How many broadcasts are not over, and where they run in a shared interpreter. */
  #broadcasts = 0
  #broadcastSlot = 0
  #order = 0
  #running = 0
  #calls = 0
  #errors = 0
  #replaced = 0
  #state: 'open' | 'closing' | 'closed' = 'open'
  #closed: Promise<void> | undefined
  #drained: (() => void) | undefined

  constructor(options: PoolOptions) {
    this.#options = options
    this.#settings = encodeSettings(options.settings)
    this.#queues = new Queues(options.workers)
    this.#shared = options.isolation.shared ? new Realm(this.#locals) : undefined
    this.#tools = {
      events: {
        free: (worker) => this.#feed(worker),
        began: (key, coroutine) => this.#learn(key, coroutine),
        settled: () => this.#settled(),
        gone: (worker, how) => this.#gone(worker, how),
      },
      locals: this.#locals,
      answers: new Answers(this.#encoder, this.#locals),
      standIn: options.standIn,
      onLine: options.onLine,
    }
  }

  /** Starts every worker; when one fails, ends the others and throws its error. */
  async start(): Promise<void> {
    const slots = Array.from({ length: this.#options.workers }, (_, slot) => slot)
    const started = await Promise.allSettled(slots.map((slot) => this.#launch(slot)))
    const failed = started.find((result) => result.status === 'rejected')
    if (failed === undefined) return
    this.destroy(failed.reason)
    throw failed.reason
  }

  /** The facts that the first worker told of itself. */
  get ready(): Readonly<Record<string, unknown>> {
    return this.#workers.find((worker) => worker.serving)?.ready ?? {}
  }

  /** What `broadcast` has run so far, in order; what failed is `undefined`. */
  get setup(): readonly (SetupStep | undefined)[] {
    return this.#setup
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  get size(): number {
    return this.#options.workers
  }

  /** What sync calls share with the pool: its values, and in a shared interpreter its realm. */
  get locals(): Locals {
    return this.#locals
  }

  get realm(): Realm | undefined {
    return this.#shared
  }

  /** Makes a call: `write` encodes its arguments at once. */
  submit(kind: Kind, write: Write, options: SubmitOptions = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const { slot, signal } = options
      this.#admit(kind, slot)
      if (signal?.aborted === true) throw aborted(signal)
      const flags = options.copy === true ? FLAG.COPY : 0
      const frame = this.#encoder.encode(kind, write, new Crossing(this.#locals), flags)
      const task = new Task(
        this.#order++,
        this.#destination(frame.crossing, slot),
        callbackContext()?.worker,
        frame,
        resolve,
        reject,
      )
      task.key = options.key
      if (signal !== undefined) this.#abortOn(signal, task)
      this.#place(task)
    })
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
    const worker = this.#takeIdle()
    if (worker !== undefined) this.#feed(worker)
    return lease
  }

  /** Makes the same call in every interpreter, and in those of workers that come later. */
  async broadcast(kind: Kind, write: Write): Promise<void> {
    this.#admit(kind, undefined)
    const step = { kind, write }
    this.#setup.push(step)
    const serving = this.#workers.filter((worker) => worker.serving)
    const slots = this.#options.isolation.shared ? [this.#slotInOrder()] : serving.map((worker) => worker.slot)
    this.#broadcasts++
    const results = await Promise.allSettled(slots.map((slot) => this.submit(kind, write, { slot })))
    this.#broadcasts--
    const failed = results.find((result) => result.status === 'rejected')
    if (failed === undefined) return
    this.#setup[this.#setup.indexOf(step)] = undefined
    throw failed.reason
  }

  /** The worker for what has to run once in a shared interpreter, in the order in which it was asked for. */
  #slotInOrder(): number {
    if (this.#broadcasts === 0) {
      const idle = this.#workers.find((worker) => worker.serving && worker.idle)
      this.#broadcastSlot = (idle ?? callbackContext()?.worker)?.slot ?? 0
    }
    return this.#broadcastSlot
  }

  /** Takes no more calls, waits for those that were made, and ends the workers. */
  close(): Promise<void> {
    const callback = callbackContext()
    if (callback !== undefined && !callback.answered && this.#workers.includes(callback.worker) && this.#running > 0) {
      const message = 'close() in a callback would wait for the call that waits for the callback'
      return Promise.reject(new PythreadsError('ERR_PYTHREADS_DEADLOCK', message))
    }
    if (this.#state === 'open') {
      this.#state = 'closing'
      this.#leases.clear(
        new PythreadsError('ERR_PYTHREADS_CLOSED', 'The pool was closed before a worker was free for the session'),
      )
      this.#closed = this.#close()
    }
    return this.#closed ?? Promise.resolve()
  }

  /** Rejects every call that was made and ends the workers by force. */
  destroy(reason: unknown): void {
    this.#state = 'closed'
    const error = new PythreadsError('ERR_PYTHREADS_DESTROYED', 'The pool was destroyed', { cause: reason })
    for (const worker of this.#workers) {
      for (const task of worker.abandon()) task.reject(error)
      worker.kill()
    }
    this.#shared?.end('the pool was destroyed')
    this.#queues.clear(error)
    this.#leases.clear(error)
    this.#running = 0
    this.#drained?.()
  }

  stats(): PoolStats {
    return {
      workers: this.#workers.map((worker) => ({
        worker: worker.slot,
        state: this.#down.has(worker.slot) ? 'down' : !worker.serving ? 'starting' : worker.idle ? 'idle' : 'busy',
        pid: typeof worker.ready['pid'] === 'number' ? worker.ready['pid'] : undefined,
        calls: worker.calls,
        errors: worker.errors,
      })),
      queued: this.#queues.length,
      running: this.#running,
      calls: this.#calls + sum(this.#workers, (worker) => worker.calls),
      errors: this.#errors + sum(this.#workers, (worker) => worker.errors),
      replaced: this.#replaced,
      objects: this.#shared?.objects ?? sum(this.#workers, (worker) => worker.realm.objects),
      callbacks: this.#locals.size,
    }
  }

  /** Refuses a call that would have to wait in a full queue. `map` and `exec` have bounds of their own. */
  #admit(kind: Kind, slot: number | undefined): void {
    if (this.#state !== 'open') {
      throw new PythreadsError('ERR_PYTHREADS_CLOSED', 'The pool is closed: it takes no more calls')
    }
    const { maxQueue } = this.#options
    if (maxQueue === null || this.#queues.length < maxQueue || kind === KIND.MAP || kind === KIND.EXEC) return
    const able = slot === undefined ? this.#workers : this.#workers.slice(slot, slot + 1)
    if (!able.some((worker) => worker.serving && worker.idle)) {
      throw new PythreadsError(
        'ERR_PYTHREADS_QUEUE_FULL',
        `${maxQueue} calls are waiting already, the most that \`maxQueue\` allows`,
      )
    }
  }

  /** The number of the worker that a call has to go to, for what crosses in it or because it was asked for. */
  #destination(crossing: Crossing, slot: number | undefined): number | undefined {
    const { owner } = crossing
    if (owner === undefined) return slot
    const home = owner instanceof Worker && this.#workers.includes(owner) ? owner.slot : undefined
    if (home !== undefined && (slot === undefined || slot === home)) return home
    if (owner.realm === this.#shared) return slot
    crossing.undo()
    const where = home === undefined ? 'in a worker of sync calls or of another pool' : `in worker ${home}`
    throw new PythreadsError('ERR_PYTHREADS_OTHER_WORKER', `A remote object in this call lives ${where}`)
  }

  #abortOn(signal: AbortSignal, task: Task): void {
    const abort = () => {
      task.aborted = true
      task.reject(aborted(signal))
      if (!this.#workers.some((worker) => worker.abort(task))) task.crossing.undo()
    }
    signal.addEventListener('abort', abort, { once: true })
    task.onSettled = () => signal.removeEventListener('abort', abort)
  }

  #place(task: Task): void {
    const { slot, origin } = task
    const worker = slot === undefined ? this.#takeIdle() : this.#workers[slot]
    if (worker?.serving === true && worker.idle) return this.#send(worker, task)
    if (slot === undefined && origin === undefined && this.#isLight(task)) {
      const other = this.#workers.find((one) => one.serving && one.takesLight && !this.#leases.has(one))
      if (other !== undefined) return this.#send(other, task)
    }
    const host = slot === undefined ? origin : worker
    if (origin !== undefined && host?.serving === true && host.waits) return this.#send(host, task)
    this.#queues.push(task)
    this.#revive()
  }

  #takeIdle(): Worker | undefined {
    for (let worker = this.#idle.pop(); worker !== undefined; worker = this.#idle.pop()) {
      worker.listed = false
      if (worker.serving && worker.idle) return worker
    }
    return undefined
  }

  #send(worker: Worker, task: Task): void {
    this.#running++
    task.light = this.#isLight(task)
    worker.send(task)
  }

  #isLight({ key }: Task): boolean {
    return key !== undefined && this.#coroutines.has(key)
  }

  #learn(key: string, coroutine: boolean): void {
    if (!coroutine) this.#coroutines.delete(key)
    else if (this.#coroutines.size < MAX_KNOWN) this.#coroutines.add(key)
  }

  #checkDrained(): void {
    if (this.#running + this.#queues.length === 0) this.#drained?.()
  }

  #settled(): void {
    this.#running--
    this.#checkDrained()
  }

  #nextFor(worker: Worker, leased: boolean): Task | undefined {
    if (worker.idle) return this.#queues.nextFor(worker, leased)
    if (worker.waits) return this.#queues.nextWithin(worker)
    return worker.takesLight && !leased ? this.#queues.nextLight((task) => this.#isLight(task)) : undefined
  }

  /** A worker can take a call: gives it the one that has waited longest, or that its callback waits for. */
  #feed(worker: Worker): void {
    if (!worker.serving) return
    const leased = this.#leases.has(worker)
    const { oldest } = this.#leases
    if (oldest !== undefined && worker.idle && !leased && this.#queues.isNext(oldest)) return this.#leases.grant(worker)
    for (;;) {
      const task = this.#nextFor(worker, leased)
      if (task === undefined) break
      if (task.aborted) continue
      this.#send(worker, task)
      if (!worker.takesLight) return
    }
    if (worker.idle && !worker.listed && !leased) {
      worker.listed = true
      this.#idle.push(worker)
    }
    this.#checkDrained()
  }

  async #launch(slot: number): Promise<void> {
    const worker = new Worker(slot, this.#shared ?? new Realm(this.#locals), this.#tools)
    this.#workers[slot] = worker
    await worker.start(this.#options.isolation, this.#settings)
    if (this.#state === 'closed') return worker.kill()
    try {
      this.#options.isolation.verify?.(worker.ready)
      const others = this.#workers.some((other) => other.serving)
      if (!this.#options.isolation.shared || !others)
        for (const step of this.#setup) if (step !== undefined) await this.#setUp(worker, step)
    } catch (error) {
      worker.kill()
      throw error
    }
    worker.serving = true
    this.#feed(worker)
  }

  #setUp(worker: Worker, { kind, write }: SetupStep): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const frame = this.#encoder.encode(kind, write, new Crossing(this.#locals, worker.realm))
      this.#send(worker, new Task(this.#order++, worker.slot, undefined, frame, resolve, reject))
    })
  }

  #gone(worker: Worker, how: string): void {
    this.#calls += worker.calls
    this.#errors += worker.errors
    worker.calls = 0
    worker.errors = 0
    if (worker.realm !== this.#shared) worker.realm.end('its worker has ended')
    for (const task of worker.abandon()) {
      this.#running--
      const died = new PythreadsError('ERR_PYTHREADS_WORKER_DIED', `Worker ${worker.slot} ended during the call: ${how}`)
      task.reject(worker.failure ?? died)
    }
    this.#queues.leave(worker)
    this.#leases.leave(worker)
    // One that ended before it served is not replaced here: its launch has failed, and says why.
    const served = worker.serving
    worker.serving = false
    if (served && this.#state !== 'closed' && (this.#state === 'open' || this.#queues.length > 0)) this.#replace(worker.slot)
    this.#checkDrained()
  }

  #replace(slot: number): void {
    this.#replaced++
    this.#launch(slot).catch((error: unknown) => {
      // When nobody is left who could take the calls that wait, they get to know why. The next call tries again.
      this.#down.add(slot)
      if (this.#workers.some((worker) => worker.serving)) return
      this.#queues.clear(error)
      this.#leases.clear(error)
      this.#checkDrained()
    })
  }

  /** Tries again to start the workers that could not be replaced, when a call finds nobody to take it. */
  #revive(): void {
    for (const slot of this.#down) {
      this.#down.delete(slot)
      this.#replace(slot)
    }
  }

  async #close(): Promise<void> {
    if (this.#running + this.#queues.length > 0) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve
      })
    }
    await Promise.all(this.#workers.map((worker) => worker.close()))
    this.#shared?.end('the pool was closed')
    this.#state = 'closed'
  }
}

function aborted(signal: AbortSignal): PythreadsError {
  return new PythreadsError('ERR_PYTHREADS_ABORTED', 'The call was aborted', { cause: signal.reason })
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}
