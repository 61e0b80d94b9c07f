// The tables of figures in README and docs: what stands between `<!-- bench NAME -->` and `<!-- /bench -->` is made of a file of results.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DRIVERS } from '../drivers/index.ts'
import { ROOT } from '../lib/folders.ts'
import { type CellResult, FLOORS, isFloor, type Results } from '../lib/results.ts'
import { digits, scaleOf, shown } from './numbers.ts'

/** The files that have such tables. */
const DOCUMENTS: readonly string[] = ['README.md', 'docs/performance.md'].map((path) => join(ROOT, path))

interface Column {
  readonly title: string
  readonly scenario: string
  readonly metric: string
}

const column = (title: string, scenario: string, metric: string): Column => ({ title, scenario, metric })

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
}

const BLOCK = /(<!-- bench (\w+) -->\n)[\s\S]*?(<!-- \/bench -->)/g

/** Writes the tables anew; answers the files. */
export function saveDocuments(results: Results): readonly string[] {
  for (const file of DOCUMENTS) writeFileSync(file, withTables(readFileSync(file, 'utf8'), results))
  return DOCUMENTS
}

/** A text with its tables made of these results. @throws for a table that there is not */
export function withTables(text: string, results: Results): string {
  return text.replace(BLOCK, (_, begin: string, name: string, end: string) => {
    const columns = TABLES[name]
    if (columns === undefined) throw new Error(`There is no table "${name}". There are: ${Object.keys(TABLES).join(', ')}`)
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
  return [['', ...columns.map(({ title }) => title)], columns.map(() => ' --- ').concat(' --- '), ...rows]
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
