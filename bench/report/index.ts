// What the benchmark asks for: the page of a file of results, beside that file.
import { readFileSync, writeFileSync } from 'node:fs'
import type { Results } from '../lib/results.ts'
import { SCENARIOS } from '../scenarios/index.ts'
import { reportOf } from './page.ts'

/** @throws where the file is none that `npm run bench` wrote */
export function readResults(file: string): Results {
  const results = JSON.parse(readFileSync(file, 'utf8')) as Partial<Results>
  if (!Array.isArray(results.cells))
    throw new Error(`${file} holds no cells: a report is made of the results of \`npm run bench\``)
  return results as Results
}

/** Returns the path of the page. */
export async function saveReport(results: Results, file: string): Promise<string> {
  const page = `${file.replace(/\.json$/, '')}.html`
  writeFileSync(page, await reportOf(results, questionOf))
  return page
}

export function questionOf(scenario: string): string {
  return SCENARIOS.find(({ name }) => name === scenario)?.question ?? ''
}
