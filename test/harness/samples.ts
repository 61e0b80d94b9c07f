import { readdirSync, readFileSync } from 'node:fs'

/** What a process holds at a moment. */
type Sample = Readonly<Record<string, number>>

/** Looks at what this process and others hold from time to time, and says what grew. */
export class Samples {
  readonly #taken: { readonly at: number; readonly sample: Sample }[] = []
  #at = 0

  /** What this process holds now. */
  static now(): Sample {
    return own()
  }

  /** `at`: how far the run is, such as the number of calls; else the number of the sample. */
  take(at: number = this.#at++, more: Sample = {}): void {
    ;(globalThis as { gc?: () => void }).gc?.()
    this.#taken.push({ at, sample: { ...own(), ...more } })
  }

  /**
   * How much of each thing came or went from the first third to the last one, by a line through the
   * samples; the first third is warm-up.
   */
  growth(): Record<string, number> {
    const late = this.#taken.slice(Math.floor(this.#taken.length / 3))
    const first = late[0]
    const last = late.at(-1)
    if (first === undefined || last === undefined || late.length < 3) return {}
    const names = Object.keys(first.sample)
    return Object.fromEntries(
      names.map((name) => [
        name,
        slope(late.map(({ at, sample }) => [at, sample[name] ?? 0])) * (last.at - first.at),
      ]),
    )
  }

  /** As {@link growth}, with where each began and ended, for people. */
  slopes(): Record<string, string> {
    const [first, last] = [this.#taken[0], this.#taken.at(-1)]
    return Object.fromEntries(
      Object.entries(this.growth()).map(([name, growth]) => [
        name,
        `${shown(first?.sample[name])} to ${shown(last?.sample[name])}, after warming up ${growth < 0 ? '' : '+'}${shown(growth)}`,
      ]),
    )
  }
}

function shown(value: number = Number.NaN): string {
  return String(Math.round(value * 10) / 10)
}

/** What this process holds; megabytes and counts. */
function own(): Sample {
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage()
  return {
    ...{
      'rss MB': rss / 2 ** 20,
      'heap MB': heapUsed / 2 ** 20,
      'external MB': external / 2 ** 20,
      'arrays MB': arrayBuffers / 2 ** 20,
    },
    ...{
      descriptors: count('/proc/self/fd'),
      handles: process.getActiveResourcesInfo().length,
      threads: count('/proc/self/task'),
    },
  }
}

/** What another process holds. */
export function ofProcess(pid: number): Sample {
  const rss = /VmRSS:\s+(\d+)/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0
  return {
    'rss MB': Number(rss) / 1024,
    descriptors: count(`/proc/${pid}/fd`),
    threads: count(`/proc/${pid}/task`),
  }
}

function count(folder: string): number {
  try {
    return readdirSync(folder).length
  } catch {
    return 0
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

/** The slope of the line that is nearest to some points. */
function slope(points: readonly (readonly [number, number])[]): number {
  const mean = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / values.length
  const [x, y] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))]
  const across = points.reduce((sum, [at]) => sum + (at - x) ** 2, 0)
  return across === 0
    ? 0
    : points.reduce((sum, [at, value]) => sum + (at - x) * (value - y), 0) / across
}
