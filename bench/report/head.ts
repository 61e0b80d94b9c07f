// When, where and with what was measured.
import { DRIVERS } from '../drivers/index.ts'
import type { CellResult, Results } from '../lib/results.ts'
import { type Html, html } from './html.ts'

const PYTHONS = {
  main: 'for nearly everything',
  subinterpreter: 'for interpreters with a GIL each',
  freeThreaded: 'without a GIL',
} as const

export function headOf(results: Results): Html {
  const { at, revision, machine, settings } = results
  const facts: readonly (readonly [string, string])[] = [
    ['measured', `${at.slice(0, 16).replace('T', ' ')} UTC`],
    ['revision', revision],
    ['machine', `${machine.cpus} × ${machine.model}`],
    ['load before', machine.load.map((one) => one.toFixed(1)).join(', ')],
    ['Node', machine.node],
    ['rounds', `${settings.rounds} of ${settings.ms} ms${settings.full ? '' : ', the quick set'}`],
  ]
  return html`<header><h1>pythreads and its peers, measured</h1>
<p class="lead">How fast TypeScript calls Python: pythreads in each isolation beside other libraries that do it. Each cell is a fresh process, rounds are
interleaved, and what is shown is the median.</p>
<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl></header>`
}

export function takingPart({ pythons, peers, cells }: Results): Html {
  const lines = Object.entries(PYTHONS).map(([name, what]) => {
    const python = pythons[name as keyof typeof PYTHONS]
    const release =
      python === null
        ? html`<span class="muted">there is none</span>`
        : `${python.release}${python.freeThreaded ? 't' : ''}`
    return html`<tr><th scope="row">${what}</th><td class="text">${release}</td></tr>`
  })
  const others = DRIVERS.filter(({ ours }) => !ours).map(({ name, kind, peer }) => {
    const state = peer === undefined ? undefined : peers[peer]
    const version = peer === undefined ? 'of Node itself' : (state?.version ?? '')
    return html`<tr><th scope="row">${name}</th><td class="text">${version}</td><td class="text">${kind.replaceAll('-', ' ')}</td>
<td class="text long">${stateOf(
      cells.filter(({ driver }) => driver === name),
      state?.error ?? null,
    )}</td></tr>\n`
  })
  return html`<section id="peers"><h2>Who takes part</h2><div class="sides">
<div class="scroll" tabindex="0" role="region" aria-label="Peers"><table><thead><tr><th scope="col">peer</th><th scope="col" class="text">version</th><th scope="col" class="text">kind</th><th scope="col" class="text"></th></tr></thead><tbody>${others}</tbody></table></div>
<div class="scroll" tabindex="0" role="region" aria-label="Pythons"><table><thead><tr><th scope="col">Python</th><th scope="col" class="text">release</th></tr></thead><tbody>${lines}</tbody></table></div></div></section>`
}

function stateOf(cells: readonly CellResult[], error: string | null): Html {
  if (error !== null) return html`<span class="bad">not installed: ${error}</span>`
  if (cells.length === 0) return html`<span class="muted">did not take part in this run</span>`
  const failed = new Set(
    cells.filter(({ errors }) => errors !== undefined).map(({ scenario }) => scenario),
  )
  return failed.size === 0
    ? html`measured`
    : html`<span class="bad">failed in ${[...failed].join(', ')}</span>`
}
