import type { Cell } from './cells.ts'
import { NODES, PYTHONS } from './cells.ts'

/** One isolation of a cell, as `test/smoke/smoke.mjs --json` prints it. */
export interface IsolationResult {
  readonly isolation: string
  /** The version of Python; empty where no worker started. */
  readonly python?: string
  readonly passed: readonly string[]
  readonly failed: readonly { readonly name: string; readonly error: string }[]
  readonly left: readonly { readonly name: string; readonly why: string }[]
  /** Why this Python cannot provide the isolation. */
  readonly refused?: string
}

export interface CellResult extends Cell {
  /** Why the cell did not run. */
  readonly missing?: string
  /** The version of Node. */
  readonly release?: string
  readonly results: readonly IsolationResult[]
}

export type Outcome = 'not there' | 'passed' | 'failed'

export function outcomeOf({ missing, results }: CellResult): Outcome {
  if (missing !== undefined) return 'not there'
  const ran = results.filter(({ refused }) => refused === undefined)
  return ran.length > 0 && ran.every(({ failed }) => failed.length === 0) ? 'passed' : 'failed'
}

/** What failed in a cell, a sentence for each isolation. */
export function failuresOf({ results }: CellResult): string[] {
  return results
    .filter(({ failed }) => failed.length > 0)
    .map(({ isolation, failed }) => `${isolation}: ${failed.map(({ name }) => name).join(', ')}`)
}

/** The table of these cells in Markdown: a row for each Python, a column for each Node. */
export function tableOf(cells: readonly CellResult[]): string {
  const nodes = NODES.filter((node) => cells.some((cell) => cell.node === node))
  const pythons = PYTHONS.filter((python) => cells.some((cell) => cell.python === python))
  const rows = pythons.map((python) => {
    const ofPython = cells.filter((cell) => cell.python === python)
    const columns = nodes.map((node) => textOf(ofPython.find((cell) => cell.node === node)))
    return [nameOf(python, ofPython), isolationsOf(ofPython), numpyOf(ofPython), ...columns]
  })
  const releases = nodes.map((node) => {
    const ran = cells.find((cell) => cell.node === node && cell.release !== undefined)
    return `Node ${ran?.release ?? node}`
  })
  const head = ['Python', 'isolations', 'numpy', ...releases]
  const line = (columns: readonly string[]) => `| ${columns.join(' | ')} |`
  return [head, head.map(() => '---'), ...rows].map(line).join('\n')
}

function textOf(cell: CellResult | undefined): string {
  if (cell === undefined) return 'not run'
  const outcome = outcomeOf(cell)
  return outcome === 'failed' ? `**failed** (${failuresOf(cell).join('; ')})` : outcome
}

function nameOf(python: string, cells: readonly CellResult[]): string {
  const release = cells
    .flatMap(({ results }) => results)
    .find((result) => (result.python ?? '') !== '')?.python
  const suffix = python.endsWith('t') ? 't' : ''
  return release === undefined ? python : `${release}${suffix}`
}

function isolationsOf(cells: readonly CellResult[]): string {
  const ran = cells.find(({ results }) => results.length > 0)?.results ?? []
  return ran
    .filter(({ refused }) => refused === undefined)
    .map(({ isolation }) => isolation)
    .join(', ')
}

function numpyOf(cells: readonly CellResult[]): string {
  const ran = cells
    .flatMap(({ results }) => results)
    .filter(({ isolation }) => isolation === 'process')
  if (ran.length === 0) return ''
  return ran.every(({ passed }) => passed.includes('numpy')) ? 'yes' : 'no'
}
