import type { Activity } from '../platform/index.ts'
import type { Gil } from '../worker/index.ts'
import type { GilStats } from './stats.ts'

/** How often it is looked, while calls run. */
const EVERY_MS = 50
/** How many workers are looked at each time, at most. */
const MOST = 32
/** How much of what was seen counts after one more look: the last seconds decide. */
const FADING = 0.98
/** So many looks make a judgement, and with so much waiting it is a bad one. */
const ENOUGH = 20
const BOUND = 0.25

/** Who can be looked at. */
export interface Active {
  readonly activity: Activity
}

/** The workers that share one GIL, or have one each. */
export interface GilSource {
  readonly gil: Gil
  /** The workers that have calls. */
  look(): readonly Active[]
}

/**
 * Finds out what workers do with their time, by looking every now and then at what the system says
 * of their threads. Python is not asked: it would have to get the GIL for its answer. Costs nothing
 * while no calls run.
 */
export class GilMonitor {
  readonly #isShared: boolean
  readonly #source: GilSource
  readonly #total = { python: 0, waiting: 0, outside: 0 }
  readonly #recent = { python: 0, waiting: 0, outside: 0 }
  #looks = 0
  #timer: NodeJS.Timeout | undefined

  /** `isShared`: all workers share one interpreter. */
  constructor(isShared: boolean, source: GilSource) {
    this.#isShared = isShared
    this.#source = source
  }

  /** Calls run: looks from time to time, as long as they do. */
  start(): void {
    this.#timer ??= setInterval(() => this.#look(), EVERY_MS).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #look(): void {
    const busy = this.#source.look()
    if (busy.length === 0) return this.stop()
    const looked = busy.slice(0, MOST).map((worker) => worker.activity)
    if (looked.includes('unknown')) return
    const count = (activity: Activity) => looked.filter((one) => one === activity).length
    const running = count('running')
    const { enabled } = this.#source.gil
    const waiting = enabled ? count('timed lock') : 0
    // Of several threads that run in one interpreter with a GIL, one at most has it.
    const python = this.#isShared && enabled ? Math.min(running, 1) : running
    const ms = (EVERY_MS * busy.length) / looked.length
    this.#looks++
    for (const [sums, fading] of [[this.#total, 1] as const, [this.#recent, FADING] as const]) {
      sums.python = sums.python * fading + python * ms
      sums.waiting = sums.waiting * fading + waiting * ms
      sums.outside = sums.outside * fading + (looked.length - python - waiting) * ms
    }
  }

  get stats(): GilStats {
    const { python, waiting, outside } = this.#recent
    const share = waiting / Math.max(python + waiting + outside, 1)
    const { enabled, culprit } = this.#source.gil
    const isBound = this.#looks >= ENOUGH && share >= BOUND
    return {
      enabled,
      enabledBy: culprit,
      pythonMs: Math.round(this.#total.python),
      waitingMs: Math.round(this.#total.waiting),
      outsideMs: Math.round(this.#total.outside),
      waitingShare: Math.round(share * 1000) / 1000,
      isBound,
      advice: isBound ? this.#advice(culprit) : null,
    }
  }

  #advice(culprit: string | null): string {
    if (culprit !== null)
      return `Importing ${culprit} turned the GIL on: without it, or in isolation 'process', workers run in parallel`
    return this.#isShared ? SHARE_LESS : COMPETE_LESS
  }
}

const SHARE_LESS =
  "The workers share one GIL and wait for it. In isolation 'subinterpreter' (Python 3.13 and newer) or 'process', or on a" +
  ' free-threaded build of Python, they run in parallel; otherwise fewer workers are as fast'
const COMPETE_LESS =
  'Calls wait for other threads of their own worker: threads that Python code starts, or coroutines that compute. More workers' +
  ' take such work off each other'
