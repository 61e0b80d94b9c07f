// Every failure with its whole text, once.
import type { CellResult } from '../lib/results.ts'
import { type Html, html } from './html.ts'

export function troublesOf(cells: readonly CellResult[]): Html | undefined {
  const troubles = new Map<
    string,
    { readonly driver: string; readonly error: string; readonly scenarios: Set<string> }
  >()
  for (const { driver, scenario, errors = [] } of cells) {
    for (const error of errors) {
      const key = `${driver} ${error}`
      const known = troubles.get(key) ?? { driver, error, scenarios: new Set() }
      known.scenarios.add(scenario)
      troubles.set(key, known)
    }
  }
  if (troubles.size === 0) return undefined
  return html`<section id="failed"><h2>What failed</h2>
${[...troubles.values()].map(({ driver, error, scenarios }) => html`<h3>${driver} <span class="muted">in ${[...scenarios].join(', ')}</span></h3><pre tabindex="0">${error}</pre>`)}</section>`
}
