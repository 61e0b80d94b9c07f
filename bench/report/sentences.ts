// Sentences of README.md whose figures and names come from a file of results, as those of the
// tables do.
import { DRIVERS } from '../drivers/index.ts'
import type { CellResult, Results } from '../lib/results.ts'
import { digits, scaleOf, shown } from './numbers.ts'

/** One metric of one scenario, and what a document calls it. */
export interface Column {
  readonly title: string
  readonly scenario: string
  readonly metric: string
}

/** What a lock around each call costs: the question that pythreads began with. */
export function lockSentence(results: Results): string {
  const rate = (driver: string, metric: string) => {
    const median = cellsOf(results, { scenario: 'seed', metric }).find(
      (cell) => cell.driver === driver,
    )?.summary?.median
    return median === undefined ? '-' : Number(median.toPrecision(3)).toLocaleString('en-US')
  }
  const waiting = (metric: string) => rate('pythreads-thread', metric)
  const threads = (metric: string) => rate('pythreads-free-threaded', metric)
  return `20 callers whose calls each wait 1 ms in Python, as for a database, make **${waiting('slow, locked')} calls a second**
behind a lock of their own and **${waiting('slow')}** without one. 20 \`worker_threads\` that call \`json.dumps\`
in a Python without a GIL make ${threads('threads, locked')} behind a lock and **${threads('threads')}** without.
`
}

/** Where the best peer is ahead of the best isolation of pythreads. */
export function leadersSentence(results: Results, columns: readonly Column[]): string {
  const leads = columns.flatMap((column) => {
    const cells = cellsOf(results, column)
    const [first] = cells
    if (first === undefined) return []
    const best = (ours: boolean) => bestOf(cells.filter((cell) => isOurs(cell) === ours))
    const [peer, mine] = [best(false), best(true)]
    if (peer === undefined || mine === undefined || bestOf([peer, mine]) === mine) return []
    const [theirs, own] = [peer, mine].map((cell) => figure(cell, cells))
    return `- ${column.title}: ${peer.driver}, ${theirs}; pythreads, ${own}\n`
  })
  return leads.length === 0 ? 'No peer is ahead in these.\n' : leads.join('')
}

function cellsOf(
  { cells }: Results,
  { scenario, metric }: Pick<Column, 'scenario' | 'metric'>,
): readonly CellResult[] {
  return cells.filter(
    (cell) => cell.scenario === scenario && cell.metric === metric && cell.summary !== undefined,
  )
}

function isOurs({ driver }: CellResult): boolean | undefined {
  return DRIVERS.find(({ name }) => name === driver)?.ours
}

function bestOf(cells: readonly CellResult[]): CellResult | undefined {
  const sign = cells[0]?.better === 'less' ? 1 : -1
  return [...cells].sort((a, b) => sign * ((a.summary?.median ?? 0) - (b.summary?.median ?? 0)))[0]
}

function figure(cell: CellResult, cells: readonly CellResult[]): string {
  const median = cell.summary?.median ?? Number.NaN
  if (cell.unit === 'x') return digits(median)
  return shown(
    median,
    scaleOf(
      cell.unit,
      cells.filter((one) => isOurs(one) !== undefined).map((one) => one.summary?.median ?? 0),
    ),
  )
}
