// The main figures as a picture, for a page that cannot hold the report.
import type { Results } from '../lib/results.ts'
import { chartOf } from './drawn.ts'
import { barFigures } from './figures/bars.ts'
import { cpuFigures } from './figures/cpu.ts'
import type { Figure, Subject } from './figures/figure.ts'
import { type Html, html } from './html.ts'
import { STYLE } from './style.ts'

const FIGURES: readonly (readonly [
  scenario: string,
  title: string,
  draw: (subject: Subject) => readonly Figure[],
])[] = [
  ['a-sync', 'Calls that wait', barFigures],
  ['b-one-at-a-time', 'Awaited calls, one caller', barFigures],
  ['c-20-callers', 'Awaited calls, 20 callers', barFigures],
  ['d-cpu', 'Pure Python on two workers', cpuFigures],
]

/** @throws where the results have none of it */
export async function posterOf({ cells, revision, machine, pythons }: Results): Promise<string> {
  const charts: Html[] = []
  for (const [name, title, draw] of FIGURES) {
    const [figure] = draw({
      name,
      question: title,
      cells: cells.filter(({ scenario }) => scenario === name),
    })
    if (figure?.draw !== undefined && figure.cells.length > 0)
      charts.push(await chartOf({ ...figure, title }, name))
  }
  if (charts.length === 0)
    throw new Error(
      `There is nothing to show: none of ${FIGURES.map(([name]) => name).join(', ')} was measured`,
    )
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><link rel="icon" href="data:,"><title>pythreads and its peers</title><style>${STYLE}
body { width: 1180px; max-width: none; padding: 1.5rem 2rem; } .figures-grid { margin-top: 0; gap: 1.75rem 3rem; }</style></head><body>
<div class="figures-grid">${charts}</div>
<p class="note">Revision ${revision}, ${machine.cpus} × ${machine.model}, Node ${machine.node.replace('v', '')}, Python ${pythons.main.release}</p></body></html>
`
  return page.text
}
