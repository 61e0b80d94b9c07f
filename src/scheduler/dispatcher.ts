import type { CallOutcome } from '../observe/index.ts'
import { CallProfiles } from './call-profiles.ts'
import type { Leases } from './leases.ts'
import { Queues } from './queues.ts'
import type { DispatchTarget, Task } from './task.ts'

/** What dispatch tells the pool. */
export interface DispatchEvents<S extends DispatchTarget> {
  /** A call goes to a worker. */
  sending(task: Task, worker: S): void
  /** A call waits, and nobody is there to take it at once. */
  waiting(task: Task): void
  /** A call comes back that a worker had not begun: the pool places it again. */
  takenBack(task: Task): void
  /** The last call that waited does no longer. */
  drained(): void
}

/** A call that runs for longer than this is no short one: those behind it are taken back. */
const LONG_MS = 2
/** The same for one that another stands by for. */
const NOT_BRIEF_MS = 20

/**
 * Decides which worker takes which call. The rules:
 * 1. An idle worker takes the next call: the one of the highest priority that has waited longest.
 *    The worker that was idle last goes first, as its memory is warm. Tiny calls, which take no
 *    longer than it takes to make them, go to one that is at work on such, up to a bound: to wake
 *    another one would take longer.
 * 2. When all are busy, a call waits; only where a worker has nothing but short calls, and this is
 *    one, it is sent along. Where more calls wait, and a worker runs a brief one, the next one
 *    stands by behind it if it is brief too: the worker need not wait for JavaScript in between.
 * 3. When a call that was to be short or brief is not, those behind it are taken back, and have
 *    their turn as if they had waited. So is one that stands by, as soon as there is an idle worker
 *    or one of a higher priority waits.
 * 4. A leased or retiring worker takes only calls that name it; one that waits for a callback,
 *    those that the callback made.
 */
export class Dispatcher<S extends DispatchTarget> {
  /** The workers by number; there may be holes. */
  readonly workers: (S | undefined)[] = []
  readonly profiles: CallProfiles = new CallProfiles()
  readonly #queues = new Queues()
  readonly #idle: S[] = []
  readonly #leases: Leases<S>
  readonly #events: DispatchEvents<S>
  /** The workers behind whose call another one stands by. */
  readonly #standbys = new Map<S, Task>()
  #watch: NodeJS.Timeout | undefined
  #watchMs = 0
  #hasWaited = false
  /** Keeps the process alive while calls wait; whoever has a call does so itself. */
  readonly #alive: NodeJS.Timeout = idleTimer()

  constructor(leases: Leases<S>, events: DispatchEvents<S>) {
    this.#leases = leases
    this.#events = events
  }

  /** How many calls wait. */
  get queued(): number {
    return this.#queues.length
  }

  /** Whether calls wait that only this worker can take. */
  isAwaited(index: number): boolean {
    return this.#queues.isAwaited(index)
  }

  /** Whether an idle worker could take a call at once. */
  hasIdle(index: number | undefined): boolean {
    const able = index === undefined ? this.workers : [this.workers[index]]
    return able.some(
      (worker) =>
        worker?.serving === true &&
        worker.idle &&
        (index !== undefined || !this.#isReserved(worker)),
    )
  }

  /** A new call: it goes to a worker, or waits. */
  place(task: Task): void {
    const { workerIndex, origin } = task
    const gathering =
      workerIndex === undefined && origin === undefined ? this.#batching(task) : undefined
    if (gathering !== undefined) return this.#sendAlong(gathering, task)
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

  /** A call that was taken and has not begun waits for its turn again. */
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

  /** Takes a call out that waits. Answers whether it did. */
  remove(task: Task): boolean {
    const waited = this.#queues.remove(task)
    if (waited) this.#checkDrained()
    return waited
  }

  /** A worker can take calls: gives it those whose turn it is. */
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
   * Gives an idle worker what stands by behind others: of the highest priority, what came first.
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

  /** Puts an idle worker first: it was idle last. */
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

  /** Gives an idle worker to whoever waits for one to himself. Answers whether there is one. */
  offer(): boolean {
    const worker = this.#takeIdle()
    if (worker !== undefined) this.feed(worker)
    return worker !== undefined
  }

  /**
   * A worker is gone. `fate` answers the error of a call that cannot go on without it; the others
   * go elsewhere.
   */
  leave(worker: S, fate: (task: Task) => unknown): void {
    this.#standbys.delete(worker)
    // where all calls name their worker, nobody else takes it out
    if (worker.notes.listed) this.#idle.splice(this.#idle.indexOf(worker), 1)
    worker.notes.listed = false
    this.#queues.leave(worker.index, fate)
    this.#checkDrained()
  }

  /** Rejects the calls that wait: all, or those for one worker. */
  clear(error: unknown, index?: number, outcome?: CallOutcome): void {
    this.#queues.clear(error, index, outcome)
    this.#checkDrained()
  }

  /** No more calls come. */
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

  /** The call that stood by may be the one that runs now. */
  #moveUp(worker: S): void {
    if (worker.depth > 1) return
    const standby = this.#standbys.get(worker)
    if (standby === undefined) return
    this.#standbys.delete(worker)
    if (!worker.idle && (standby.worker as unknown) === worker) this.#expect(worker, standby)
  }

  /** Notes what is expected of a worker that has nothing but this call. */
  #expect(worker: S, { key }: Task): void {
    worker.notes.expected = this.profiles.expected(key)
  }

  /** Takes back the calls that stand by where this one waits and is to go first. */
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

  /** The worker with the fewest calls, all short, that has room for another one (rule 2). */
  #withRoom(task: Task): S | undefined {
    const window = this.profiles.pipelineDepth(task.key)
    if (window <= 1) return undefined
    let best: S | undefined
    for (const worker of this.workers) {
      if (worker === undefined || !worker.serving || !isShort(worker) || worker.isWithinCallback)
        continue
      if (worker.depth >= (best?.depth ?? window) || this.#isReserved(worker)) continue
      if (this.#queues.isNext(task, worker.index)) best = worker
    }
    return best
  }

  /** The worker that is at work on tiny calls and has room for another one. */
  #batching(task: Task): S | undefined {
    const room = this.profiles.batchDepth(task.key)
    if (room === 0) return undefined
    return this.workers.find(
      (worker) =>
        worker?.notes.expected === 'tiny' &&
        !worker.idle &&
        worker.depth < room &&
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

  /** Looks after those behind the call that it runs, when that should be over. */
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
   * Takes calls back that stand behind a long one (rule 3), as long as there are any that stand
   * behind another.
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

/** How long the call that it runs may take before those behind it are taken back. */
function limitOf(worker: DispatchTarget): number {
  return isShort(worker) ? LONG_MS : NOT_BRIEF_MS
}

/** Whether all calls of a worker are expected to be short. */
function isShort({ notes: { expected } }: DispatchTarget): boolean {
  return expected === 'short' || expected === 'tiny'
}

/** A timer that does nothing but keep the process alive, when it is referenced. */
function idleTimer(): NodeJS.Timeout {
  const timer = setInterval(() => {}, 2 ** 30)
  return timer.unref()
}
