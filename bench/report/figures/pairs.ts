// Two metrics of each driver: a bar, and a line that it is held against.
import type { CellResult } from '../../lib/results.ts'
import { rowsChart } from '../charts/rows.ts'
import { digits, scaleOf } from '../numbers.ts'
import type { Figure, Subject } from './figure.ts'
import { groupsOf } from './groups.ts'
import { notesOf } from './notes.ts'

export interface Pair {
  readonly title: string
  readonly description: string
  readonly bar: string
  readonly against: string
  /** What the line is. */
  readonly legend: string
  /** The columns: the head of each, and the metric. */
  readonly columns: readonly (readonly [head: string, metric: string])[]
}

export function pairFigure({ cells }: Subject, pair: Pair): Figure {
  const used = new Set([pair.bar, pair.against, ...pair.columns.map(([, metric]) => metric)])
  const mine = cells.filter(({ metric }) => used.has(metric))
  const bars = mine.filter(({ metric }) => metric === pair.bar)
  const scale = scaleOf(bars[0]?.unit ?? '', medians(mine, bars[0]?.unit))
  const find = (cell: CellResult, metric: string) =>
    mine.find((one) => one.driver === cell.driver && one.metric === metric)
  const scaleFor = (unit: string) => (unit === bars[0]?.unit ? scale : scaleOf(unit, []))
  const text = (cell: CellResult | undefined) =>
    cell?.summary === undefined ? '' : digits(cell.summary.median / scaleFor(cell.unit).by)
  const head = ([title, metric]: readonly [string, string]) => {
    const unit = mine.find((cell) => cell.metric === metric)?.unit
    return unit === undefined ? title : `${title}, ${scaleFor(unit).unit}`
  }
  const groups = groupsOf(bars, (cell, { median, min, max }) => {
    const against = find(cell, pair.against)?.summary?.median
    return {
      bar: median / scale.by,
      spread: [min / scale.by, max / scale.by],
      ...(against === undefined ? {} : { reference: against / scale.by }),
      columns: pair.columns.map(([, metric]) => text(find(cell, metric))),
    }
  })
  return {
    title: pair.title,
    description: pair.description,
    legend: [
      { symbol: 'stroke', colour: 'reference', text: pair.legend },
      { symbol: 'span', colour: 'text', text: 'least to most' },
    ],
    notes: notesOf(bars),
    cells: mine,
    ...(groups.length === 0
      ? {}
      : {
          draw: (labelled) =>
            rowsChart(
              { groups, log: false, columns: pair.columns.map(head), columnWidth: 76 },
              labelled,
            ),
        }),
  }
}

function medians(cells: readonly CellResult[], unit: string | undefined): number[] {
  return cells.flatMap((cell) => (cell.unit === unit ? (cell.summary?.median ?? []) : []))
}
