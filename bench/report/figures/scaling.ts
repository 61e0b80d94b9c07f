// How figures grow with a number in the names of the metrics: a line for each driver, a chart for
// each kind.

import { middle } from '../../lib/measure.ts'
import { type CellResult, isFloor } from '../../lib/results.ts'
import { infoOf } from '../../lib/verdicts.ts'
import { linesChart, type Series } from '../charts/lines.ts'
import { type Scale, scaleOf, unitInWords } from '../numbers.ts'
import { colourOf } from '../theme.ts'
import { barFigures } from './bars.ts'
import { capitalised, type Figure, type LegendItem, type Subject } from './figure.ts'
import { KINDS, kindOf } from './groups.ts'
import { notesOf } from './notes.ts'

const COUNTED = /^(\d+) (worker|caller)s?$/
const CEILING = /^ceiling (\d+)$/
const LEGEND: LegendItem = {
  symbol: 'line',
  colour: 'reference',
  text: 'as many plain processes, the ceiling',
}

export function scalingFigures(subject: Subject): Figure[] {
  const drawn = subject.cells.filter(
    ({ metric, driver }) => (COUNTED.test(metric) || CEILING.test(metric)) && !isFloor(driver),
  )
  const kinds = (Object.keys(KINDS) as (keyof typeof KINDS)[]).map((kind) =>
    drawn.filter(({ driver }) => kindOf(driver) === kind),
  )
  // One scale for all of them, so that they can be told side by side.
  const scale = scaleOf(
    '/s',
    drawn.flatMap(({ summary }) => summary?.median ?? []),
  )
  const used = new Set(drawn.map(({ metric }) => metric))
  return [
    ...kinds.filter((cells) => cells.length > 0).map((cells) => figureOf(subject, cells, scale)),
    ...barFigures(subject, (metric) => !used.has(metric)),
  ]
}

function figureOf({ name }: Subject, cells: readonly CellResult[], scale: Scale): Figure {
  const [, , what = 'worker'] =
    cells.flatMap(({ metric }) => [COUNTED.exec(metric)]).find((match) => match !== null) ?? []
  const drivers = [...new Set(cells.map(({ driver }) => driver))]
  const series = drivers
    .map((driver) => seriesOf(driver, cells, scale))
    .filter(({ points }) => points.length > 0)
  const xs = [...new Set(cells.flatMap(({ metric }) => numberIn(COUNTED, metric)))].sort(
    (a, b) => a - b,
  )
  const reference = ceilingOf(cells, scale)
  const kind = KINDS[kindOf(drivers[0] ?? '')]
  const single = series.some(({ points }) => points.length === 1) && xs.length > 1
  const figure = {
    title: `More ${what}s, ${kind}`,
    description: `${capitalised(unitInWords(scale))} over the number of ${what}s, more is better.${single ? ` One point alone: it has one ${what}, whatever is asked for.` : ''} (${name})`,
    legend: reference === undefined ? [] : [LEGEND],
    notes: notesOf(
      cells.filter(
        ({ machine, metric }) => machine !== true && numberIn(COUNTED, metric)[0] === xs[0],
      ),
    ),
    cells,
  }
  if (series.length === 0) return figure
  const chart = { series, xs, ...(reference === undefined ? {} : { reference }) }
  return { ...figure, draw: (labelled) => linesChart(chart, labelled) }
}

function seriesOf(driver: string, cells: readonly CellResult[], { by }: Scale): Series {
  const points = cells.flatMap((cell) => {
    const [x] = numberIn(COUNTED, cell.metric)
    if (cell.driver !== driver || x === undefined || cell.summary === undefined) return []
    const { median, min, max } = cell.summary
    return [{ x, y: median / by, low: min / by, high: max / by }]
  })
  return {
    label: driver,
    colour: colourOf(driver),
    ours: infoOf(driver)?.ours === true,
    points: points.sort((a, b) => a.x - b.x),
  }
}

/** In the middle of what was measured beside each driver. */
function ceilingOf(cells: readonly CellResult[], { by }: Scale): Series | undefined {
  const all = new Map<number, number[]>()
  for (const { metric, summary } of cells) {
    const [x] = numberIn(CEILING, metric)
    if (x !== undefined && summary !== undefined)
      all.set(x, [...(all.get(x) ?? []), summary.median / by])
  }
  if (all.size === 0) return undefined
  const points = [...all].map(([x, values]) => ({
    x,
    y: middle(values),
    low: middle(values),
    high: middle(values),
  }))
  return {
    label: 'plain processes',
    colour: 'reference',
    ours: false,
    points: points.sort((a, b) => a.x - b.x),
  }
}

function numberIn(pattern: RegExp, metric: string): number[] {
  const [, count] = pattern.exec(metric) ?? []
  return count === undefined ? [] : [Number(count)]
}
