// The first thing to see: the best of ours in what matters most.
import type { CellResult } from '../lib/results.ts'
import { goodness, verdictOf } from '../lib/verdicts.ts'
import { type Html, html } from './html.ts'
import { ratio, scaleOf, shown } from './numbers.ts'

const HEADLINES: readonly (readonly [scenario: string, metric: string, text: string])[] = [
  ['a-sync', 'calls/s', 'calls that wait, on one thread'],
  ['c-20-callers', 'calls/s', 'awaited calls of 20 callers'],
  ['d-cpu', 'of the ceiling', 'of what two plain processes compute'],
  ['f-array-out', 'sync', 'for 8 MB of numpy as a Float64Array'],
  ['start', 'of start', 'from start to the first result'],
]

export function tilesOf(cells: readonly CellResult[]): Html | undefined {
  const tiles = HEADLINES.flatMap(([scenario, metric, text]) => {
    const ours = cells.filter(
      (cell) =>
        cell.scenario === scenario &&
        cell.metric === metric &&
        verdictOf(cell, cells) !== undefined,
    )
    const [best] = ours
      .filter(({ summary }) => summary !== undefined)
      .sort((a, b) => goodness(b) - goodness(a))
    if (best?.summary === undefined) return []
    const verdict = verdictOf(best, cells)
    const against =
      verdict?.ratio === undefined ? '' : `, ${ratio(verdict.ratio)} ${verdict.peer?.driver}`
    const { median } = best.summary
    return [
      html`<li><b>${shown(median, scaleOf(best.unit, [median]))}</b><span>${text}</span><span>${best.driver}${against}</span></li>`,
    ]
  })
  return tiles.length === 0 ? undefined : html`<ul class="tiles">${tiles}</ul>`
}
