// A figure as a part of a page: title, chart, what is to be said of it, and its table.
import type { CellResult } from '../lib/results.ts'
import type { Figure } from './figures/figure.ts'
import { type Html, html } from './html.ts'
import { legendOf } from './legend.ts'
import { tableOf } from './table.ts'

/** @param id Of this figure alone in its page. */
export async function drawn(figure: Figure, id: string, all: readonly CellResult[]): Promise<Html> {
  const table = html`<details><summary>All figures</summary>${tableOf(figure.cells, all)}</details>`
  return await chartOf(figure, id, table)
}

/** Without its table, or with it. */
export async function chartOf(figure: Figure, id: string, table?: Html): Promise<Html> {
  const svg = await figure.draw?.(`${id}-title ${id}-text`)
  const chart =
    svg === undefined
      ? html`<p class="note">Nothing was measured.</p>`
      : html`<div class="scroll chart" tabindex="0" role="region" aria-labelledby="${id}-title">${svg}</div>`
  const notes = figure.notes.map(
    ({ text, isTrouble }) => html`<p class="note${isTrouble ? ' bad' : ''}">${text}</p>`,
  )
  return html`<figure id="${id}"><figcaption><h3 id="${id}-title">${figure.title}</h3><p id="${id}-text">${figure.description}</p></figcaption>
${legendOf(figure.legend)}${chart}${notes}${table}</figure>\n`
}
