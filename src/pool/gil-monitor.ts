import type { Activity } from '../platform/index.ts'
import type { Gil } from '../worker/index.ts'
import type { GilStats } from './stats.ts'

/** The time between two looks at the workers, while calls run. */
const EVERY_MS = 50
/** The most workers that one look reads. */
const MOST = 32
/** Each look multiplies the earlier sums by this, so that the last seconds decide. */
const FADING = 0.98
/** The number of looks before the GIL is judged at all. */
const ENOUGH = 20
/** The pool counts as bound by the GIL if its workers wait for it for this share of the time. */
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
 * Estimates what workers do with their time from what the system says of their threads (see
 * `platform/thread-state.ts`). Python is not asked, because it would need the GIL to reply. Costs
 * nothing while no calls run.
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

  /** Looks at the workers while calls run. */
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
    // Several threads of one interpreter may seem to run Python; only one of them has the GIL.
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
