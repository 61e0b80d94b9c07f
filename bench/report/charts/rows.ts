// A line for each driver: its name, a bar or points, and its figures in columns.
import type { Data, Spec } from 'vega'
import type { Html } from '../html.ts'
import { type Colour, colour } from '../theme.ts'
import { bars, caps, LINE_HEIGHT, leader, references, spread, symbols, texts } from './row-marks.ts'
import { logTicks, quiet, svgOf } from './svg.ts'

export interface Point {
  readonly value: number
  readonly shape: 'circle' | 'stroke' | 'diamond'
  readonly hollow?: true
  readonly small?: true
}

export interface Row {
  readonly label: string
  readonly colour: Colour
  /** Set apart from the others. */
  readonly ours: boolean
  /** From 0 to here. */
  readonly bar?: number
  readonly points?: readonly Point[]
  /** From the least to the most. */
  readonly spread?: readonly [low: number, high: number]
  /** What it is held against. */
  readonly reference?: number
  readonly columns?: readonly string[]
  /** Instead of figures. */
  readonly failure?: string
}

/** Lines under a heading; one without a text has none. */
export interface Group {
  readonly title: string
  readonly rows: readonly Row[]
}

export interface RowsChart {
  readonly groups: readonly Group[]
  /** For what is far apart. There are no bars then: they have to begin at 0. */
  readonly log: boolean
  /** The heads of the columns between the names and the bars, where a narrow screen shows them. */
  readonly columns: readonly string[]
  readonly columnWidth: number
}

const NAMES = 184
const WIDTH = 540
/** What points and whiskers at an end need. */
const MARGIN = 24
const GAP = 12
const TICKS = 5

export async function rowsChart(chart: RowsChart, labelled: string): Promise<Html> {
  return await svgOf(rowsSpec(chart), labelled)
}

function rowsSpec(chart: RowsChart): Spec {
  const lines = linesOf(chart.groups)
  const left = NAMES + chart.columnWidth * chart.columns.length + GAP
  const width = WIDTH - left - MARGIN
  const height = lines.length * LINE_HEIGHT
  const domain = domainOf(chart)
  const values = chart.log ? logTicks(...domain) : undefined
  const headed = chart.columns.some((title) => title !== '')
  return {
    width,
    height,
    autosize: 'none',
    padding: { left, right: MARGIN, top: headed ? 20 : 4, bottom: 24 },
    data: dataOf(lines, chart, left),
    scales: [
      { name: 'y', type: 'band', domain: lines.map(({ key }) => key), range: 'height' },
      chart.log
        ? { name: 'x', type: 'log', domain, range: [MARGIN, width] }
        : { name: 'x', type: 'linear', domain, range: 'width', nice: TICKS, zero: true },
    ],
    axes: [
      quiet({
        orient: 'bottom',
        scale: 'x',
        grid: true,
        format: ',~r',
        ...(values === undefined ? { tickCount: TICKS } : { values }),
      }),
    ],
    marks: [
      ...(chart.log ? [leader(width)] : []),
      bars(),
      ...references(),
      spread(),
      ...caps(),
      symbols(),
      ...texts(left),
    ],
  }
}

interface Line {
  readonly key: string
  readonly title?: string
  readonly row?: Row
}

function linesOf(groups: readonly Group[]): Line[] {
  return groups.flatMap(({ title, rows }, index) => [
    ...(title === '' ? [] : [{ key: `group ${index}`, title }]),
    ...rows.map((row) => ({ key: `${index} ${row.label}`, row })),
  ])
}

function domainOf({ groups, log }: RowsChart): [number, number] {
  const rows = groups.flatMap((group) => group.rows)
  const all = rows.flatMap(({ bar = [], points = [], spread = [], reference = [] }) =>
    [bar, points.map(({ value }) => value), spread, reference].flat(),
  )
  if (!log) return [Math.min(0, ...all), Math.max(0, ...all) || 1]
  const positive = all.filter((value) => value > 0)
  const [low, high] = [Math.min(...positive), Math.max(...positive)]
  return low < high ? [low, high] : [low / 2, low * 2]
}

function dataOf(lines: readonly Line[], { columns, columnWidth }: RowsChart, left: number): Data[] {
  const rows = lines.flatMap(({ key, row }) =>
    row === undefined ? [] : [{ key, row, fill: colour(row.colour) }],
  )
  const place = (index: number) => NAMES - left + (index + 1) * columnWidth
  return [
    {
      name: 'titles',
      values: lines.flatMap(({ key, title }) => (title === undefined ? [] : [{ key, title }])),
    },
    {
      name: 'rows',
      values: rows.map(({ key, row }) => ({
        key,
        label: row.label,
        weight: row.ours ? 'bold' : 'normal',
        fill: row.ours ? colour(row.colour) : colour('text'),
      })),
    },
    {
      name: 'bars',
      values: rows.flatMap(({ key, fill, row: { bar } }) =>
        bar === undefined ? [] : [{ key, fill, value: bar }],
      ),
    },
    {
      name: 'points',
      values: rows.flatMap(({ key, fill, row: { points = [] } }) =>
        points.map((point) => ({
          key,
          stroke: fill,
          fill: point.hollow ? colour('page') : fill,
          ...point,
        })),
      ),
    },
    {
      name: 'spreads',
      values: rows.flatMap(({ key, fill, row: { spread, bar } }) =>
        spread === undefined || spread[0] === spread[1]
          ? []
          : [
              {
                key,
                low: spread[0],
                high: spread[1],
                stroke: bar === undefined ? fill : colour('text'),
              },
            ],
      ),
    },
    {
      name: 'references',
      values: rows.flatMap(({ key, row: { reference } }) =>
        reference === undefined ? [] : [{ key, value: reference }],
      ),
    },
    {
      name: 'figures',
      values: rows.flatMap(({ key, row }) =>
        (row.columns ?? []).map((text, index) => ({
          key,
          text,
          x: place(index),
          weight: row.ours ? 'bold' : 'normal',
        })),
      ),
    },
    {
      name: 'failures',
      values: rows.flatMap(({ key, row: { failure } }) =>
        failure === undefined ? [] : [{ key, text: failure }],
      ),
    },
    { name: 'heads', values: columns.map((text, index) => ({ text, x: place(index) })) },
  ]
}
