import type { CallOutcome } from '../observe/index.ts'
import type { Leasable, Leases } from './leases.ts'
import { Paces } from './paces.ts'
import { Queues } from './queues.ts'
import type { Task } from './task.ts'

/** A worker as dispatch sees it. */
export interface Station extends Leasable {
  /** Whether it takes only calls that name it. */
  readonly retiring: boolean
  readonly idle: boolean
  /** Whether its thread waits for a callback, so that it can take a call which the callback made. */
  readonly waits: boolean
  /** Whether a call that it has waits, or waited, for a callback in which others run. */
  readonly isWithinCallback: boolean
  /** How many calls it has before it. */
  readonly depth: number
  /** Since when the call runs that others stand behind. */
  readonly runningSince: number
  /** Whether the list of idle workers holds it. */
  listed: boolean
  /** Whether all that it has before it is expected to be short, and even tiny. */
  short: boolean
  tiny: boolean
  /** Whether the call that it runs is expected to take a few milliseconds at most. */
  brief: boolean
  send(task: Task): void
  /** Takes back the calls that it has not begun. */
  takeBack(): Task[]
}

/** What dispatch tells the pool. */
export interface DispatchEvents<S extends Station> {
  /** A call goes to a worker. */
  sending(task: Task, station: S): void
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
 * 1. An idle worker takes the next call: the one of the highest priority that has waited longest. The worker that was idle last
 *    goes first, as its memory is warm.
 *    Tiny calls, which take no longer than it takes to make them, go to one that is at work on such, up to a bound: to wake
 *    another one would take longer.
 * 2. When all are busy, a call waits; only where a worker has nothing but short calls, and this is one, it is sent along.
 *    Where more calls wait, and a worker runs a brief one, the next one stands by behind it if it is brief too: the worker need not wait for
 *    JavaScript in between.
 * 3. When a call that was to be short or brief is not, those behind it are taken back, and have their turn as if they had waited. So is one
 *    that stands by, as soon as there is an idle worker or one of a higher priority waits.
 * 4. A leased or retiring worker takes only calls that name it; one that waits for a callback, those that the callback made.
 */
export class Dispatcher<S extends Station> {
  /** The workers by number; there may be holes. */
  readonly stations: (S | undefined)[] = []
  readonly paces: Paces = new Paces()
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
  isAwaited(slot: number): boolean {
    return this.#queues.isAwaited(slot)
  }

  /** Whether an idle worker could take a call at once. */
  hasIdle(slot: number | undefined): boolean {
    const able = slot === undefined ? this.stations : [this.stations[slot]]
    return able.some((station) => station?.serving === true && station.idle && (slot !== undefined || !this.#isReserved(station)))
  }

  /** A new call: it goes to a worker, or waits. */
  place(task: Task): void {
    const { slot, origin } = task
    const gathering = slot === undefined && origin === undefined ? this.#gathering(task) : undefined
    if (gathering !== undefined) return this.#sendAlong(gathering, task)
    const station = slot === undefined ? this.#takeIdle() : this.stations[slot]
    if (station?.serving === true && station.idle) return this.#send(station, task)
    const other = slot === undefined && origin === undefined ? this.#withRoom(task) : undefined
    if (other !== undefined) return this.#sendAlong(other, task)
    const host = slot === undefined ? this.stations[origin?.slot ?? -1] : station
    if (origin !== undefined && host?.serving === true && host.waits) return this.#send(host, task)
    this.#wait(task, false)
    this.#recall(task)
    this.#events.waiting(task)
  }

  /** A call that was taken and has not begun waits for its turn again. */
  replace(task: Task): void {
    this.#wait(task, true)
    const { slot, origin } = task
    const station = slot === undefined ? this.#takeIdle() : this.stations[slot]
    if (station !== undefined) this.feed(station)
    const host = this.stations[origin?.slot ?? -1]
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
  feed(station: S): void {
    if (!station.serving) return
    this.#moveUp(station)
    let leased = this.#isReserved(station)
    const { next } = this.#leases
    if (next !== undefined && station.idle && !leased && this.#queues.isNext(next, station.slot)) {
      this.#leases.grant(station)
      leased = true
    }
    for (let task = this.#nextFor(station, leased); task !== undefined; task = this.#nextFor(station, leased)) {
      if (station.idle || station.waits) this.#send(station, task)
      else this.#sendAlong(station, task)
      this.#checkDrained()
    }
    if (!station.idle || leased) return
    this.#list(station)
    this.#relieve(station)
  }

  /** Gives an idle worker what stands by behind others: of the highest priority, what came first. */
  #relieve(station: S): void {
    if (this.#standbys.size === 0) return
    const turns = [...this.#standbys].sort(([, one], [, other]) => other.priority - one.priority || one.order - other.order)
    for (const [other] of turns) {
      if (!station.idle) return
      this.#takeBackFrom(other)
    }
  }

  /** Puts an idle worker first: it was idle last. */
  #list(station: S): void {
    if (station.listed) {
      if (this.#idle.at(-1) === station) return
      this.#idle.splice(this.#idle.indexOf(station), 1)
    }
    station.listed = true
    this.#idle.push(station)
  }

  #isReserved(station: S): boolean {
    return station.retiring || this.#leases.has(station)
  }

  /** Gives an idle worker to whoever waits for one to himself. Answers whether there is one. */
  offer(): boolean {
    const station = this.#takeIdle()
    if (station !== undefined) this.feed(station)
    return station !== undefined
  }

  /** A worker is gone. `fate` answers the error of a call that cannot go on without it; the others go elsewhere. */
  leave(station: S, fate: (task: Task) => unknown): void {
    this.#standbys.delete(station)
    if (station.listed) this.#idle.splice(this.#idle.indexOf(station), 1) // where all calls name their worker, nobody else takes it out
    station.listed = false
    this.#queues.leave(station.slot, fate)
    this.#checkDrained()
  }

  /** Rejects the calls that wait: all, or those for one worker. */
  clear(error: unknown, slot?: number, outcome?: CallOutcome): void {
    this.#queues.clear(error, slot, outcome)
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

  #nextFor(station: S, leased: boolean): Task | undefined {
    if (station.idle) return this.#queues.nextFor(station.slot, leased)
    if (station.waits) return this.#queues.nextWithin(station.slot)
    if (leased || station.isWithinCallback) return undefined
    if (station.short) return this.#queues.nextAlong(station.slot, (task) => station.depth < this.paces.window(task.key))
    if (!station.brief || station.depth > 1 || this.#leases.next !== undefined) return undefined
    return this.#queues.nextAlong(station.slot, (task) => task.slot === undefined && this.paces.isBrief(task.key))
  }

  /** The call that stood by may be the one that runs now. */
  #moveUp(station: S): void {
    if (station.depth > 1) return
    const standby = this.#standbys.get(station)
    if (standby === undefined) return
    this.#standbys.delete(station)
    if (!station.idle && (standby.worker as unknown) === station) this.#expect(station, standby)
  }

  /** Notes what is expected of a worker that has nothing but this call. */
  #expect(station: S, { key }: Task): void {
    station.short = this.paces.window(key) > 1
    station.tiny = this.paces.gathered(key) > 0
    station.brief = this.paces.isBrief(key)
  }

  /** Takes back the calls that stand by where this one waits and is to go first. */
  #recall({ priority }: Task): void {
    for (const [station, standby] of this.#standbys) if (standby.priority < priority) this.#takeBackFrom(station)
  }

  #takeBackFrom(station: S): void {
    this.#standbys.delete(station)
    for (const task of station.takeBack()) this.#events.takenBack(task)
  }

  #takeIdle(): S | undefined {
    for (let station = this.#idle.pop(); station !== undefined; station = this.#idle.pop()) {
      station.listed = false
      if (station.serving && station.idle && !this.#isReserved(station)) return station
    }
    return undefined
  }

  /** The worker with the fewest calls, all short, that has room for another one (rule 2). */
  #withRoom(task: Task): S | undefined {
    const window = this.paces.window(task.key)
    if (window <= 1) return undefined
    let best: S | undefined
    for (const station of this.stations) {
      if (station === undefined || !station.serving || !station.short || station.isWithinCallback) continue
      if (station.depth >= (best?.depth ?? window) || this.#isReserved(station)) continue
      if (this.#queues.isNext(task, station.slot)) best = station
    }
    return best
  }

  /** The worker that is at work on tiny calls and has room for another one. */
  #gathering(task: Task): S | undefined {
    const room = this.paces.gathered(task.key)
    if (room === 0) return undefined
    return this.stations.find(
      (station) =>
        station?.tiny === true &&
        !station.idle &&
        station.depth < room &&
        station.serving &&
        !station.isWithinCallback &&
        !this.#isReserved(station) &&
        this.#queues.isNext(task, station.slot),
    )
  }

  #send(station: S, task: Task): void {
    if (station.idle) this.#expect(station, task)
    this.#events.sending(task, station)
    station.send(task)
  }

  #sendAlong(station: S, task: Task): void {
    if (station.tiny) station.tiny = this.paces.gathered(task.key) > 0
    if (!station.short) this.#standbys.set(station, task)
    this.#events.sending(task, station)
    station.send(task)
    this.#watchOver(station)
  }

  /** Looks after those behind the call that it runs, when that should be over. */
  #watchOver(station: S): void {
    const ms = limitOf(station)
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

  /** Takes calls back that stand behind a long one (rule 3), as long as there are any that stand behind another. */
  #takeBack(): void {
    this.#watch = undefined
    const now = performance.now()
    for (const station of this.stations) {
      if (station === undefined || station.depth < 2 || station.isWithinCallback) continue
      if (now - station.runningSince >= limitOf(station)) {
        station.short = station.tiny = station.brief = false
        this.#takeBackFrom(station)
      }
      if (station.depth > 1) this.#watchOver(station)
    }
  }
}

/** How long the call that it runs may take before those behind it are taken back. */
function limitOf({ short }: Station): number {
  return short ? LONG_MS : NOT_BRIEF_MS
}

/** A timer that does nothing but keep the process alive, when it is referenced. */
function idleTimer(): NodeJS.Timeout {
  const timer = setInterval(() => {}, 2 ** 30)
  return timer.unref()
}
