// Why: a figure in a document is one that the benchmark measured. What stands between the marks of README.md and docs/performance.md
// is what bench/report/documents.ts makes of bench/results/latest.json, so nobody can write another one there.
// To mend: `npm run bench -- --report bench/results/latest.json --publish`.
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { withTables } from '../bench/report/documents.ts'
import { readResults } from '../bench/report/index.ts'
import { RESULTS } from './support/bench-results.ts'

const root = new URL('..', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')

it.each(['README.md', 'docs/performance.md'])('the tables of %s are those of the results', (path) => {
  const text = read(path)
  expect(text).toMatch(/<!-- bench \w+ -->\n\| /)
  expect(withTables(text, readResults(new URL('bench/results/latest.json', root).pathname))).toBe(text)
})

it('the results are of a complete run, and say nothing of the folders of a machine', () => {
  const { settings, cells } = readResults(new URL('bench/results/latest.json', root).pathname)
  expect(settings.full).toBe(true)
  expect(new Set(cells.map(({ scenario }) => scenario)).size).toBeGreaterThan(15)
  expect(read('bench/results/latest.json')).not.toMatch(/"\/(?!s")|\/(root|home|tmp|work)\//)
})

it('a table has a line for each driver, with what failed and what is not offered', () => {
  const text = withTables('before\n<!-- bench calls -->\nold\n<!-- /bench -->\nafter\n', RESULTS)
  const lines = text.split('\n')
  expect(lines.slice(0, 2)).toEqual(['before', '<!-- bench calls -->'])
  expect(lines.at(-2)).toBe('after')
  expect(lines).not.toContain('old')
  const row = (driver: string) => lines.find((line) => line.startsWith(`| ${driver} |`))
  expect(row('pythreads-thread')).toContain('432 k/s')
  expect(lines.filter((line) => line.startsWith('|')).every((line) => line.split('|').length === 8)).toBe(true)
})

it('refuses a table that there is not', () => {
  expect(() => withTables('<!-- bench nothing -->\n<!-- /bench -->', RESULTS)).toThrow('There is no table "nothing"')
})
