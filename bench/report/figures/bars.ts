// One metric: bars from 0, or points where the figures are far apart; plain Python as a line
// across.
import { middle } from '../../lib/measure.ts'
import { type CellResult, FLOORS, isFloor } from '../../lib/results.ts'
import { floorOf } from '../../lib/verdicts.ts'
import { rowsChart } from '../charts/rows.ts'
import { type Scale, scaleOf, shown, unitInWords } from '../numbers.ts'
import { capitalised, type Figure, type LegendItem, type Note, type Subject } from './figure.ts'
import { groupsOf } from './groups.ts'
import { notesOf } from './notes.ts'

/**
 * From so much between the least and the most on, or between the one in the middle and the most,
 * bars would hide the others.
 */
const MUCH = 80
const MUCH_OF_MOST = 8
/** Plain Python is not drawn where it would press all others to the edge. */
const FAR = 2.5

export const FLOOR: LegendItem = {
  symbol: 'stroke',
  colour: 'reference',
  text: 'plain Python, without a bridge',
}
const SPREAD: LegendItem = { symbol: 'span', colour: 'text', text: 'least to most' }

/** A figure for each metric of a scenario, or for some of them. */
export function barFigures(
  { name, question, cells }: Subject,
  which: (metric: string) => boolean = () => true,
): Figure[] {
  const metrics = [...new Set(cells.map(({ metric }) => metric))]
  return metrics.filter(which).map((metric) => {
    const what = question === '' ? name : capitalised(question)
    const title = metrics.length === 1 && question !== '' ? what : `${what}: ${metric}`
    return barFigure(
      title,
      name,
      cells.filter((cell) => cell.metric === metric),
    )
  })
}

export function barFigure(title: string, name: string, cells: readonly CellResult[]): Figure {
  const drawn = cells.filter(({ driver, summary }) => !isFloor(driver) && summary !== undefined)
  const medians = drawn.flatMap(({ summary }) => summary?.median ?? [])
  const scale = scaleOf(cells[0]?.unit ?? '', medians)
  const log = isFarApart(medians)
  const reach = log
    ? Number.POSITIVE_INFINITY
    : FAR * Math.max(...drawn.map(({ summary }) => summary?.max ?? 0))
  const reference = (cell: CellResult) => {
    const floor = floorOf(cell, cells)?.summary?.median
    return floor === undefined || floor > reach ? undefined : floor / scale.by
  }
  const hasReference = drawn.some((cell) => reference(cell) !== undefined)
  const groups = groupsOf(cells, (cell, { median, min, max }) => {
    const value = median / scale.by
    const floor = reference(cell)
    return {
      ...(log ? { points: [{ value, shape: 'circle' }] } : { bar: value }),
      spread: [min / scale.by, max / scale.by],
      ...(floor === undefined ? {} : { reference: floor }),
      columns: [shown(median, scale)],
    }
  })
  const figure = {
    title,
    description: `${capitalised(unitInWords(scale))}, ${reading(cells[0], log)} (${name}, ${cells[0]?.metric})`,
    legend: [...(hasReference ? [FLOOR] : []), SPREAD],
    notes: [...beyond(cells, reach, scale), ...notesOf(cells)],
    cells,
  }
  return groups.length === 0
    ? figure
    : {
        ...figure,
        draw: (labelled) => rowsChart({ groups, log, columns: [''], columnWidth: 72 }, labelled),
      }
}

function isFarApart(values: readonly number[]): boolean {
  const [least, most] = [Math.min(...values), Math.max(...values)]
  return least > 0 && (most / least >= MUCH || most / middle(values) >= MUCH_OF_MOST)
}

function reading(head: CellResult | undefined, log: boolean): string {
  const better =
    head?.machine === true ? 'of the machine: nothing to compare' : `${head?.better} is better`
  return `${better}${log ? '; the scale is logarithmic' : ''}.`
}

/** Plain Python where it is too far away to be drawn. */
function beyond(cells: readonly CellResult[], reach: number, scale: Scale): Note[] {
  const far = Object.values(FLOORS).flatMap((name) => {
    const median = cells.find(({ driver }) => driver === name)?.summary?.median
    return median === undefined || median <= reach ? [] : [`${name} ${shown(median, scale)}`]
  })
  return far.length === 0
    ? []
    : [{ text: `Beyond the chart: ${far.join(', ')}.`, isTrouble: false }]
}
