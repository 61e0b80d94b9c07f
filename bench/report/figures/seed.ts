import { barFigures } from './bars.ts'
import type { Figure, Subject } from './figure.ts'
import { pairFigure } from './pairs.ts'

const PAIRS: Readonly<Record<string, string>> = {
  callers: '20 callers of json.dumps',
  slow: '20 callers, and 1 ms of waiting in each call',
  threads: '20 worker threads that wait for their answers',
}

/** Each measurement with and without a lock around every call. */
export function seedFigures(subject: Subject): Figure[] {
  const { cells } = subject
  const there = Object.keys(PAIRS).filter((metric) => cells.some((cell) => cell.metric === metric))
  const figures = there.map((metric) => {
    const description = `Calls a second without a lock, more is better. The line is the same with a lock. (seed, ${metric})`
    const columns = [['no lock', metric] as const, ['locked', `${metric}, locked`] as const]
    const against = `${metric}, locked`
    return pairFigure(subject, {
      title: PAIRS[metric] ?? metric,
      description,
      bar: metric,
      against,
      legend: 'with a lock',
      columns,
    })
  })
  const used = new Set(there.flatMap((metric) => [metric, `${metric}, locked`]))
  return [...figures, ...barFigures(subject, (metric) => !used.has(metric))]
}
