// The figures of a chart, one line for each cell.
import type { CellResult } from '../lib/results.ts'
import { verdictOf } from '../lib/verdicts.ts'
import { type Html, html } from './html.ts'
import { digits, range, ratio, type Scale, scaleOf, shown } from './numbers.ts'

export function tableOf(cells: readonly CellResult[], all: readonly CellResult[]): Html {
  const several = new Set(cells.map(({ metric }) => metric)).size > 1
  const scales = scalesOf(cells)
  const line = (cell: CellResult) => {
    const metric = several ? html`<td class="text">${cell.metric}</td>` : undefined
    return html`<tr><th scope="row">${cell.driver}</th>${metric}${figuresOf(cell, scales.get(cell.unit), all)}</tr>\n`
  }
  return html`<div class="scroll" tabindex="0" role="region" aria-label="All figures"><table class="figures">
<thead><tr><th scope="col">driver</th>${several ? html`<th scope="col" class="text">metric</th>` : undefined}<th scope="col">median</th><th scope="col">least … most</th>
<th scope="col"><abbr title="median distance from the median">MAD</abbr></th><th scope="col">rounds</th><th scope="col">vs best peer</th><th scope="col" class="text">target</th></tr></thead>
<tbody>${cells.map(line)}</tbody></table></div>`
}

function figuresOf(cell: CellResult, scale: Scale | undefined, all: readonly CellResult[]): Html {
  const { summary, notOffered, errors } = cell
  if (summary === undefined || scale === undefined) {
    return notOffered === undefined
      ? html`<td colspan="6" class="bad text long">failed: ${errors?.[0]}</td>`
      : html`<td colspan="6" class="muted text long">not offered: ${notOffered}</td>`
  }
  const verdict = verdictOf(cell, all)
  const against = verdict?.ratio === undefined ? '' : ratio(verdict.ratio)
  const rounds =
    errors === undefined
      ? summary.values.length
      : html`${summary.values.length}, <span class="bad">${errors.length} failed</span>`
  return html`<td>${shown(summary.median, scale)}</td><td>${range(summary.min, summary.max, scale)}</td><td>${digits(summary.mad / scale.by)}</td>
<td>${rounds}</td><td>${against}</td><td class="text">${verdict?.target === undefined ? '' : html`${verdict.target}: ${verdictText(verdict.met)}`}</td>`
}

/** One for each unit, so that what is one below the other can be compared. */
function scalesOf(cells: readonly CellResult[]): Map<string, Scale> {
  const units = [...new Set(cells.map(({ unit }) => unit))]
  const medians = (unit: string) =>
    cells.flatMap((cell) => (cell.unit === unit ? (cell.summary?.median ?? []) : []))
  return new Map(units.map((unit) => [unit, scaleOf(unit, medians(unit))]))
}

/** Never by its colour alone. */
export function verdictText(met: boolean | undefined): Html {
  if (met === undefined) return html`<span class="muted">cannot be said</span>`
  return met ? html`<span class="good">✓ met</span>` : html`<span class="bad">✗ missed</span>`
}
