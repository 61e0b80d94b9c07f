/** Profiles of the last 10,000 kinds of calls are kept, and of as many before those. */
const MAX_KNOWN = 10_000
/** A short call holds its worker's thread no longer than this. */
const SHORT_US = 200
/** A brief call holds its worker's thread no longer than this. */
const BRIEF_US = 10_000
/** After this number of short calls in a row, the next call is expected to be short too. */
const ENOUGH_IN_A_ROW = 8
/** A worker is sent this much work ahead, so that its thread need not wait for JavaScript. */
const BACKLOG_US = 1_000
const MAX_DEPTH = 64
/** A tiny call takes Python less time than JavaScript needs to make the next one. */
const TINY_US = 10
/** Tiny calls queue at a busy worker up to this much work: waking another worker takes longer. */
const BATCH_US = 200

/**
 * `'tiny'`: less than it takes to make the call. `'short'`: well below a millisecond. `'brief'`: a
 * few milliseconds at most.
 */
export type Expected = 'tiny' | 'short' | 'brief' | 'long'

interface CallProfile {
  /** How many of the last calls in a row were short. */
  shortInARow: number
  /** How many of the last calls in a row were brief. */
  briefInARow: number
  /** The mean time of the calls; recent calls weigh more. */
  meanUs: number
}

/**
 * Learns how long calls of each kind hold a worker's thread; Python reports the time of each call.
 * A kind is the name of a target. A worker gets several calls at once only where all of them are
 * expected to be short. A coroutine counts only until its first `await`.
 */
export class CallProfiles {
  /**
   * Two generations: when `#recent` is full, it becomes `#older`. A kind that is used again moves
   * back, so names that are used once do not push out names that are used often.
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

  /** How many calls of this kind go to one busy worker before another is woken; 0: none. */
  batchDepth(key: string | undefined): number {
    const profile = key === undefined ? undefined : this.#find(key)
    if (profile === undefined || profile.shortInARow < ENOUGH_IN_A_ROW || profile.meanUs >= TINY_US)
      return 0
    return Math.min(MAX_DEPTH, Math.floor(BATCH_US / Math.max(profile.meanUs, 1)))
  }

  /** How long a call of this kind is expected to take; `'long'` for an unknown kind. */
  expected(key: string | undefined): Expected {
    const profile = key === undefined ? undefined : this.#find(key)
    if (profile === undefined || profile.briefInARow < ENOUGH_IN_A_ROW) return 'long'
    if (profile.shortInARow < ENOUGH_IN_A_ROW || profile.meanUs * 2 > BACKLOG_US) return 'brief'
    return profile.meanUs < TINY_US ? 'tiny' : 'short'
  }

  /** The most calls of this kind that a worker may have at once. */
  pipelineDepth(key: string | undefined): number {
    const profile = key === undefined ? undefined : this.#find(key)
    if (profile === undefined || profile.shortInARow < ENOUGH_IN_A_ROW) return 1
    return Math.max(1, Math.min(MAX_DEPTH, Math.floor(BACKLOG_US / Math.max(profile.meanUs, 1))))
  }
}

/** Of workers that get one call at a time, however short: nothing is learnt. */
export class NoProfiles extends CallProfiles {
  override learn(): void {}
}
