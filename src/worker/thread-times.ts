import type { WorkerTimes } from '../isolation/index.ts'
import type { InFlightCalls } from './in-flight-calls.ts'

const NO_CALL = 0
export const NO_TIMES: WorkerTimes = Object.freeze({ busyMs: 0, cpuMs: 0 })

/** What the thread of one worker has done since it began to serve. */
export class ThreadTimes {
  readonly #inFlight: InFlightCalls
  /** All that the thread has done, its set-up too. */
  readonly #total: { readonly times: WorkerTimes }
  /** What its set-up took, which is of no call; `undefined`: it is not over. */
  #setUp: WorkerTimes | undefined
  #servingSince = 0
  #idleSince = 0
  /** The call that ran when that was last looked at, and since when, at the latest. */
  #seenRunning = NO_CALL
  #seenRunningAt = 0

  constructor(inFlight: InFlightCalls, total: { readonly times: WorkerTimes }) {
    this.#inFlight = inFlight
    this.#total = total
  }

  /** When it began to serve, in `performance.now()`. */
  get servingSince(): number {
    return this.#servingSince
  }

  /** Since when it is idle, if it is, as far as that was noted. */
  get idleSince(): number {
    return this.#idleSince
  }

  serve(): void {
    this.#setUp = this.#total.times
    this.#servingSince = this.#idleSince = performance.now()
  }

  becameIdle(): void {
    this.#idleSince = performance.now()
  }

  get times(): WorkerTimes {
    if (this.#setUp === undefined) return NO_TIMES
    const { busyMs, cpuMs } = this.#total.times
    const busy = Math.max(0, busyMs - this.#setUp.busyMs)
    return { busyMs: busy, cpuMs: Math.min(busy, Math.max(0, cpuMs - this.#setUp.cpuMs)) }
  }

  /** How long it has taken calls, in milliseconds. */
  get ageMs(): number {
    return this.#setUp === undefined ? 0 : performance.now() - this.#servingSince
  }

  /** The share of its age in which its thread had a call. */
  get utilisation(): number {
    const { ageMs } = this
    this.look()
    const running = this.#seenRunning === NO_CALL ? 0 : performance.now() - this.#seenRunningAt
    return ageMs === 0
      ? 0
      : Math.round(Math.min(1, (this.times.busyMs + running) / ageMs) * 1000) / 1000
  }

  /** Notes since when a call runs: what the thread writes down is of calls that are over. */
  look(): void {
    const id = this.#inFlight.running?.id ?? NO_CALL
    if (id === this.#seenRunning) return
    this.#seenRunning = id
    this.#seenRunningAt = performance.now()
  }
}
