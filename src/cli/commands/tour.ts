import { availableParallelism } from 'node:os'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { findAll, findPython, type PythonFacts } from '../../discovery/index.ts'
import { Python } from '../../index.ts'
import { choose, ISOLATION_KINDS, type IsolationKind, supportOf } from '../../isolation/index.ts'
import { BUSY, BUSY_SIZE, plainProcesses } from '../ceiling.ts'
import type { Example, Positional } from '../command.ts'
import { EXIT } from '../errors.ts'
import type { Flags } from '../flags.ts'
import { whole } from '../numbers.ts'
import { pythonFlag } from '../pool-flags.ts'

export interface TourFlags {
  python: string | undefined
}

export const name = 'tour'
export const summary = 'show 20 threads that call Python without a lock'
export const positionals: readonly Positional[] = []
export const flags: Flags<TourFlags> = { python: pythonFlag }
export const examples: readonly Example[] = [
  { line: 'pythreads tour', does: 'takes about 15 seconds' },
]

const THREADS = 20
const ROUNDS = 5
const EVERY_MS = 1_000
const MEASURE_MS = 1_000
const COLUMN_WIDTH = 22

/**
 * Shows on one screen what pythreads is for: many threads call Python at once. Returns the exit
 * status, 0 when every result was right.
 */
export async function run({ python }: TourFlags): Promise<number> {
  const { facts } = await findPython(python)
  const first: IsolationKind = supportOf('thread', facts).verdict === 'never' ? 'process' : 'thread'
  console.log(`Python ${facts.release} (${facts.executable}), ${availableParallelism()} cores`)
  console.log(
    first === 'thread'
      ? `${THREADS} threads share one interpreter in this process. Each calls json.dumps once a second, without a lock:\n`
      : `This Python cannot run in this process: it has no libpython. ${THREADS} worker processes call json.dumps once a second:\n`,
  )
  let wrong = await paced(facts, first)
  const workers = Math.max(2, Math.min(availableParallelism(), THREADS))
  const ceiling =
    (await plainProcesses(facts.executable, workers, 0.6)) /
    (await plainProcesses(facts.executable, 1, 0.6))
  const rows: Row[] = []
  for (const isolation of ISOLATION_KINDS) {
    const { verdict, reason } = supportOf(isolation, facts)
    if (verdict === 'never') console.log(`(not ${isolation}: ${reason})`)
    else rows.push(await measure(facts, isolation, workers))
  }
  printTable(rows, workers, ceiling)
  wrong += rows.reduce((sum, row) => sum + row.wrong, 0)
  const choice = await choose(facts, [], [])
  console.log(`\nIsolation 'auto' chooses ${choice.isolation} here:`)
  for (const reason of choice.reasons) console.log(`  ${reason}`)
  await suggestBetter(facts)
  return wrong === 0 ? EXIT.ok : EXIT.failed
}

/** Dumps a dictionary on every thread once a second. Returns the number of wrong results. */
async function paced(facts: PythonFacts, isolation: IsolationKind): Promise<number> {
  const py = await Python.start({ python: facts.executable, isolation, workers: THREADS })
  const width = process.stdout.columns ?? 5 * COLUMN_WIDTH
  const columns = Math.max(1, Math.floor(width / COLUMN_WIDTH))
  let wrong = 0
  for (let round = 0; round < ROUNDS; round++) {
    const next = sleep(EVERY_MS)
    const texts = await Promise.all(
      Array.from({ length: THREADS }, async (_, id) => {
        const text = await py.run<string>('json:dumps', [{ id }], { worker: id })
        if (text !== `{"id": ${id}}`) wrong++
        return `thread ${id}: ${text}`
      }),
    )
    for (let i = 0; i < texts.length; i += columns)
      console.log(
        texts
          .slice(i, i + columns)
          .map((text) => text.padEnd(COLUMN_WIDTH))
          .join('')
          .trimEnd(),
      )
    console.log(`second ${round + 1}: ${texts.length} results`)
    await next
  }
  await py.close()
  return wrong
}

interface Row {
  readonly isolation: string
  readonly dumps: number
  readonly busy: number
  readonly speedup: number
  readonly results: number
  readonly wrong: number
}

/** Measures the same call, and a call that keeps a core busy, as fast as possible. */
async function measure(
  facts: PythonFacts,
  isolation: IsolationKind,
  workers: number,
): Promise<Row> {
  const expected = Array.from({ length: BUSY_SIZE }, (_, i) => i * i).reduce(
    (sum, square) => sum + square,
    0,
  )
  const options = { python: facts.executable, isolation }
  const busyOn = async (py: Python, ms: number) => {
    await py.exec(BUSY)
    return rate(ms, THREADS, async () => (await py.eval`busy(${BUSY_SIZE})`) === expected)
  }
  await using many = await Python.start({ ...options, workers })
  const json = many.import('json')
  const dumps = await rate(
    MEASURE_MS,
    THREADS,
    async (id) => (await json['dumps']?.({ id })) === `{"id": ${id}}`,
  )
  const busy = await busyOn(many, MEASURE_MS)
  await using one = await Python.start({ ...options, workers: 1 })
  const alone = await busyOn(one, MEASURE_MS / 2)
  return {
    isolation,
    dumps: dumps.perSecond,
    busy: busy.perSecond,
    speedup: busy.perSecond / alone.perSecond,
    results: dumps.results + busy.results + alone.results,
    wrong: dumps.wrong + busy.wrong + alone.wrong,
  }
}

/** Calls from several callers at once. `call` returns whether its result was right. */
async function rate(ms: number, callers: number, call: (id: number) => Promise<boolean>) {
  const start = performance.now()
  let results = 0
  let wrong = 0
  await Promise.all(
    Array.from({ length: callers }, async (_, id) => {
      while (performance.now() - start < ms) {
        if (!(await call(id))) wrong++
        results++
      }
    }),
  )
  return { perSecond: results / ((performance.now() - start) / 1000), results, wrong }
}

function printTable(rows: readonly Row[], workers: number, ceiling: number): void {
  const header = [
    'isolation',
    'json.dumps/s',
    'CPU-bound/s',
    `1 -> ${workers} workers`,
    'ceiling',
    'right results',
  ]
  const cells = rows.map((row) => [
    row.isolation,
    whole(row.dumps),
    whole(row.busy),
    `x ${row.speedup.toFixed(2)}`,
    `x ${ceiling.toFixed(2)}`,
    row.wrong === 0
      ? `all ${whole(row.results)}`
      : `${whole(row.wrong)} WRONG of ${whole(row.results)}`,
  ])
  console.log(
    `\n${THREADS} callers, as fast as possible. The ceiling is the speed-up of ${workers} plain Python processes on this machine:`,
  )
  const widths = header.map((title, i) =>
    Math.max(title.length, ...cells.map((row) => (row[i] ?? '').length)),
  )
  for (const row of [header, ...cells])
    console.log(`  ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd())
}

/** If workers of this Python cannot run in parallel in one process, suggests a Python that can. */
async function suggestBetter(facts: PythonFacts): Promise<void> {
  const parallel = (other: PythonFacts) =>
    supportOf('thread', other).verdict === 'auto' ||
    (other.version[1] >= 13 && supportOf('subinterpreter', other).verdict !== 'never')
  if (parallel(facts)) return
  const better = (await findAll()).flatMap((looked) =>
    looked.facts && parallel(looked.facts) ? [looked.facts] : [],
  )
  const best = better.sort((a, b) => b.version[1] - a.version[1])[0]
  if (best === undefined)
    console.log(
      'No Python on this machine can run workers in parallel in one process. Python 3.13 or newer can: each worker has its own GIL.',
    )
  else
    console.log(
      `Python ${best.release} on this machine can run workers in parallel in one process. Try --python ${best.executable}`,
    )
}
