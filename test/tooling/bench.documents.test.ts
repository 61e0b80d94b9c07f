// Why: a figure in a document is one that the benchmark measured. What stands between the marks of
// README.md and of pages in docs/ is what bench/report/documents.ts makes of
// bench/results/latest.json, so nobody can write another one there. To mend: `npm run bench --
// --report bench/results/latest.json --publish`.
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { summarize } from '../../bench/lib/statistics.ts'
import { DOCUMENTS, withTables } from '../../bench/report/documents.ts'
import { readResults } from '../../bench/report/index.ts'
import { RESULTS } from '../support/bench-results.ts'

const root = new URL('../..', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')

it.each(DOCUMENTS)('the figures of %s are those of the results', (path) => {
  const text = read(path)
  expect(text).toMatch(/<!-- bench \w+ -->\n/)
  expect(withTables(text, readResults(new URL('bench/results/latest.json', root).pathname))).toBe(
    text,
  )
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
  expect(
    lines.filter((line) => line.startsWith('|')).every((line) => line.split('|').length === 8),
  ).toBe(true)
})

it('refuses a table that there is not', () => {
  expect(() => withTables('<!-- bench nothing -->\n<!-- /bench -->', RESULTS)).toThrow(
    'There is no table "nothing"',
  )
})

it('a sentence has the figures of a lock, rounded, and a dash where there are none', () => {
  const results = readResults(new URL('bench/results/latest.json', root).pathname)
  const sentence = (from: typeof results) =>
    withTables('<!-- bench lock -->\n<!-- /bench -->', from)
  expect(sentence(results).match(/\*\*[\d,]+( calls a second)?\*\*/g)).toHaveLength(3)
  expect(sentence({ ...results, cells: [] })).toContain('**- calls a second**')
})

it('peers are named where they are ahead, whether more or less is better, and not elsewhere', () => {
  const named = (
    ...cells: [scenario: string, metric: string, driver: string, median: number][]
  ) => {
    const made = cells.map(([scenario, metric, driver, median]) => ({
      ...{ scenario, metric, driver, unit: metric === 'loop lag' ? 'ms' : '/s' },
      ...{
        better: metric === 'loop lag' ? ('less' as const) : ('more' as const),
        summary: summarize([median]),
      },
    }))
    return withTables('<!-- bench leaders -->\n<!-- /bench -->', { ...RESULTS, cells: made })
      .split('\n')
      .slice(1, -1)
  }
  expect(
    named(
      ['a-sync', 'calls/s', 'pythreads-thread', 200],
      ['a-sync', 'calls/s', 'pythreads-process', 100],
      ['a-sync', 'calls/s', 'pymport', 300],
      ['a-sync', 'calls/s', 'plain-python', 900],
      ['d-cpu', 'loop lag', 'pythreads-thread', 3],
      ['d-cpu', 'loop lag', 'pythonia', 2],
      ['b-one-at-a-time', 'calls/s', 'pythreads-process', 50],
      ['b-one-at-a-time', 'calls/s', 'pythonia', 40],
    ),
  ).toEqual([
    '- sync calls: pymport, 300 /s; pythreads, 200 /s',
    '- loop lag meanwhile: pythonia, 2.00 ms; pythreads, 3.00 ms',
  ])
  expect(named(['a-sync', 'calls/s', 'pythreads-thread', 200])).toEqual([
    'No peer is ahead in these.',
  ])
})
