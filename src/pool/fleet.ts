import { PythreadsError } from '../errors/index.ts'
import type { Isolation } from '../isolation/index.ts'
import type { Worker } from './worker.ts'

/** How many workers there are. */
export interface FleetSize {
  readonly min: number
  readonly max: number
  /** How long a worker above `min` may be idle. */
  readonly idleMs: number
}

/** When a worker process is replaced by a new one; `null`: never for this reason. */
export interface Recycling {
  readonly calls: number | null
  readonly ageMs: number | null
  readonly memoryMb: number | null
}

export interface FleetOptions {
  readonly isolation: Isolation
  readonly size: FleetSize
  readonly recycle: Recycling
  /** The resident memory above which a worker process is ended. */
  readonly maxMemoryMb: number | null
  /** How many wedged workers may be replaced while they are still wedged. */
  readonly maxWedged: number
}

/** What a fleet needs of its pool. */
export interface FleetHost {
  /** The workers by number; there may be holes. */
  readonly workers: (Worker | undefined)[]
  make(slot: number): Worker
  /** Launches a worker and makes it ready; it serves when this resolves. */
  launch(worker: Worker): Promise<void>
  serve(worker: Worker): void
  /** Whether somebody has it to himself. */
  isLeased(worker: Worker): boolean
  /** Nobody can take the calls that wait: all of them, or those for one worker. */
  unavailable(error: unknown, slot?: number): void
  started(worker: Worker, ms: number): void
  recycling(worker: Worker, why: string): void
}

/** The delay before a worker that did not start is tried again; it doubles each time. */
const FIRST_DELAY_MS = 100
const LAST_DELAY_MS = 5_000
/** How often age, idleness and memory are looked at, at least. */
const LOOK_EVERY_MS = 1_000

interface Slot {
  /** How often in a row it did not start. */
  failures: number
  error: unknown
  retry: NodeJS.Timeout | undefined
}

/** Starts, replaces and retires the workers of a pool. */
export class Fleet {
  readonly #options: FleetOptions
  readonly #host: FleetHost
  readonly #slots: Slot[] = []
  /** Wedged workers that were replaced. */
  readonly #left = new Set<Worker>()
  #size: FleetSize
  #look: NodeJS.Timeout | undefined
  #open = true
  /** Workers that ended unasked and were replaced. */
  replaced = 0
  /** Workers that were replaced because it was time. */
  recycled = 0

  constructor(options: FleetOptions, host: FleetHost) {
    this.#options = options
    this.#host = host
    this.#size = options.size
  }

  get size(): FleetSize {
    return this.#size
  }

  /** How many workers do not come back from a call. */
  get wedged(): number {
    return this.#left.size + this.#host.workers.filter((worker) => worker?.wedged === true).length
  }

  /** Whether a worker that should be there is not. */
  isDown(slot: number): boolean {
    return this.#host.workers[slot] === undefined && (this.#slots[slot]?.failures ?? 0) > 0
  }

  /** Starts the workers that are there from the beginning; throws when one does not start. */
  async start(): Promise<void> {
    const slots = Array.from({ length: this.#size.min }, (_, slot) => slot)
    const started = await Promise.allSettled(slots.map((slot) => this.#launch(slot)))
    const failed = started.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    this.#lookAround()
  }

  /** A call waits, for any worker or for a certain one: starts one more, if there may be more. */
  grow(slot: number | undefined): void {
    const { workers } = this.#host
    if (slot !== undefined) {
      const worker = workers[slot]
      if (worker === undefined) this.#tryLaunch(slot, true)
      else if (worker.wedged) this.#host.unavailable(wedgedError(this.wedged), slot)
      return
    }
    let starting = 0
    for (let i = 0; i < this.#size.max; i++) {
      const worker = workers[i]
      if (worker === undefined) return this.#tryLaunch(i, true)
      if (!worker.serving && !worker.wedged) starting++
    }
    if (starting === 0 && !this.#anyServing()) this.#host.unavailable(wedgedError(this.wedged))
  }

  /** Changes how many workers there are: starts those that are missing, and retires the others when they are free. */
  async resize(size: FleetSize): Promise<void> {
    this.#size = size
    for (const worker of this.#host.workers) {
      if (worker === undefined) continue
      worker.retiring = worker.slot >= size.max
      this.check(worker)
    }
    const missing = Array.from({ length: size.min }, (_, slot) => slot).filter((slot) => this.#host.workers[slot] === undefined)
    const started = await Promise.allSettled(missing.map((slot) => this.#launch(slot)))
    this.#lookAround()
    const failed = started.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  /** A worker is free, or has become so: retires it if it is time, and brings a wedged one back. */
  check(worker: Worker): void {
    if (!this.#open) return
    if (worker.wedged) {
      if (worker.depth === 0) this.#unwedge(worker)
      return
    }
    if (!worker.serving) return
    if (!worker.retiring && worker.slot < this.#size.max) {
      const why = this.#due(worker)
      if (why === undefined) return
      worker.retiring = true
      this.#host.recycling(worker, why)
    }
    if (this.#host.isLeased(worker)) return
    if (!worker.isNeeded) return this.#retire(worker)
    // What holds it may hold it for long: it goes on until then.
    if (worker.idle && worker.slot < this.#size.max) worker.retiring = false
  }

  /** A worker is gone. `served`: it had been ready. */
  gone(worker: Worker, served: boolean): void {
    const { workers } = this.#host
    this.#left.delete(worker)
    if (workers[worker.slot] !== worker) return
    workers[worker.slot] = undefined
    if (!served || !this.#open || worker.slot >= this.#size.max) return
    this.replaced++
    this.#tryLaunch(worker.slot)
  }

  /** A worker's thread does not come back from a call that was cancelled. */
  stuck(worker: Worker): void {
    if (this.#options.isolation.killable) {
      worker.failure = new PythreadsError(
        'ERR_PYTHREADS_WORKER_DIED',
        `Worker ${worker.slot} was ended: it went on with a call that had been cancelled`,
      )
      return worker.kill()
    }
    worker.wedge()
    this.#replaceWedged()
    if (this.#host.workers[worker.slot] !== worker) return
    const error = wedgedError(this.wedged)
    this.#host.unavailable(error, worker.slot)
    if (!this.#anyServing() && !this.#anyStarting()) this.#host.unavailable(error)
  }

  /** No more workers are started. Answers those that there are, wedged ones too. */
  stop(): Worker[] {
    this.#open = false
    clearInterval(this.#look)
    for (const slot of this.#slots) clearTimeout(slot?.retry)
    return [...this.#host.workers.filter((worker) => worker !== undefined), ...this.#left]
  }

  #anyServing(): boolean {
    return this.#host.workers.some((worker) => worker?.serving === true)
  }

  #anyStarting(): boolean {
    return this.#host.workers.some((worker) => worker !== undefined && !worker.serving && !worker.wedged)
  }

  #slot(number: number): Slot {
    let slot = this.#slots[number]
    if (slot === undefined) {
      slot = { failures: 0, error: undefined, retry: undefined }
      this.#slots[number] = slot
    }
    return slot
  }

  async #launch(number: number): Promise<void> {
    const begin = performance.now()
    const { workers } = this.#host
    const worker = this.#host.make(number)
    workers[number] = worker
    const slot = this.#slot(number)
    try {
      await this.#host.launch(worker)
    } catch (error) {
      if (workers[number] === worker) workers[number] = undefined
      slot.failures++
      slot.error = error
      throw error
    }
    if (!this.#open) return worker.kill()
    slot.failures = 0
    worker.retiring = worker.slot >= this.#size.max
    this.#host.started(worker, performance.now() - begin)
    this.#host.serve(worker)
  }

  /** Launches a worker, unless it has failed just now: then it is tried again after a while. */
  #tryLaunch(number: number, isWaitedFor: boolean = false): void {
    const slot = this.#slot(number)
    if (!this.#open) return
    if (slot.failures === 0) return this.#launchNow(number)
    if (slot.retry === undefined) this.#launchLater(number, slot)
    if (isWaitedFor) slot.retry?.ref()
  }

  #launchLater(number: number, slot: Slot): void {
    clearTimeout(slot.retry)
    const delay = Math.min(FIRST_DELAY_MS * 2 ** (slot.failures - 1), LAST_DELAY_MS)
    slot.retry = setTimeout(() => {
      slot.retry = undefined
      if (this.#host.workers[number] === undefined) this.#launchNow(number)
    }, delay).unref()
  }

  #launchNow(number: number): void {
    this.#launch(number).catch((error: unknown) => {
      if (!this.#open) return
      if (number < this.#size.min) this.#launchLater(number, this.#slot(number))
      this.#host.unavailable(error, number)
      if (!this.#anyServing() && !this.#anyStarting()) this.#host.unavailable(error)
    })
  }

  /** Why it is time for another process, if it is. */
  #due(worker: Worker): string | undefined {
    const { calls, ageMs, memoryMb } = this.#options.recycle
    if (calls !== null && worker.calls >= calls) return `it has had ${worker.calls} calls`
    if (ageMs !== null && performance.now() - worker.servingSince >= ageMs) return `it has served for ${ageMs} ms`
    if (memoryMb !== null && worker.residentMb >= memoryMb) return `it holds ${Math.round(worker.residentMb)} MB`
    return undefined
  }

  /** Ends a worker that nobody needs, and starts another one in its place if there is to be one. */
  #retire(worker: Worker): void {
    worker.serving = false
    this.#host.workers[worker.slot] = undefined
    void worker.close()
    if (worker.slot >= this.#size.max || worker.surplus) return
    this.recycled++
    this.#tryLaunch(worker.slot)
  }

  /** Gives new workers to the numbers of wedged ones, as long as there may be more of those. */
  #replaceWedged(): void {
    for (const worker of this.#host.workers) {
      if (worker?.wedged !== true || this.#left.size >= this.#options.maxWedged) continue
      this.#left.add(worker)
      this.#host.workers[worker.slot] = undefined
      this.replaced++
      this.#tryLaunch(worker.slot)
    }
  }

  /** A wedged worker has come back: it is not needed any more, but its number may be. */
  #unwedge(worker: Worker): void {
    void worker.close()
    if (this.#left.delete(worker)) return this.#replaceWedged()
    this.#host.workers[worker.slot] = undefined
    if (worker.slot < this.#size.max) this.#tryLaunch(worker.slot)
  }

  /** Looks at age, idleness and memory from time to time, if any of it matters. */
  #lookAround(): void {
    const { recycle, maxMemoryMb } = this.#options
    const { min, max, idleMs } = this.#size
    const every = min < max ? Math.min(LOOK_EVERY_MS, Math.max(idleMs / 2, 10)) : LOOK_EVERY_MS
    clearInterval(this.#look)
    if (min === max && recycle.ageMs === null && recycle.memoryMb === null && maxMemoryMb === null) return
    this.#look = setInterval(() => this.#lookNow(), every).unref()
  }

  #lookNow(): void {
    const { recycle, maxMemoryMb } = this.#options
    const now = performance.now()
    let surplus = this.#host.workers.filter((worker) => worker?.serving).length - this.#size.min
    for (const worker of this.#host.workers.toReversed()) {
      if (worker === undefined) continue
      if (recycle.memoryMb !== null || maxMemoryMb !== null) worker.measure()
      if (maxMemoryMb !== null && worker.residentMb > maxMemoryMb) {
        worker.failure = new PythreadsError(
          'ERR_PYTHREADS_WORKER_DIED',
          `Worker ${worker.slot} was ended: it held ${Math.round(worker.residentMb)} MB, more than \`limits.memoryMb\` allows`,
        )
        worker.kill()
      } else if (surplus > 0 && worker.idle && now - worker.idleSince >= this.#size.idleMs && !worker.isNeeded) {
        surplus--
        worker.surplus = true
        worker.retiring = true
        this.check(worker)
      } else {
        this.check(worker)
      }
    }
  }
}

function wedgedError(wedged: number): PythreadsError {
  return new PythreadsError(
    'ERR_PYTHREADS_WEDGED',
    `${wedged} workers do not come back from calls that were cancelled, and no more of them are replaced (\`maxWedged\`).` +
      " In isolation 'process' such workers are ended",
  )
}
