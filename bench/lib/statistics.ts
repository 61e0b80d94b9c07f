import { middle } from './measure.ts'

/** Rounds of one number. */
export interface Summary {
  readonly values: readonly number[]
  readonly median: number
  readonly min: number
  readonly max: number
  /** The median distance from the median. */
  readonly mad: number
}

export function summarize(values: readonly number[]): Summary {
  const median = middle(values)
  const mad = middle(values.map((value) => Math.abs(value - median)))
  return { values, median, min: Math.min(...values), max: Math.max(...values), mad }
}

const RESAMPLES = 4_000
/** 95 of 100 such intervals hold the ratio. */
const TAIL = 0.025

/** The ratio of the medians of two samples, and its bootstrap interval. */
export function ratioOfMedians(
  now: readonly number[],
  then: readonly number[],
): { ratio: number; low: number; high: number } {
  const random = generator(now.length * 31 + then.length)
  const draw = (values: readonly number[]) =>
    middle(values.map(() => values[Math.floor(random() * values.length)] ?? Number.NaN))
  const ratios = Array.from({ length: RESAMPLES }, () => draw(now) / draw(then)).sort(
    (a, b) => a - b,
  )
  const at = (share: number) => ratios[Math.floor(share * (RESAMPLES - 1))] ?? Number.NaN
  return { ratio: middle(now) / middle(then), low: at(TAIL), high: at(1 - TAIL) }
}

/** The same interval for the same values: mulberry32. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
