/** How many kinds of calls are remembered, at least. */
const MAX_KNOWN = 10_000
/** A call that holds its worker's thread no longer than this is a short one. */
const SHORT_US = 200
/** One that holds it no longer than this is a brief one. */
const BRIEF_US = 10_000
/** After so many short ones in a row, and none since that was longer, the next one is expected to be short. */
const TRUSTED = 8
/** How much work may stand behind a call, so that neither side waits for the other. */
const BACKLOG_US = 1_000
const MAX_WINDOW = 64
/** A call that takes less holds its worker no longer than it takes JavaScript to make it: one worker does all of them. */
const TINY_US = 10
/** How much work tiny calls may have before them, rather than that another worker is woken. */
const GATHERED_US = 200

interface Pace {
  /** How many calls in a row were short. */
  row: number
  /** How many in a row were brief. */
  briefRow: number
  /** What they took, the recent ones counting most. */
  meanUs: number
}

/**
 * How long calls of each kind hold a worker's thread, learnt from what Python reports. A worker gets several calls at once
 * only where all are expected to be short. A coroutine holds the thread only while it begins.
 */
export class Paces {
  /** Kinds that were seen lately, and those before them: names that are used once push nobody out who is used again. */
  #paces = new Map<string, Pace>()
  #older = new Map<string, Pace>()

  learn(key: string, us: number): void {
    const pace = this.#find(key) ?? { row: 0, briefRow: 0, meanUs: us }
    pace.row = us <= SHORT_US ? pace.row + 1 : 0
    pace.briefRow = us <= BRIEF_US ? pace.briefRow + 1 : 0
    pace.meanUs += (us - pace.meanUs) / TRUSTED
    if (this.#paces.has(key)) return
    if (this.#paces.size >= MAX_KNOWN) {
      this.#older = this.#paces
      this.#paces = new Map()
    }
    this.#paces.set(key, pace)
  }

  #find(key: string): Pace | undefined {
    return this.#paces.get(key) ?? this.#older.get(key)
  }

  /** How many calls of this kind a worker gets before another one is woken; 0: none. */
  gathered(key: string | undefined): number {
    const pace = key === undefined ? undefined : this.#find(key)
    if (pace === undefined || pace.row < TRUSTED || pace.meanUs >= TINY_US) return 0
    return Math.min(MAX_WINDOW, Math.floor(GATHERED_US / Math.max(pace.meanUs, 1)))
  }

  /** Whether calls of this kind take a few milliseconds at most. */
  isBrief(key: string | undefined): boolean {
    const pace = key === undefined ? undefined : this.#find(key)
    return pace !== undefined && pace.briefRow >= TRUSTED
  }

  /** How many calls of this kind a worker may have at once. */
  window(key: string | undefined): number {
    const pace = key === undefined ? undefined : this.#find(key)
    if (pace === undefined || pace.row < TRUSTED) return 1
    return Math.max(1, Math.min(MAX_WINDOW, Math.floor(BACKLOG_US / Math.max(pace.meanUs, 1))))
  }
}
