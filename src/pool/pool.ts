import { PythreadsError } from '../errors/index.ts'
import { encodeSettings, type Isolation, type WorkerSettings } from '../isolation/index.ts'
import { FLAG, KIND, type Kind } from '../wire/index.ts'
import { Answers, callingWorker } from './callbacks.ts'
import { Crossing } from './crossing.ts'
import { Fifo } from './fifo.ts'
import { Locals } from './locals.ts'
import { type Handle, Realm } from './realm.ts'
import { FrameEncoder, Task, type Write } from './task.ts'
import { Worker, type WorkerTools } from './worker.ts'

/** What a pool needs to know. */
export interface PoolOptions {
  readonly isolation: Isolation
  readonly settings: WorkerSettings
  readonly workers: number
  /** How many calls may wait; `null`: any number. */
  readonly maxQueue: number | null
  /** Makes what callers get for an object that stays in Python. */
  readonly standIn: (handle: Handle) => unknown
}

/** How a call is made, besides its kind and payload. */
export interface SubmitOptions {
  /** The number of the worker that has to take it; `undefined`: any. */
  readonly slot?: number | undefined
  /** Whether its result is copied deeply rather than referred to. */
  readonly copy?: boolean | undefined
  /** Aborts it. */
  readonly signal?: AbortSignal | undefined
}

/** A worker that somebody has to himself. */
export interface Lease {
  readonly slot: number
  readonly realm: Realm
  /** Whether the worker still lives. */
  isThere(): boolean
  giveBack(): void
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
  readonly #queue = new Fifo<Task>()
  /** Calls for one worker only, by its number. */
  readonly #pinned: Fifo<Task>[]
  /** Calls that callbacks made, by the number of the worker that waits for the callback, or that has to take them. */
  readonly #nested: Fifo<Task>[]
  /** What a replacement has to run before its first call. */
  readonly #setup: (SetupStep | undefined)[] = []
  /** The numbers of workers that could not be replaced. */
  readonly #down = new Set<number>()
  /** Who waits for a worker of their own, and the workers that are given away so. */
  readonly #leases: { readonly order: number; readonly resolve: (lease: Lease) => void }[] = []
  readonly #leased = new Set<Worker>()
  #order = 0
  #queued = 0
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
    this.#pinned = Array.from({ length: options.workers }, () => new Fifo<Task>())
    this.#nested = Array.from({ length: options.workers }, () => new Fifo<Task>())
    this.#shared = options.isolation.shared ? new Realm(this.#locals) : undefined
    this.#tools = {
      events: {
        free: (worker) => this.#feed(worker),
        settled: () => this.#settled(),
        gone: (worker, how) => this.#gone(worker, how),
      },
      locals: this.#locals,
      answers: new Answers(this.#encoder, this.#locals),
      standIn: options.standIn,
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
      signal?.throwIfAborted()
      const flags = options.copy === true ? FLAG.COPY : 0
      const frame = this.#encoder.encode(kind, write, new Crossing(this.#locals), flags)
      const task = new Task(this.#order++, this.#destination(frame.crossing, slot), callingWorker(), frame, resolve, reject)
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
    return new Promise((resolve) => {
      this.#admit(KIND.EVAL, undefined)
      this.#leases.push({ order: this.#order++, resolve })
      const worker = this.#takeIdle()
      if (worker !== undefined) this.#feed(worker)
    })
  }

  #grant(worker: Worker): void {
    this.#leased.add(worker)
    const giveBack = () => {
      this.#leased.delete(worker)
      if (worker.idle) this.#feed(worker)
    }
    this.#leases.shift()?.resolve({ slot: worker.slot, realm: worker.realm, isThere: () => worker.serving, giveBack })
  }

  /** Makes the same call in every interpreter, and in those of workers that come later. */
  async broadcast(kind: Kind, write: Write): Promise<void> {
    this.#admit(kind, undefined)
    const step = { kind, write }
    this.#setup.push(step)
    const serving = this.#workers.filter((worker) => worker.serving)
    const slots = this.#options.isolation.shared ? [undefined] : serving.map((worker) => worker.slot)
    const results = await Promise.allSettled(slots.map((slot) => this.submit(kind, write, { slot })))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed === undefined) return
    this.#setup[this.#setup.indexOf(step)] = undefined
    throw failed.reason
  }

  /** Takes no more calls, waits for those that were made, and ends the workers. */
  close(): Promise<void> {
    const caller = callingWorker()
    if (caller !== undefined && this.#workers.includes(caller) && caller.waits) {
      const message = 'close() in a callback would wait for the call that waits for the callback'
      return Promise.reject(new PythreadsError('ERR_PYTHREADS_DEADLOCK', message))
    }
    if (this.#state === 'open') {
      this.#state = 'closing'
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
    this.#rejectQueued(error)
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
      queued: this.#queued,
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
    if (maxQueue === null || this.#queued < maxQueue || kind === KIND.MAP || kind === KIND.EXEC) return
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
    if (!(owner instanceof Worker)) return slot
    if (slot === undefined || slot === owner.slot) return owner.slot
    if (owner.realm === this.#shared) return slot
    crossing.undo()
    const message = `A remote object in this call lives in worker ${owner.slot}, not in worker ${slot}`
    throw new PythreadsError('ERR_PYTHREADS_OTHER_WORKER', message)
  }

  #abortOn(signal: AbortSignal, task: Task): void {
    const abort = () => {
      task.aborted = true
      task.reject(new PythreadsError('ERR_PYTHREADS_ABORTED', 'The call was aborted', { cause: signal.reason }))
      if (!this.#workers.some((worker) => worker.abort(task))) task.crossing.undo()
    }
    signal.addEventListener('abort', abort, { once: true })
    task.onSettled = () => signal.removeEventListener('abort', abort)
  }

  #place(task: Task): void {
    const { slot, origin } = task
    const worker = slot === undefined ? this.#takeIdle() : this.#workers[slot]
    if (worker?.serving === true && worker.idle) return this.#send(worker, task)
    const host = slot === undefined ? origin : worker
    if (origin !== undefined && host?.serving === true && host.waits) return this.#send(host, task)
    this.#queueFor(task).push(task)
    this.#queued++
    this.#revive()
  }

  /** The queue in which a call waits. */
  #queueFor({ slot, origin }: Task): Fifo<Task> {
    const own = origin === undefined ? (slot === undefined ? this.#queue : this.#pinned[slot]) : this.#nested[slot ?? origin.slot]
    if (own === undefined) throw new PythreadsError('ERR_PYTHREADS_ARGUMENT', `There is no worker ${slot}`)
    return own
  }

  #isNext(order: number): boolean {
    const oldest = this.#queue.peek()
    return oldest === undefined || order < oldest.order
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
    worker.send(task)
  }

  #settled(): void {
    this.#running--
    if (this.#running + this.#queued === 0) this.#drained?.()
  }

  /** A worker can take a call: gives it the one that has waited longest, or that its callback waits for. */
  #feed(worker: Worker): void {
    if (!worker.serving) return
    const [lease] = this.#leases
    if (lease !== undefined && worker.idle && !this.#leased.has(worker) && this.#isNext(lease.order)) return this.#grant(worker)
    for (;;) {
      const task = worker.idle ? this.#nextFor(worker) : worker.waits ? this.#nested[worker.slot]?.shift() : undefined
      if (task === undefined) break
      this.#queued--
      if (!task.aborted) return this.#send(worker, task)
    }
    if (worker.idle && !worker.listed && !this.#leased.has(worker)) {
      worker.listed = true
      this.#idle.push(worker)
    }
    if (this.#running + this.#queued === 0) this.#drained?.()
  }

  #nextFor(worker: Worker): Task | undefined {
    const pinned = this.#pinned[worker.slot]
    if (this.#leased.has(worker)) return pinned?.shift()
    const [own, any] = [pinned?.peek(), this.#queue.peek()]
    const task = own !== undefined && (any === undefined || own.order < any.order) ? pinned?.shift() : this.#queue.shift()
    return task ?? this.#takeNested(worker)
  }

  /** A call that a callback made and that any worker may take, or this one has to. */
  #takeNested(worker: Worker): Task | undefined {
    if (this.#queued === 0) return undefined
    for (const queue of this.#nested) {
      const slot = queue.peek()?.slot
      if (queue.length > 0 && (slot === undefined || slot === worker.slot)) return queue.shift()
    }
    return undefined
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
    this.#rehome(worker)
    // One that ended before it served is not replaced here: its launch has failed, and says why.
    const served = worker.serving
    worker.serving = false
    if (served && this.#state !== 'closed' && (this.#state === 'open' || this.#queued > 0)) this.#replace(worker.slot)
    if (this.#running + this.#queued === 0) this.#drained?.()
  }

  /** Rejects the calls that wait for a worker whose objects are gone with it; those that its callbacks made may go anywhere. */
  #rehome(worker: Worker): void {
    for (const queues of [this.#pinned, this.#nested]) {
      const old = queues[worker.slot]
      const kept = new Fifo<Task>()
      for (let task = old?.shift(); task !== undefined; task = old?.shift()) {
        if (task.crossing.owner?.realm.ended !== undefined) {
          this.#queued--
          const message = `A remote object in the call is gone: ${task.crossing.owner.realm.ended}`
          task.drop(new PythreadsError('ERR_PYTHREADS_OBJECT_RELEASED', message))
        } else if (task.slot === undefined) {
          this.#queue.push(task)
        } else {
          kept.push(task)
        }
      }
      queues[worker.slot] = kept
    }
  }

  #replace(slot: number): void {
    this.#replaced++
    this.#launch(slot).catch((error: unknown) => {
      // When nobody is left who could take the calls that wait, they get to know why. The next call tries again.
      this.#down.add(slot)
      if (!this.#workers.some((worker) => worker.serving)) this.#rejectQueued(error)
    })
  }

  /** Tries again to start the workers that could not be replaced, when a call finds nobody to take it. */
  #revive(): void {
    for (const slot of this.#down) {
      this.#down.delete(slot)
      this.#replace(slot)
    }
  }

  #rejectQueued(error: unknown): void {
    for (const queue of [this.#queue, ...this.#pinned, ...this.#nested]) {
      for (let task = queue.shift(); task !== undefined; task = queue.shift()) task.drop(error)
    }
    this.#queued = 0
    if (this.#running === 0) this.#drained?.()
  }

  async #close(): Promise<void> {
    if (this.#running + this.#queued > 0) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve
      })
    }
    await Promise.all(this.#workers.map((worker) => worker.close()))
    this.#shared?.end('the pool was closed')
    this.#state = 'closed'
  }
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}
