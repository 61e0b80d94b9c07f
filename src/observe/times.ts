import { createHistogram } from 'node:perf_hooks'

/**
 * How times are distributed, in milliseconds. Percentiles have three digits; the others are exact.
 */
export interface TimesSummary {
  /** How many times were measured. When none were, the other fields are 0. */
  readonly count: number
  /** The mean. */
  readonly mean: number
  /** The median: half of the times are not longer. */
  readonly p50: number
  /** Nine in ten times are not longer. */
  readonly p90: number
  /** 99 in 100 times are not longer. */
  readonly p99: number
  /** The longest time. */
  readonly max: number
}

/**
 * Collects times. Count, mean and maximum are exact; percentiles have three significant figures,
 * and are rounded to microseconds.
 */
export class Times {
  readonly #histogram = createHistogram()
  #count = 0
  #sum = 0
  #max = 0

  record(ms: number): void {
    this.#count++
    this.#sum += ms
    this.#max = Math.max(this.#max, ms)
    this.#histogram.record(Math.max(1, Math.round(ms * 1000)))
  }

  get summary(): TimesSummary {
    const [count, max] = [this.#count, this.#max]
    const at = (percent: number) =>
      count === 0 ? 0 : Math.min(max, this.#histogram.percentile(percent) / 1000)
    return {
      count,
      mean: count === 0 ? 0 : this.#sum / count,
      p50: at(50),
      p90: at(90),
      p99: at(99),
      max,
    }
  }
}
