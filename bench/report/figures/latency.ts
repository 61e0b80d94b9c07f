// A line for each driver, from its median call to its slowest one.
import type { CellResult } from '../../lib/results.ts'
import { type Point, rowsChart } from '../charts/rows.ts'
import { digits, scaleOf, shown } from '../numbers.ts'
import { barFigures } from './bars.ts'
import type { Figure, LegendItem, Note, Subject } from './figure.ts'
import { groupsOf } from './groups.ts'
import { notesOf } from './notes.ts'

const WHO = { 'one caller': 'One caller', '20 callers': '20 callers' } as const
const SHARES: Readonly<Record<string, Omit<Point, 'value'>>> = {
  p50: { shape: 'circle' },
  p90: { shape: 'circle', small: true },
  p99: { shape: 'circle', hollow: true },
  'p99.9': { shape: 'stroke' },
  max: { shape: 'diamond' },
}
const COLUMNS = ['p50', 'p99', 'max']

const LEGEND: readonly LegendItem[] = [
  { symbol: 'dot', colour: 'peer', text: 'p50' },
  { symbol: 'small', colour: 'peer', text: 'p90' },
  { symbol: 'ring', colour: 'peer', text: 'p99' },
  { symbol: 'tick', colour: 'peer', text: 'p99.9' },
  { symbol: 'diamond', colour: 'peer', text: 'the slowest call' },
]

export function latencyFigures(subject: Subject): Figure[] {
  const { cells } = subject
  const there = Object.entries(WHO).filter(([who]) =>
    cells.some(({ metric }) => metric === `${who}, p50`),
  )
  const figures = there.map(([who, title]) =>
    figureOf(who, `${title}: from the median call to the slowest`, cells),
  )
  const used = new Set(figures.flatMap((figure) => figure.cells.map(({ metric }) => metric)))
  return [...figures, ...barFigures(subject, (metric) => !used.has(metric))]
}

function figureOf(who: string, title: string, all: readonly CellResult[]): Figure {
  const shares = new Set(Object.keys(SHARES).map((share) => `${who}, ${share}`))
  const cells = all.filter(
    ({ metric }) => shares.has(metric) || (metric === 'clock' && who === 'one caller'),
  )
  const medians = cells.filter(({ metric }) => metric === `${who}, p50`)
  const find = (driver: string, share: string) =>
    cells.find((cell) => cell.driver === driver && cell.metric === `${who}, ${share}`)?.summary
      ?.median
  const groups = groupsOf(medians, ({ driver }) => {
    const points = Object.entries(SHARES).flatMap(([share, look]): Point[] => {
      const value = find(driver, share)
      return value === undefined || value <= 0 ? [] : [{ value, ...look }]
    })
    const values = points.map(({ value }) => value)
    return {
      points,
      spread: [Math.min(...values), Math.max(...values)],
      columns: COLUMNS.map((share) => textOf(find(driver, share))),
    }
  })
  return {
    title,
    description: `Milliseconds, less is better; the scale is logarithmic. (latency, ${who})`,
    legend: LEGEND,
    notes: [...clock(cells), ...notesOf(medians)],
    cells,
    ...(groups.length === 0
      ? {}
      : {
          draw: (labelled) =>
            rowsChart(
              {
                groups,
                log: true,
                columns: COLUMNS.map((share) => `${share}, ms`),
                columnWidth: 56,
              },
              labelled,
            ),
        }),
  }
}

function textOf(value: number | undefined): string {
  return value === undefined ? '' : digits(value)
}

function clock(cells: readonly CellResult[]): Note[] {
  const values = cells.flatMap(({ metric, summary }) =>
    metric === 'clock' ? (summary?.median ?? []) : [],
  )
  if (values.length === 0) return []
  return [
    {
      text: `Of each time, reading the clock is ${shown(Math.max(...values), scaleOf('ms', []))} at most.`,
      isTrouble: false,
    },
  ]
}
