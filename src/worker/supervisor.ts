import { PythreadsError } from '../errors/index.ts'
import { dueFor } from './recycling.ts'
import { StartHistories } from './start-histories.ts'
import type { PoolSize, SupervisedWorker, SupervisorHost, SupervisorOptions } from './supervised.ts'

/** How often age, idleness and memory are looked at, at least. */
const LOOK_EVERY_MS = 1_000
/** A worker that ends sooner than this, and has begun no call, has had no life. */
const SHORT_LIFE_MS = 10_000
/** Starts, replaces and retires the workers of a pool. */
export class WorkerSupervisor<W extends SupervisedWorker> {
  readonly #options: SupervisorOptions
  readonly #host: SupervisorHost<W>
  readonly #histories = new StartHistories()
  /** Wedged workers that were replaced. */
  readonly #replacedWedged = new Set<W>()
  /** Workers that were asked to end and have not. */
  readonly #ending = new Set<W>()
  /** Launches that are not over, by number. */
  readonly #launches = new Map<number, Promise<void>>()
  #size: PoolSize
  #timer: NodeJS.Timeout | undefined
  #open = true
  #started = false
  /** Workers that ended unasked and were replaced. */
  replaced = 0
  /** Workers that were replaced because it was time. */
  recycled = 0

  constructor(options: SupervisorOptions, host: SupervisorHost<W>) {
    this.#options = options
    this.#host = host
    this.#size = options.size
  }

  get size(): PoolSize {
    return this.#size
  }

  /**
   * Workers that count no more, and are not gone: wedged ones, and those that were asked to end.
   */
  get retired(): readonly W[] {
    return [...this.#replacedWedged, ...this.#ending]
  }

  /** How many workers do not come back from a call. */
  get wedged(): number {
    return (
      this.#replacedWedged.size +
      this.#host.workers.filter((worker) => worker?.life.isWedged === true).length
    )
  }

  /** Whether a worker that should be there is not. */
  isDown(index: number): boolean {
    return this.#host.workers[index] === undefined && this.#histories.isTroubled(index)
  }

  /** Starts the workers that are there from the beginning; throws when one does not start. */
  async start(): Promise<void> {
    await this.#launchMissing()
    this.#started = true
    this.#watch()
  }

  /** A call waits, for any worker or for a certain one: starts one more, if there may be more. */
  grow(index: number | undefined): void {
    const { workers } = this.#host
    if (index !== undefined) {
      const worker = workers[index]
      if (worker === undefined) this.#tryLaunch(index, true)
      else if (worker.life.isWedged) this.#host.unavailable(wedgedError(this.wedged), index)
      return
    }
    let starting = 0
    for (let i = 0; i < this.#size.max; i++) {
      const worker = workers[i]
      if (worker === undefined) return this.#tryLaunch(i, true)
      if (isComing(worker)) starting++
    }
    if (starting === 0 && !this.#anyServing()) this.#host.unavailable(wedgedError(this.wedged))
  }

  /**
   * Changes how many workers there are: starts those that are missing, and retires the others when
   * they are free.
   */
  async resize(size: PoolSize): Promise<void> {
    this.#size = size
    for (const worker of this.#host.workers) {
      if (worker === undefined) continue
      const { life } = worker
      if (life.isServing && worker.index >= size.max) life.retire()
      else if (life.isServing) life.stay()
      this.check(worker)
      if (life.isServing && !life.isRetiring) this.#host.free(worker)
    }
    // Calls for numbers that are not there, and will not be, are refused.
    for (let number = size.max; number < this.#histories.length; number++) {
      this.#histories.giveUp(number)
      if (this.#host.workers[number] !== undefined) continue
      this.#host.unavailable(
        new PythreadsError('ERR_PYTHREADS_WORKER_START', `There is no worker ${number} any more`),
        number,
      )
    }
    for (let waiting = this.#host.waiting; waiting > 0; waiting--) this.grow(undefined)
    this.#watch()
    await this.#launchMissing()
  }

  /**
   * Launches the workers that there are always and are not there; throws when one does not start.
   */
  async #launchMissing(): Promise<void> {
    const indexes = Array.from({ length: this.#size.min }, (_, index) => index)
    const missing = indexes.filter((index) => {
      const worker = this.#host.workers[index]
      return worker === undefined || isComing(worker)
    })
    const started = await Promise.allSettled(
      missing.map((index) => this.#launches.get(index) ?? this.#launchOneOf(index)),
    )
    const failed = started.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  async #launchOneOf(index: number): Promise<void> {
    try {
      await this.#launch(index)
    } catch (error) {
      // By now there may be fewer of those that there are always: nobody launches it again.
      if (this.#open && this.#started && index >= this.#size.min) this.#refuse(error, index)
      throw error
    }
  }

  /** A worker is free, or has become so: retires it if it is time, and brings a wedged one back. */
  check(worker: W): void {
    if (!this.#open) return
    const { life } = worker
    if (life.isWedged) {
      if (!worker.isNeeded) this.#unwedge(worker)
      return
    }
    if (!life.isServing) return
    const stays = worker.index < this.#size.max && !life.isSurplus
    if (!life.isRetiring && stays) {
      const known = life.due
      const due = known ?? dueFor(worker, this.#options.recycle)
      if (due === undefined) return
      life.retireAsDue(due)
      if (known === undefined) this.#host.recycling(worker, due)
    }
    if (this.#host.isLeased(worker)) return
    if (!worker.isNeeded && !this.#host.isAwaited(worker.index)) return this.#retire(worker)
    // What holds it may hold it for long: it goes on until then.
    if (worker.idle && stays) life.stay()
  }

  /**
   * A worker is gone. `error`: that of the calls that it had. `isFresh`: it had begun none.
   */
  gone(worker: W, error: unknown, isFresh: boolean = false): void {
    const { workers } = this.#host
    this.#ending.delete(worker)
    if (this.#replacedWedged.delete(worker)) this.#replaceWedged()
    if (workers[worker.index] !== worker) return
    workers[worker.index] = undefined
    if (!this.#open || !(worker.life.servedLast || worker.life.isWedged)) return
    if (worker.index >= this.#size.max) return this.#host.unavailable(error, worker.index)
    this.replaced++
    const isShort = isFresh && performance.now() - worker.servingSince < SHORT_LIFE_MS
    this.#histories.ended(worker.index, isShort)
    this.#tryLaunch(worker.index)
  }

  /**
   * The worker of a number is gone, and its calls wait for another one: refuses them when it ends
   * again and again.
   */
  checkLife(index: number, error: unknown): void {
    if (this.#open && this.#histories.isShortLived(index)) this.#refuse(error, index)
  }

  /** A worker's thread does not come back from a call that was cancelled. */
  stuck(worker: W): void {
    if (this.#options.isKillable) {
      return worker.endAs('it was ended, as it went on with a call that had been cancelled')
    }
    worker.wedge()
    this.#replaceWedged()
    if (this.#host.workers[worker.index] !== worker) return
    const error = wedgedError(this.wedged)
    this.#refuse(error, worker.index)
  }

  /** Starts no more workers. Returns all workers, retired and wedged ones too. */
  stop(): W[] {
    this.#open = false
    clearInterval(this.#timer)
    this.#histories.stop()
    return [...this.#host.workers.filter((worker) => worker !== undefined), ...this.retired]
  }

  /** Resolves when no launch is under way any more, whatever became of it. */
  async launched(): Promise<void> {
    await Promise.allSettled(this.#launches.values())
  }

  #anyServing(): boolean {
    return this.#host.workers.some((worker) => worker?.life.isServing === true)
  }

  #anyStarting(): boolean {
    return this.#host.workers.some((worker) => worker !== undefined && isComing(worker))
  }

  #launch(number: number): Promise<void> {
    const launch = this.#launchWorker(number).finally(() => this.#launches.delete(number))
    this.#launches.set(number, launch)
    return launch
  }

  async #launchWorker(number: number): Promise<void> {
    const begin = performance.now()
    const { workers } = this.#host
    const worker = this.#host.make(number)
    workers[number] = worker
    try {
      await this.#host.launch(worker, () => {
        if (!this.#open) return worker.kill()
        this.#histories.started(number)
        this.#measureFresh(worker)
        this.#host.started(worker, performance.now() - begin)
        worker.serve()
        if (number >= this.#size.max) worker.life.retire()
        this.#host.free(worker)
        this.check(worker)
      })
    } catch (error) {
      if (workers[number] === worker) workers[number] = undefined
      this.#histories.failed(number)
      if (this.#open && this.#started && number < this.#size.min) this.#launchLater(number)
      throw error
    }
  }

  /**
   * Launches a worker, unless it has failed just now, or lived too shortly twice: then it is tried
   * again after a while.
   */
  #tryLaunch(number: number, isWaitedFor: boolean = false): void {
    if (!this.#open) return
    if (!this.#histories.isTroubled(number)) return this.#launchNow(number)
    if (!this.#histories.isRetrying(number)) this.#launchLater(number)
    if (isWaitedFor) this.#histories.keepAlive(number)
  }

  #launchLater(number: number): void {
    this.#histories.retryLater(number, () => {
      if (this.#host.workers[number] === undefined && number < this.#size.max)
        this.#launchNow(number)
    })
  }

  #launchNow(number: number): void {
    this.#launch(number).catch((error: unknown) => {
      if (!this.#open) return
      this.#refuse(error, number)
    })
  }

  /**
   * A number has no worker for now: refuses the calls that wait for it, and all when there is no
   * other worker either.
   */
  #refuse(error: unknown, index: number): void {
    this.#host.unavailable(error, index)
    if (!this.#anyServing() && !this.#anyStarting()) this.#host.unavailable(error)
  }

  /**
   * Notes what a new worker holds: where that is too much already, another one would be no better.
   */
  #measureFresh(worker: W): void {
    const { memoryMb } = this.#options.recycle
    if (memoryMb === null) return
    worker.measureFresh()
    if (worker.freshMb >= memoryMb) this.#host.startedLarge(worker)
  }

  /** Ends a worker that nobody needs, and starts another one in its place if there is to be one. */
  #retire(worker: W): void {
    this.#host.workers[worker.index] = undefined
    this.#end(worker)
    if (worker.index >= this.#size.max || worker.life.isSurplus) return
    this.recycled++
    this.#histories.recycled(worker.index)
    this.#tryLaunch(worker.index)
  }

  #end(worker: W): void {
    this.#ending.add(worker)
    void worker.close()
  }

  /** Gives new workers to the numbers of wedged ones, as long as there may be more of those. */
  #replaceWedged(): void {
    for (const worker of this.#host.workers) {
      if (
        worker?.life.isWedged !== true ||
        this.#replacedWedged.size >= this.#options.maxWedged ||
        !this.#open
      )
        continue
      this.#replacedWedged.add(worker)
      this.#host.workers[worker.index] = undefined
      if (worker.index >= this.#size.max) {
        this.#host.unavailable(wedgedError(this.wedged), worker.index)
        continue
      }
      this.replaced++
      this.#tryLaunch(worker.index)
    }
  }

  /** A wedged worker has come back: it is not needed any more, but its number may be. */
  #unwedge(worker: W): void {
    this.#end(worker)
    if (this.#replacedWedged.delete(worker)) return this.#replaceWedged()
    this.#host.workers[worker.index] = undefined
    if (worker.index < this.#size.max) this.#tryLaunch(worker.index)
    else this.#host.unavailable(wedgedError(this.wedged), worker.index)
  }

  #isSurplus(worker: W, now: number): boolean {
    const isFree =
      worker.life.isServing && worker.idle && !worker.isNeeded && !this.#host.isLeased(worker)
    return isFree && now - worker.idleSince >= this.#size.idleMs
  }

  /** Looks at age, idleness and memory from time to time, if any of it matters. */
  #watch(): void {
    const { recycle, maxMemoryMb } = this.#options
    const { min, max, idleMs } = this.#size
    const every = min < max ? Math.min(LOOK_EVERY_MS, Math.max(idleMs / 2, 10)) : LOOK_EVERY_MS
    clearInterval(this.#timer)
    const someRetire = this.#host.workers.some(
      (worker) =>
        worker !== undefined && (worker.life.isRetiring || worker.index >= this.#size.max),
    )
    if (
      min === max &&
      recycle.ageMs === null &&
      recycle.memoryMb === null &&
      maxMemoryMb === null &&
      !someRetire
    )
      return
    this.#timer = setInterval(() => this.#look(), every).unref()
  }

  #look(): void {
    const { recycle, maxMemoryMb } = this.#options
    const now = performance.now()
    let surplus =
      this.#host.workers.filter((worker) => worker?.life.isServing).length - this.#size.min
    for (const worker of this.#host.workers.toReversed()) {
      if (worker === undefined) continue
      if (recycle.memoryMb !== null) worker.measure()
      const held = maxMemoryMb === null ? 0 : worker.heldMb(maxMemoryMb)
      if (maxMemoryMb !== null && held > maxMemoryMb) {
        worker.endAs(
          `it was ended, as it held ${Math.round(held)} MB, more than \`limits.memoryMb\` allows`,
        )
      } else if (surplus > 0 && this.#isSurplus(worker, now)) {
        surplus--
        worker.life.retireAsSurplus()
        this.check(worker)
      } else {
        this.check(worker)
      }
    }
  }
}

/** Whether a worker is on its way to serve, as far as is known. */
function isComing({ life }: SupervisedWorker): boolean {
  return !life.isServing && !life.isWedged
}

function wedgedError(wedged: number): PythreadsError {
  return new PythreadsError(
    'ERR_PYTHREADS_WEDGED',
    `${wedged} workers do not come back from calls that were cancelled, and no more of them are replaced (\`maxWedged\`).` +
      " In isolation 'process' such workers are ended",
  )
}
