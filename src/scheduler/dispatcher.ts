import type { CallOutcome } from '../observe/index.ts'
import { CallProfiles } from './call-profiles.ts'
import type { Leases } from './leases.ts'
import { Queues } from './queues.ts'
import type { DispatchTarget, Task } from './task.ts'

/** The events that the pool gets from the dispatcher. */
export interface DispatchEvents<S extends DispatchTarget> {
  /** A call is about to be sent to a worker. */
  sending(task: Task, worker: S): void
  /** A call waits, as no worker can take it now. */
  waiting(task: Task): void
  /** A call was taken back from a worker that had not begun it: the pool places it again. */
  takenBack(task: Task): void
  /** No call waits any more. */
  drained(): void
}

/** When a short call takes longer than this, the calls behind it are taken back. */
const LONG_MS = 2
/** When a brief call takes longer than this, the call behind it is taken back. */
const NOT_BRIEF_MS = 20

/**
 * Decides which worker takes which call. The rules:
 * 1. An idle worker takes the next call: of the highest priority, the call that has waited longest.
 *    The worker that became idle last is chosen first, as its memory is still in the caches. A tiny
 *    call, which takes no longer than JavaScript needs to make it, goes to a worker that is busy
 *    with tiny calls, up to a bound: waking an idle worker would take longer.
 * 2. When all workers are busy, a call waits, with two exceptions. A short call is sent along to a
 *    worker that has only short calls. A brief call becomes a standby behind a worker's only call
 *    if that is brief too: the worker then need not wait for JavaScript in between.
 * 3. When a call takes longer than expected, the calls behind it are taken back, and wait in their
 *    old order. A standby is also taken back when a worker becomes idle, or when a call of a higher
 *    priority waits.
 * 4. A leased or retiring worker takes only calls that name it. A worker that waits for a callback
 *    takes only calls that the callback made.
 */
export class Dispatcher<S extends DispatchTarget> {
  /** The workers by number; there may be holes. */
  readonly workers: (S | undefined)[] = []
  readonly profiles: CallProfiles
  readonly #queues = new Queues()
  readonly #idle: S[] = []
  readonly #leases: Leases<S>
  readonly #events: DispatchEvents<S>
  /** The standby of each worker that has one (rule 2). */
  readonly #standbys = new Map<S, Task>()
  #watch: NodeJS.Timeout | undefined
  #watchMs = 0
  #hasWaited = false
  /** Keeps the process alive while calls wait. A worker that has a call does so itself. */
  readonly #alive: NodeJS.Timeout = idleTimer()

  constructor(
    leases: Leases<S>,
    events: DispatchEvents<S>,
    profiles: CallProfiles = new CallProfiles(),
  ) {
    this.#leases = leases
    this.#events = events
    this.profiles = profiles
  }

  /** How many calls wait. */
  get queued(): number {
    return this.#queues.length
  }

  /** Whether calls wait that only this worker can take. */
  isAwaited(index: number): boolean {
    return this.#queues.isAwaited(index)
  }

  /** Whether an idle worker, or the idle worker with this number, could take a call at once. */
  hasIdle(index: number | undefined): boolean {
    const candidates = index === undefined ? this.workers : [this.workers[index]]
    return candidates.some(
      (worker) =>
        worker?.serving === true &&
        worker.idle &&
        (index !== undefined || !this.#isReserved(worker)),
    )
  }

  /** Sends a new call to a worker, or makes it wait. */
  place(task: Task): void {
    const { workerIndex, origin } = task
    const batching =
      workerIndex === undefined && origin === undefined ? this.#batching(task) : undefined
    if (batching !== undefined) return this.#sendAlong(batching, task)
    const worker = workerIndex === undefined ? this.#takeIdle() : this.workers[workerIndex]
    if (worker?.serving === true && worker.idle) return this.#send(worker, task)
    const other =
      workerIndex === undefined && origin === undefined ? this.#withRoom(task) : undefined
    if (other !== undefined) return this.#sendAlong(other, task)
    const host = workerIndex === undefined ? this.workers[origin?.index ?? -1] : worker
    if (origin !== undefined && host?.serving === true && host.waits) return this.#send(host, task)
    this.#wait(task, false)
    this.#recall(task)
    this.#events.waiting(task)
  }

  /** Makes a call wait again that was taken back before it began; it keeps its place. */
  replace(task: Task): void {
    this.#wait(task, true)
    const { workerIndex, origin } = task
    const worker = workerIndex === undefined ? this.#takeIdle() : this.workers[workerIndex]
    if (worker !== undefined) this.feed(worker)
    const host = this.workers[origin?.index ?? -1]
    if (task.queue !== undefined && host?.waits === true) this.feed(host)
    if (task.queue === undefined) return
    this.#recall(task)
    this.#events.waiting(task)
  }

  /** Removes a waiting call; returns whether the call was waiting. */
  remove(task: Task): boolean {
    const waited = this.#queues.remove(task)
    if (waited) this.#checkDrained()
    return waited
  }

  /** Gives a worker the next calls, as many as it can take now. */
  feed(worker: S): void {
    if (!worker.serving) return
    this.#moveUp(worker)
    let leased = this.#isReserved(worker)
    const { next } = this.#leases
    if (next !== undefined && worker.idle && !leased && this.#queues.isNext(next, worker.index)) {
      this.#leases.grant(worker)
      leased = true
    }
    for (
      let task = this.#nextFor(worker, leased);
      task !== undefined;
      task = this.#nextFor(worker, leased)
    ) {
      if (worker.idle || worker.waits) this.#send(worker, task)
      else this.#sendAlong(worker, task)
      this.#checkDrained()
    }
    if (!worker.idle || leased) return
    this.#list(worker)
    this.#relieve(worker)
  }

  /**
   * Takes standbys back from other workers, which places them on this idle worker: highest priority
   * first, then oldest first.
   */
  #relieve(worker: S): void {
    if (this.#standbys.size === 0) return
    const turns = [...this.#standbys].sort(
      ([, one], [, other]) => other.priority - one.priority || one.order - other.order,
    )
    for (const [other] of turns) {
      if (!worker.idle) return
      this.#takeBackFrom(other)
    }
  }

  /** Puts an idle worker at the end of the list, from which the next one is taken (rule 1). */
  #list(worker: S): void {
    if (worker.notes.listed) {
      if (this.#idle.at(-1) === worker) return
      this.#idle.splice(this.#idle.indexOf(worker), 1)
    }
    worker.notes.listed = true
    this.#idle.push(worker)
  }

  #isReserved(worker: S): boolean {
    return worker.retiring || this.#leases.has(worker)
  }

  /** Gives an idle worker to the next lease request; returns whether there was an idle worker. */
  offer(): boolean {
    const worker = this.#takeIdle()
    if (worker !== undefined) this.feed(worker)
    return worker !== undefined
  }

  /**
   * Removes a worker that has ended. `fate` returns the error for a call that needs this worker, or
   * `undefined` for a call that another worker can take.
   */
  leave(worker: S, fate: (task: Task) => unknown): void {
    this.#standbys.delete(worker)
    // where all calls name their worker, nobody else takes it out
    if (worker.notes.listed) this.#idle.splice(this.#idle.indexOf(worker), 1)
    worker.notes.listed = false
    this.#queues.leave(worker.index, fate)
    this.#checkDrained()
  }

  /** Rejects the waiting calls: all, or those for one worker. */
  clear(error: unknown, index?: number, outcome?: CallOutcome): void {
    this.#queues.clear(error, index, outcome)
    this.#checkDrained()
  }

  /** Stops the timers: no more calls come. */
  close(): void {
    clearInterval(this.#alive)
    clearTimeout(this.#watch)
  }

  #wait(task: Task, again: boolean): void {
    task.queuedAt ??= performance.now()
    this.#queues.push(task, again)
    if (this.#hasWaited) return
    this.#hasWaited = true
    this.#alive.ref()
  }

  #nextFor(worker: S, leased: boolean): Task | undefined {
    if (worker.idle) return this.#queues.nextFor(worker.index, leased)
    if (worker.waits) return this.#queues.nextWithin(worker.index)
    if (leased || worker.isWithinCallback) return undefined
    if (isShort(worker))
      return this.#queues.nextAlong(
        worker.index,
        (task) => worker.depth < this.profiles.pipelineDepth(task.key),
      )
    if (worker.notes.expected !== 'brief' || worker.depth > 1 || this.#leases.next !== undefined)
      return undefined
    return this.#queues.nextAlong(
      worker.index,
      (task) => task.workerIndex === undefined && this.profiles.expected(task.key) !== 'long',
    )
  }

  /** When a worker's running call has ended, its standby is the running call. */
  #moveUp(worker: S): void {
    if (worker.depth > 1) return
    const standby = this.#standbys.get(worker)
    if (standby === undefined) return
    this.#standbys.delete(worker)
    if (!worker.idle && (standby.worker as unknown) === worker) this.#expect(worker, standby)
  }

  /** Sets the expected time of a worker from its only call. */
  #expect(worker: S, { key }: Task): void {
    worker.notes.expected = this.profiles.expected(key)
  }

  /** Takes back the standbys of a lower priority than a waiting call. */
  #recall({ priority }: Task): void {
    for (const [worker, standby] of this.#standbys)
      if (standby.priority < priority) this.#takeBackFrom(worker)
  }

  #takeBackFrom(worker: S): void {
    this.#standbys.delete(worker)
    for (const task of worker.takeBack()) this.#events.takenBack(task)
  }

  #takeIdle(): S | undefined {
    for (let worker = this.#idle.pop(); worker !== undefined; worker = this.#idle.pop()) {
      worker.notes.listed = false
      if (worker.serving && worker.idle && !this.#isReserved(worker)) return worker
    }
    return undefined
  }

  /** The worker with the fewest calls, all of them short, that may take one more (rule 2). */
  #withRoom(task: Task): S | undefined {
    const depth = this.profiles.pipelineDepth(task.key)
    if (depth <= 1) return undefined
    let best: S | undefined
    for (const worker of this.workers) {
      if (worker === undefined || !worker.serving || !isShort(worker) || worker.isWithinCallback)
        continue
      if (worker.depth >= (best?.depth ?? depth) || this.#isReserved(worker)) continue
      if (this.#queues.isNext(task, worker.index)) best = worker
    }
    return best
  }

  /** A worker that is busy with tiny calls and may take one more (rule 1). */
  #batching(task: Task): S | undefined {
    const depth = this.profiles.batchDepth(task.key)
    if (depth === 0) return undefined
    return this.workers.find(
      (worker) =>
        worker?.notes.expected === 'tiny' &&
        !worker.idle &&
        worker.depth < depth &&
        worker.serving &&
        !worker.isWithinCallback &&
        !this.#isReserved(worker) &&
        this.#queues.isNext(task, worker.index),
    )
  }

  #send(worker: S, task: Task): void {
    if (worker.idle) this.#expect(worker, task)
    this.#events.sending(task, worker)
    worker.send(task)
  }

  #sendAlong(worker: S, task: Task): void {
    if (worker.notes.expected === 'tiny' && this.profiles.expected(task.key) !== 'tiny')
      worker.notes.expected = 'short'
    if (!isShort(worker)) this.#standbys.set(worker, task)
    this.#events.sending(task, worker)
    worker.send(task)
    this.#watchOver(worker)
  }

  /** Sets the timer for the moment at which a worker's running call should have ended. */
  #watchOver(worker: S): void {
    const ms = limitOf(worker)
    if (this.#watch !== undefined && this.#watchMs <= ms) return
    clearTimeout(this.#watch)
    this.#watchMs = ms
    this.#watch = setTimeout(() => this.#takeBack(), ms).unref()
  }

  #checkDrained(): void {
    if (this.#queues.length > 0 || !this.#hasWaited) return
    this.#hasWaited = false
    this.#alive.unref()
    this.#events.drained()
  }

  /**
   * Takes calls back that are behind an unexpectedly long call (rule 3), and sets the timer again
   * while any worker has several calls.
   */
  #takeBack(): void {
    this.#watch = undefined
    const now = performance.now()
    for (const worker of this.workers) {
      if (worker === undefined || worker.depth < 2 || worker.isWithinCallback) continue
      if (now - worker.runningSince >= limitOf(worker)) {
        worker.notes.expected = 'long'
        this.#takeBackFrom(worker)
      }
      if (worker.depth > 1) this.#watchOver(worker)
    }
  }
}

/** How long a worker's running call may take before the calls behind it are taken back. */
function limitOf(worker: DispatchTarget): number {
  return isShort(worker) ? LONG_MS : NOT_BRIEF_MS
}

/** Whether all calls of a worker are expected to be short. */
function isShort({ notes: { expected } }: DispatchTarget): boolean {
  return expected === 'short' || expected === 'tiny'
}

/** A timer that does nothing; while it is referenced, it keeps the process alive. */
function idleTimer(): NodeJS.Timeout {
  const timer = setInterval(() => {}, 2 ** 30)
  return timer.unref()
}
