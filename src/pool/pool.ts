import { PythreadsError } from '../errors/index.ts'
import { encodeSettings, type Isolation, type WorkerSettings } from '../isolation/index.ts'
import { KIND, type Kind } from '../wire/index.ts'
import { Fifo } from './fifo.ts'
import { FrameEncoder, Task, type Write } from './task.ts'
import { Worker } from './worker.ts'

/** What a pool needs to know. */
export interface PoolOptions {
  readonly isolation: Isolation
  readonly settings: WorkerSettings
  readonly workers: number
  /** How many calls may wait; `null`: any number. */
  readonly maxQueue: number | null
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
  readonly #workers: Worker[] = []
  readonly #idle: Worker[] = []
  readonly #queue = new Fifo<Task>()
  /** Calls for one worker only, by its number. */
  readonly #pinned: Fifo<Task>[]
  /** What a replacement has to run before its first call. */
  readonly #setup: (Write | undefined)[] = []
  /** The numbers of workers that could not be replaced. */
  readonly #down = new Set<number>()
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
  get setup(): readonly (Write | undefined)[] {
    return this.#setup
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  get size(): number {
    return this.#options.workers
  }

  /** Makes a call: `write` encodes its arguments at once. `slot`: the number of the worker that has to take it. */
  submit(kind: Kind, write: Write, slot?: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#admit(kind, slot)
      this.#place(new Task(this.#order++, slot, this.#encoder.encode(kind, write), resolve, reject))
    })
  }

  /** Makes the same call in every interpreter, and in those of workers that come later. */
  async broadcast(kind: Kind, write: Write): Promise<void> {
    this.#admit(kind, undefined)
    this.#setup.push(write)
    const serving = this.#workers.filter((worker) => worker.serving)
    const slots = this.#options.isolation.shared ? [undefined] : serving.map((worker) => worker.slot)
    const results = await Promise.allSettled(slots.map((slot) => this.submit(kind, write, slot)))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed === undefined) return
    this.#setup[this.#setup.indexOf(write)] = undefined
    throw failed.reason
  }

  /** Takes no more calls, waits for those that were made, and ends the workers. */
  close(): Promise<void> {
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
      worker.abandon()?.reject(error)
      worker.kill()
    }
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

  #place(task: Task): void {
    const worker = task.slot === undefined ? this.#takeIdle() : this.#workers[task.slot]
    if (worker?.serving === true && worker.idle) return this.#send(worker, task)
    this.#queued++
    const queue = task.slot === undefined ? this.#queue : this.#pinned[task.slot]
    if (queue === undefined) throw new PythreadsError('ERR_PYTHREADS_ARGUMENT', `There is no worker ${task.slot}`)
    queue.push(task)
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
    worker.send(task)
  }

  /** A worker has answered: gives it the call that has waited longest. */
  #free(worker: Worker): void {
    this.#running--
    if (worker.serving) this.#feed(worker)
    if (this.#running + this.#queued === 0) this.#drained?.()
  }

  #feed(worker: Worker): void {
    const task = this.#nextFor(worker)
    if (task !== undefined) {
      this.#queued--
      this.#send(worker, task)
    } else if (!worker.listed) {
      worker.listed = true
      this.#idle.push(worker)
    }
  }

  #nextFor(worker: Worker): Task | undefined {
    const pinned = this.#pinned[worker.slot]
    const [own, any] = [pinned?.peek(), this.#queue.peek()]
    return own !== undefined && (any === undefined || own.order < any.order) ? pinned?.shift() : this.#queue.shift()
  }

  async #launch(slot: number): Promise<void> {
    const worker = new Worker(slot, {
      free: (freed) => this.#free(freed),
      gone: (lost, how) => this.#gone(lost, how),
    })
    this.#workers[slot] = worker
    await worker.start(this.#options.isolation, this.#settings)
    if (this.#state === 'closed') return worker.kill()
    try {
      this.#options.isolation.verify?.(worker.ready)
      const others = this.#workers.some((other) => other.serving)
      if (!this.#options.isolation.shared || !others)
        for (const write of this.#setup) if (write !== undefined) await this.#setUp(worker, write)
    } catch (error) {
      worker.kill()
      throw error
    }
    worker.serving = true
    this.#feed(worker)
  }

  #setUp(worker: Worker, write: Write): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#send(worker, new Task(this.#order++, worker.slot, this.#encoder.encode(KIND.EXEC, write), resolve, reject))
    })
  }

  #gone(worker: Worker, how: string): void {
    this.#calls += worker.calls
    this.#errors += worker.errors
    worker.calls = 0
    worker.errors = 0
    const task = worker.abandon()
    if (task !== undefined) {
      this.#running--
      const died = new PythreadsError('ERR_PYTHREADS_WORKER_DIED', `Worker ${worker.slot} ended during the call: ${how}`)
      task.reject(worker.failure ?? died)
    }
    // One that ended before it served is not replaced here: its launch has failed, and says why.
    const served = worker.serving
    worker.serving = false
    if (served && this.#state !== 'closed' && (this.#state === 'open' || this.#queued > 0)) this.#replace(worker.slot)
    if (this.#running + this.#queued === 0) this.#drained?.()
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
    for (const queue of [this.#queue, ...this.#pinned]) {
      for (let task = queue.shift(); task !== undefined; task = queue.shift()) task.reject(error)
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
    this.#state = 'closed'
  }
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}
