// The figures in README and docs: what stands between `<!-- bench NAME -->` and `<!-- /bench -->`
// is made of a file of results.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DRIVERS } from '../drivers/index.ts'
import { ROOT } from '../lib/folders.ts'
import { type CellResult, FLOORS, isFloor, type Results } from '../lib/results.ts'
import { digits, scaleOf, shown } from './numbers.ts'
import { type Column, leadersSentence, lockSentence } from './sentences.ts'

/** The documents with such figures, relative to the repository. */
export const DOCUMENTS: readonly string[] = ['README.md', 'docs/pattern.md', 'docs/performance.md']

const column = (title: string, scenario: string, metric: string): Column => ({
  title,
  scenario,
  metric,
})

const TABLES: Readonly<Record<string, readonly Column[]>> = {
  calls: [
    column('sync calls', 'a-sync', 'calls/s'),
    column('one at a time', 'b-one-at-a-time', 'calls/s'),
    column('20 callers', 'c-20-callers', 'calls/s'),
    column('CPU: of the ceiling', 'd-cpu', 'of the ceiling'),
    column('loop lag meanwhile', 'd-cpu', 'loop lag'),
  ],
  data: [
    column('8 MB in + sum, sync', 'e-array-in', 'sync'),
    column('asynchronous', 'e-array-in', 'async'),
    column('allocated by pythreads', 'e-array-in', 'allocated'),
    column('8 MB out, sync', 'f-array-out', 'sync'),
    column('asynchronous', 'f-array-out', 'async'),
    column('list of 1e6 floats out', 'results', 'list of 1,000,000'),
  ],
  costs: [
    column('start to first result', 'start', 'of start'),
    column('one more worker', 'memory', 'one more'),
    column('a call that waits', 'queue', 'bytes'),
    column('callback there and back', 'callback', 'async'),
    column('map of small items', 'map', 'items/s'),
  ],
  seed: [
    column('`json.dumps`, locked', 'seed', 'callers, locked'),
    column('`json.dumps`', 'seed', 'callers'),
    column('waits 1 ms, locked', 'seed', 'slow, locked'),
    column('waits 1 ms', 'seed', 'slow'),
    column('`worker_threads`, locked', 'seed', 'threads, locked'),
    column('`worker_threads`', 'seed', 'threads'),
  ],
}

const SENTENCES: Readonly<Record<string, (results: Results) => string>> = {
  lock: lockSentence,
  leaders: (results) =>
    leadersSentence(results, [
      ...(TABLES['calls'] ?? []),
      column('start to first result', 'start', 'of start'),
    ]),
}

const BLOCK = /(<!-- bench (\w+) -->\n)[\s\S]*?(<!-- \/bench -->)/g

/** Writes the figures anew, and returns the paths of the documents. */
export function saveDocuments(results: Results): readonly string[] {
  const files = DOCUMENTS.map((path) => join(ROOT, path))
  for (const file of files) writeFileSync(file, withTables(readFileSync(file, 'utf8'), results))
  return files
}

/**
 * A text with its tables and sentences made of these results. @throws for a name that does not
 * exist
 */
export function withTables(text: string, results: Results): string {
  return text.replace(BLOCK, (_, begin: string, name: string, end: string) => {
    const columns = TABLES[name]
    const sentence = SENTENCES[name]
    if (sentence !== undefined) return `${begin}${sentence(results)}${end}`
    if (columns === undefined)
      throw new Error(
        `There is no table "${name}". There are: ${Object.keys({ ...TABLES, ...SENTENCES }).join(', ')}`,
      )
    return `${begin}${tableOf(columns, results)}${end}`
  })
}

function tableOf(columns: readonly Column[], { cells }: Results): string {
  const found = columns.map(({ scenario, metric }) =>
    cells.filter((cell) => cell.scenario === scenario && cell.metric === metric),
  )
  const drivers = [...DRIVERS.map(({ name }) => name), FLOORS.main]
  const rows = drivers
    .map((driver) => [driver, ...found.map((block) => entry(driver, block))])
    .filter(([, ...entries]) => entries.some((text) => text !== ''))
  return [
    ['', ...columns.map(({ title }) => title)],
    columns.map(() => ' --- ').concat(' --- '),
    ...rows,
  ]
    .map((row) => `| ${row.map((text) => text.trim()).join(' | ')} |\n`)
    .join('')
}

function entry(driver: string, block: readonly CellResult[]): string {
  const cell = block.find((one) => one.driver === driver)
  if (cell === undefined) return ''
  if (cell.summary === undefined) return cell.errors === undefined ? '-' : 'failed'
  const { unit } = cell
  if (unit === 'x') return digits(cell.summary.median)
  const bridges = block.filter((one) => !isFloor(one.driver))
  const scale = scaleOf(
    unit,
    bridges.flatMap(({ summary }) => (summary === undefined ? [] : [summary.median])),
  )
  return shown(cell.summary.median, scale)
}
