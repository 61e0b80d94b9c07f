import type { WorkerTimes } from '../isolation/index.ts'
import type { InFlightCalls } from './in-flight-calls.ts'

const NO_CALL = 0
export const NO_TIMES: WorkerTimes = Object.freeze({ busyMs: 0, cpuMs: 0 })

/** The times of one worker's thread since the worker began to serve. */
export class ThreadTimes {
  readonly #inFlight: InFlightCalls
  /** The times of the thread from its start, the set-up of the worker too. */
  readonly #total: { readonly times: WorkerTimes }
  /** The times of the set-up, which are subtracted; `undefined`: the set-up is not over. */
  #setUp: WorkerTimes | undefined
  #servingSince = 0
  #idleSince = 0
  /** The call that ran at the last look. */
  #seenRunning = NO_CALL
  /** When a look first saw that call. */
  #seenRunningAt = 0

  constructor(inFlight: InFlightCalls, total: { readonly times: WorkerTimes }) {
    this.#inFlight = inFlight
    this.#total = total
  }

  /** When the worker began to serve, in `performance.now()`. */
  get servingSince(): number {
    return this.#servingSince
  }

  /** When the worker last became idle, as far as the pool noted it. */
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
