/** How many kinds of calls are remembered, at least. */
const MAX_KNOWN = 10_000
/** A call that holds its worker's thread no longer than this is a short one. */
const SHORT_US = 200
/** One that holds it no longer than this is a brief one. */
const BRIEF_US = 10_000
/**
 * After so many short ones in a row, and none since that was longer, the next one is expected to be
 * short.
 */
const ENOUGH_IN_A_ROW = 8
/** How much work may stand behind a call, so that neither side waits for the other. */
const BACKLOG_US = 1_000
const MAX_DEPTH = 64
/**
 * A call that takes less holds its worker no longer than it takes JavaScript to make it: one worker
 * does all of them.
 */
const TINY_US = 10
/** How much work tiny calls may have before them, rather than that another worker is woken. */
const BATCH_US = 200

/**
 * `'tiny'`: less than it takes to make the call. `'short'`: well below a millisecond. `'brief'`: a
 * few milliseconds at most.
 */
export type Expected = 'tiny' | 'short' | 'brief' | 'long'

interface CallProfile {
  /** How many calls in a row were short. */
  shortInARow: number
  /** How many in a row were brief. */
  briefInARow: number
  /** What they took, the recent ones counting most. */
  meanUs: number
}

/**
 * How long calls of each kind hold a worker's thread, learnt from what Python reports. A worker
 * gets several calls at once only where all are expected to be short. A coroutine holds the thread
 * only while it begins.
 */
export class CallProfiles {
  /**
   * Kinds that were seen lately, and those before them: names that are used once push nobody out
   * who is used again.
   */
  #recent = new Map<string, CallProfile>()
  #older = new Map<string, CallProfile>()

  learn(key: string, us: number): void {
    const profile = this.#find(key) ?? { shortInARow: 0, briefInARow: 0, meanUs: us }
    profile.shortInARow = us <= SHORT_US ? profile.shortInARow + 1 : 0
    profile.briefInARow = us <= BRIEF_US ? profile.briefInARow + 1 : 0
    profile.meanUs += (us - profile.meanUs) / ENOUGH_IN_A_ROW
    if (this.#recent.has(key)) return
    if (this.#recent.size >= MAX_KNOWN) {
      this.#older = this.#recent
      this.#recent = new Map()
    }
    this.#recent.set(key, profile)
  }

  #find(key: string): CallProfile | undefined {
    return this.#recent.get(key) ?? this.#older.get(key)
  }

  /** How many calls of this kind a worker gets before another one is woken; 0: none. */
  batchDepth(key: string | undefined): number {
    const profile = key === undefined ? undefined : this.#find(key)
    if (profile === undefined || profile.shortInARow < ENOUGH_IN_A_ROW || profile.meanUs >= TINY_US)
      return 0
    return Math.min(MAX_DEPTH, Math.floor(BATCH_US / Math.max(profile.meanUs, 1)))
  }

  /** How long a call of this kind is expected to take; `'long'` where nothing is known of it. */
  expected(key: string | undefined): Expected {
    const profile = key === undefined ? undefined : this.#find(key)
    if (profile === undefined || profile.briefInARow < ENOUGH_IN_A_ROW) return 'long'
    if (profile.shortInARow < ENOUGH_IN_A_ROW || profile.meanUs * 2 > BACKLOG_US) return 'brief'
    return profile.meanUs < TINY_US ? 'tiny' : 'short'
  }

  /** How many calls of this kind a worker may have at once. */
  pipelineDepth(key: string | undefined): number {
    const profile = key === undefined ? undefined : this.#find(key)
    if (profile === undefined || profile.shortInARow < ENOUGH_IN_A_ROW) return 1
    return Math.max(1, Math.min(MAX_DEPTH, Math.floor(BACKLOG_US / Math.max(profile.meanUs, 1))))
  }
}
