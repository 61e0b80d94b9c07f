// The whole report: one file, which asks the network for nothing and runs no script.
import type { Results } from '../lib/results.ts'
import { drawn } from './drawn.ts'
import type { LegendItem } from './figures/figure.ts'
import { headOf, takingPart } from './head.ts'
import { html } from './html.ts'
import { legendOf } from './legend.ts'
import { type Section, sectionsOf } from './sections.ts'
import { STYLE } from './style.ts'
import { summaryOf } from './summary.ts'
import { tilesOf } from './tiles.ts'
import { troublesOf } from './troubles.ts'

const LEGEND: readonly LegendItem[] = [
  { symbol: 'bar', colour: 'thread', text: 'pythreads, threads' },
  { symbol: 'bar', colour: 'subinterpreter', text: 'interpreters with a GIL each' },
  { symbol: 'bar', colour: 'free-threaded', text: 'threads without a GIL' },
  { symbol: 'bar', colour: 'process', text: 'processes' },
  { symbol: 'bar', colour: 'peer', text: 'peers' },
  { symbol: 'stroke', colour: 'reference', text: 'what they are held against' },
]

export async function reportOf(
  results: Results,
  questionOf: (scenario: string) => string,
): Promise<string> {
  const { cells } = results
  const sections = sectionsOf(cells, questionOf)
  const parts: (typeof STYLE)[] = []
  for (const section of sections) parts.push(await sectionOf(section, results))
  const troubles = troublesOf(cells)
  const links = [
    ['targets', 'Targets'],
    ...sections.map(({ id, title }) => [id, title]),
    ['peers', 'Who takes part'],
  ]
  if (troubles !== undefined) links.push(['failed', 'What failed'])
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<title>pythreads, measured at ${results.revision}</title><style>${STYLE}</style></head><body>
${headOf(results)}
${tilesOf(cells)}
<nav aria-label="Sections"><ul>${links.map(([id, title]) => html`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>
${legendOf(LEGEND)}
<main>${summaryOf(cells)}
${parts}
${takingPart(results)}
${troubles}</main></body></html>
`
  return page.text
}

async function sectionOf(
  { id, title, text, figures }: Section,
  { cells }: Results,
): Promise<typeof STYLE> {
  const parts: (typeof STYLE)[] = []
  for (const [index, figure] of figures.entries())
    parts.push(await drawn(figure, `${id}-${index + 1}`, cells))
  return html`<section id="${id}"><h2>${title}</h2><p class="lead">${text}</p><div class="figures-grid">${parts}</div></section>\n`
}
