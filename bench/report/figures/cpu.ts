import { barFigures } from './bars.ts'
import { capitalised, type Figure, type Subject } from './figure.ts'
import { pairFigure } from './pairs.ts'

const TOGETHER = ['speed-up', 'ceiling', 'of the ceiling']

/** The speed-up of each driver against what plain processes did just before and just after it. */
export function cpuFigures(subject: Subject): Figure[] {
  const title = `${capitalised(subject.question)}: speed-up`
  const description =
    'Times as fast as one plain process, more is better. The line is what two of them did just before and after: the ceiling. (d-cpu)'
  const columns = [['speed-up', 'speed-up'] as const, ['of ceiling', 'of the ceiling'] as const]
  const legend = 'two plain processes, the ceiling'
  const pair = pairFigure(subject, {
    title,
    description,
    bar: 'speed-up',
    against: 'ceiling',
    legend,
    columns,
  })
  return [pair, ...barFigures(subject, (metric) => !TOGETHER.includes(metric))]
}
