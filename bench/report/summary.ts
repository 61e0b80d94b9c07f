// Every target, with its figure and whether it is met; what this run did not measure, too.
import { DRIVERS } from '../drivers/index.ts'
import type { CellResult } from '../lib/results.ts'
import { targetOf } from '../lib/targets.ts'
import { floorOf, keyOf, type Verdict, verdictOf } from '../lib/verdicts.ts'
import { SCENARIOS } from '../scenarios/index.ts'
import { firstLine } from './figures/notes.ts'
import { type Html, html } from './html.ts'
import { ratio, scaleOf, shown } from './numbers.ts'
import { verdictText } from './table.ts'

interface Judged {
  readonly cell: CellResult
  readonly verdict: Verdict
}

export function summaryOf(cells: readonly CellResult[]): Html {
  const judged = cells.flatMap((cell) => {
    const verdict = verdictOf(cell, cells)
    return verdict?.target === undefined ? [] : [{ cell, verdict }]
  })
  const count = (met: boolean) =>
    judged.filter(({ verdict, cell }) => cell.summary !== undefined && verdict.met === met).length
  const open = judged.length - count(true) - count(false)
  const keys = [...new Set(judged.map(({ cell }) => keyOf(cell)))]
  const groups = keys.map((key) =>
    groupOf(
      judged.filter(({ cell }) => keyOf(cell) === key),
      cells,
    ),
  )
  return html`<section id="targets"><h2>Targets</h2>
<p class="lead"><strong>${count(true)}</strong> met, <strong>${count(false)}</strong> missed${open === 0 ? '' : html`, <strong>${open}</strong> cannot be said`}.
A ratio is to the best peer of the same kind, in-process or out of process; above 1 is better, whether more or less is better.</p>
<div class="scroll" tabindex="0" role="region" aria-label="Targets"><table class="targets">
<thead><tr><th scope="col">what, with which isolation</th><th scope="col">figure</th><th scope="col">plain Python</th><th scope="col">best peer</th><th scope="col" class="text">which is</th><th scope="col">ratio</th><th scope="col" class="text">target</th><th scope="col" class="text"></th></tr></thead>
${groups}</table></div>${unmeasured(cells)}</section>`
}

function groupOf(judged: readonly Judged[], cells: readonly CellResult[]): Html {
  const [head] = judged
  if (head === undefined) return html``
  const { scenario, metric } = head.cell
  const question = SCENARIOS.find(({ name }) => name === scenario)?.question
  const medians = judged.flatMap(({ cell, verdict }) =>
    [cell.summary?.median ?? [], verdict.peer?.summary?.median ?? []].flat(),
  )
  const scale = scaleOf(head.cell.unit, medians)
  const lines = judged.map(({ cell, verdict: { peer, ratio: times, target, met } }) => {
    const figure =
      cell.summary === undefined ? notMeasured(cell) : shown(cell.summary.median, scale)
    const floor = floorOf(cell, cells)?.summary?.median
    return html`<tr><th scope="row">${cell.driver}</th><td class="${cell.summary === undefined ? 'text' : ''}">${figure}</td><td>${floor === undefined ? '' : shown(floor, scale)}</td>
<td>${peer?.summary === undefined ? '' : shown(peer.summary.median, scale)}</td><td class="text">${peer?.driver}</td>
<td>${times === undefined ? '' : ratio(times)}</td><td class="text">${target}</td><td class="text">${verdictText(cell.summary === undefined ? undefined : met)}</td></tr>\n`
  })
  return html`<tbody><tr class="group"><th scope="rowgroup" colspan="8">${scenario}, ${metric}${question === undefined ? '' : html` <span class="muted">${question}</span>`}</th></tr>
${lines}</tbody>`
}

function notMeasured({ notOffered, errors }: CellResult): Html {
  if (notOffered !== undefined) return html`<span class="muted">not offered</span>`
  return html`<span class="bad">failed: ${firstLine(errors?.[0])}</span>`
}

/** Targets of scenarios that are not in the file. */
function unmeasured(cells: readonly CellResult[]): Html | undefined {
  const there = new Set(cells.map(keyOf))
  const ours = DRIVERS.filter((driver) => driver.ours)
  const missing = SCENARIOS.flatMap(({ name, metrics }) =>
    Object.keys(metrics)
      .filter(
        (metric) =>
          !there.has(`${name}/${metric}`) &&
          ours.some((driver) => targetOf(name, metric, driver) !== undefined),
      )
      .map((metric) => `${name} (${metric})`),
  )
  return missing.length === 0
    ? undefined
    : html`<p class="note">Targets that this run did not measure: ${missing.join(', ')}.</p>`
}
