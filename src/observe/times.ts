import { createHistogram } from 'node:perf_hooks'

/** How some times are distributed, in milliseconds. */
export interface TimesSummary {
  readonly count: number
  readonly mean: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
}

/** Collects times. Count, mean and maximum are exact; percentiles have three figures, and no more than microseconds. */
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
    const at = (percent: number) => (count === 0 ? 0 : Math.min(max, this.#histogram.percentile(percent) / 1000))
    return { count, mean: count === 0 ? 0 : this.#sum / count, p50: at(50), p90: at(90), p99: at(99), max }
  }
}
