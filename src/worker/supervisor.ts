import { PythreadsError } from '../errors/index.ts'
import type { Isolation } from '../isolation/index.ts'
import type { WorkerLife } from './life.ts'

/** How many workers there are. */
export interface PoolSize {
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

export interface SupervisorOptions {
  readonly isolation: Isolation
  readonly size: PoolSize
  readonly recycle: Recycling
  /** The resident memory above which a worker process is ended. */
  readonly maxMemoryMb: number | null
  /** How many wedged workers may be replaced while they are still wedged. */
  readonly maxWedged: number
}

/** A worker, as far as its number and its end depend on it. */
export interface SupervisedWorker {
  readonly index: number
  readonly life: WorkerLife
  /** How many calls it has taken. */
  readonly calls: number
  /** Since when it serves, and since when it is idle, in `performance.now()`. */
  readonly servingSince: number
  readonly idleSince: number
  /** What its process held when that was last looked at, and before it had any calls. */
  readonly residentMb: number
  readonly freshMb: number
  readonly idle: boolean
  /** Whether anything needs this very worker. */
  readonly isNeeded: boolean
  /** It is set up, and takes calls from now on. */
  serve(): void
  /** Looks at what its process holds. */
  measure(): void
  measureFresh(): void
  /** How many MB count against a limit of this number. */
  heldMb(limitMb: number): number
  /** Its thread does not come back: takes away what it has not begun. */
  wedge(): void
  /** Asks it to end. */
  close(): Promise<void>
  /** Makes it end. */
  kill(): void
  /** Makes it end, and says why. */
  endAs(how: string): void
}

/** What a supervisor needs of its pool. */
export interface SupervisorHost<W extends SupervisedWorker> {
  /** The workers by number; there may be holes. */
  readonly workers: (W | undefined)[]
  make(index: number): W
  /**
   * Launches a worker and sets it up; `ready` is called in the very moment in which nothing is
   * missing.
   */
  launch(worker: W, ready: () => void): Promise<void>
  /** It takes calls of others, for the first time or again. */
  free(worker: W): void
  /** How many calls wait, and whether any wait for one worker only. */
  readonly waiting: number
  isAwaited(index: number): boolean
  /** Whether somebody has it to himself. */
  isLeased(worker: W): boolean
  /** Nobody can take the calls that wait: all of them, or those for one worker. */
  unavailable(error: unknown, index?: number): void
  started(worker: W, ms: number): void
  recycling(worker: W, why: string): void
  /** A new worker holds as much memory already as `recycle.memoryMb` says. */
  startedLarge(worker: W): void
}

/** The delay before a worker that did not start is tried again; it doubles each time. */
const FIRST_DELAY_MS = 100
const LAST_DELAY_MS = 5_000
/** How often age, idleness and memory are looked at, at least. */
const LOOK_EVERY_MS = 1_000
/**
 * A worker that holds as much as `recycle.memoryMb` from the beginning is replaced when it has
 * grown by this factor.
 */
const GROWTH = 1.25

/** A worker that ends sooner than this, and has begun no call, has had no life. */
const SHORT_LIFE_MS = 10_000
/**
 * How many of those may come one after the other before calls are refused that have no other
 * worker.
 */
const MOST_SHORT_LIVES = 3

interface StartHistory {
  /** How often in a row it did not start. */
  failures: number
  /** How often in a row its worker ended soon after its start, without having begun a call. */
  shortLives: number
  retry: NodeJS.Timeout | undefined
}

/** Starts, replaces and retires the workers of a pool. */
export class WorkerSupervisor<W extends SupervisedWorker> {
  readonly #options: SupervisorOptions
  readonly #host: SupervisorHost<W>
  readonly #histories: StartHistory[] = []
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
    const known = this.#histories[index]
    return this.#host.workers[index] === undefined && known !== undefined && failuresOf(known) > 0
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
      const history = this.#history(number)
      clearTimeout(history.retry)
      history.retry = undefined
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
      missing.map((index) => this.#launches.get(index) ?? this.#launch(index)),
    )
    const failed = started.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
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
      const due = known ?? this.#due(worker)
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
    const history = this.#history(worker.index)
    const isShort = isFresh && performance.now() - worker.servingSince < SHORT_LIFE_MS
    history.shortLives = isShort ? history.shortLives + 1 : 0
    this.#tryLaunch(worker.index)
  }

  /**
   * The worker of a number is gone, and its calls wait for another one: refuses them when it ends
   * again and again.
   */
  checkLife(index: number, error: unknown): void {
    if (this.#open && (this.#histories[index]?.shortLives ?? 0) >= MOST_SHORT_LIVES)
      this.#refuse(error, index)
  }

  /** A worker's thread does not come back from a call that was cancelled. */
  stuck(worker: W): void {
    if (this.#options.isolation.isKillable) {
      return worker.endAs('it was ended, as it went on with a call that had been cancelled')
    }
    worker.wedge()
    this.#replaceWedged()
    if (this.#host.workers[worker.index] !== worker) return
    const error = wedgedError(this.wedged)
    this.#refuse(error, worker.index)
  }

  /** No more workers are started. Answers those that there are, wedged ones too. */
  stop(): W[] {
    this.#open = false
    clearInterval(this.#timer)
    for (const history of this.#histories) clearTimeout(history?.retry)
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

  #history(number: number): StartHistory {
    let history = this.#histories[number]
    if (history === undefined) {
      history = { failures: 0, shortLives: 0, retry: undefined }
      this.#histories[number] = history
    }
    return history
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
    const history = this.#history(number)
    try {
      await this.#host.launch(worker, () => {
        if (!this.#open) return worker.kill()
        history.failures = 0
        this.#measureFresh(worker)
        this.#host.started(worker, performance.now() - begin)
        worker.serve()
        if (number >= this.#size.max) worker.life.retire()
        this.#host.free(worker)
        this.check(worker)
      })
    } catch (error) {
      if (workers[number] === worker) workers[number] = undefined
      history.failures++
      if (this.#open && this.#started && number < this.#size.min) this.#launchLater(number, history)
      throw error
    }
  }

  /**
   * Launches a worker, unless it has failed just now, or lived too shortly twice: then it is tried
   * again after a while.
   */
  #tryLaunch(number: number, isWaitedFor: boolean = false): void {
    const history = this.#history(number)
    if (!this.#open) return
    if (failuresOf(history) === 0) return this.#launchNow(number)
    if (history.retry === undefined) this.#launchLater(number, history)
    if (isWaitedFor) history.retry?.ref()
  }

  #launchLater(number: number, history: StartHistory): void {
    clearTimeout(history.retry)
    const delay = Math.min(FIRST_DELAY_MS * 2 ** (failuresOf(history) - 1), LAST_DELAY_MS)
    history.retry = setTimeout(() => {
      history.retry = undefined
      if (this.#host.workers[number] === undefined && number < this.#size.max)
        this.#launchNow(number)
    }, delay).unref()
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

  /** Why it is time for another process, if it is. */
  #due(worker: W): string | undefined {
    const { calls, ageMs, memoryMb } = this.#options.recycle
    if (calls !== null && worker.calls >= calls) return `it has had ${worker.calls} calls`
    if (ageMs !== null && performance.now() - worker.servingSince >= ageMs)
      return `it has served for ${ageMs} ms`
    if (memoryMb !== null && worker.residentMb >= Math.max(memoryMb, worker.freshMb * GROWTH))
      return `it holds ${Math.round(worker.residentMb)} MB`
    return undefined
  }

  /** Ends a worker that nobody needs, and starts another one in its place if there is to be one. */
  #retire(worker: W): void {
    this.#host.workers[worker.index] = undefined
    this.#end(worker)
    if (worker.index >= this.#size.max || worker.life.isSurplus) return
    this.recycled++
    this.#history(worker.index).shortLives = 0
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

/** How often in a row a number had no worker that could be used; to end once is no trouble. */
function failuresOf({ failures, shortLives }: StartHistory): number {
  return failures + Math.max(0, shortLives - 1)
}

function wedgedError(wedged: number): PythreadsError {
  return new PythreadsError(
    'ERR_PYTHREADS_WEDGED',
    `${wedged} workers do not come back from calls that were cancelled, and no more of them are replaced (\`maxWedged\`).` +
      " In isolation 'process' such workers are ended",
  )
}
