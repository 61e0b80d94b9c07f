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

/** Collects times with a resolution of a microsecond. */
export class Times {
  readonly #histogram = createHistogram()

  record(ms: number): void {
    this.#histogram.record(Math.max(1, Math.round(ms * 1000)))
  }

  get summary(): TimesSummary {
    const { count, mean, max } = this.#histogram
    const ms = (us: number) => us / 1000
    const at = (percent: number) => (count === 0 ? 0 : ms(this.#histogram.percentile(percent)))
    return { count, mean: count === 0 ? 0 : ms(mean), p50: at(50), p90: at(90), p99: at(99), max: count === 0 ? 0 : ms(max) }
  }
}
