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
const FLAT_OUT_MS = 1_000
const CELL = 22

/**
 * Shows the question that pythreads began with, on one screen. Returns the exit status: 0 when
 * every result was right.
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
    else rows.push(await flatOut(facts, isolation, workers))
  }
  printTable(rows, workers, ceiling)
  wrong += rows.reduce((sum, row) => sum + row.wrong, 0)
  const choice = await choose(facts, [], [])
  console.log(`\nWhich to choose: isolation 'auto' takes ${choice.isolation} here.`)
  for (const reason of choice.reasons) console.log(`  ${reason}`)
  await nameBetter(facts)
  return wrong === 0 ? EXIT.ok : EXIT.failed
}

/**
 * Every thread dumps a dictionary with its number, once a second. Returns how many results were
 * wrong.
 */
async function paced(facts: PythonFacts, isolation: IsolationKind): Promise<number> {
  const py = await Python.start({ python: facts.executable, isolation, workers: THREADS })
  const columns = Math.max(1, Math.floor((process.stdout.columns ?? 5 * CELL) / CELL))
  let wrong = 0
  for (let round = 0; round < ROUNDS; round++) {
    const next = sleep(EVERY_MS)
    const cells = await Promise.all(
      Array.from({ length: THREADS }, async (_, id) => {
        const text = await py.run<string>('json:dumps', [{ id }], { worker: id })
        if (text !== `{"id": ${id}}`) wrong++
        return `thread ${id}: ${text}`
      }),
    )
    for (let i = 0; i < cells.length; i += columns)
      console.log(
        cells
          .slice(i, i + columns)
          .map((cell) => cell.padEnd(CELL))
          .join('')
          .trimEnd(),
      )
    console.log(`second ${round + 1}: ${cells.length} results`)
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
  readonly answers: number
  readonly wrong: number
}

/** The same call, and one that keeps a core busy, as fast as they go. */
async function flatOut(
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
    FLAT_OUT_MS,
    THREADS,
    async (id) => (await json['dumps']?.({ id })) === `{"id": ${id}}`,
  )
  const busy = await busyOn(many, FLAT_OUT_MS)
  await using one = await Python.start({ ...options, workers: 1 })
  const alone = await busyOn(one, FLAT_OUT_MS / 2)
  return {
    isolation,
    dumps: dumps.perSecond,
    busy: busy.perSecond,
    speedup: busy.perSecond / alone.perSecond,
    answers: dumps.answers + busy.answers + alone.answers,
    wrong: dumps.wrong + busy.wrong + alone.wrong,
  }
}

/** Calls from many callers until the time is over. */
async function rate(ms: number, callers: number, call: (id: number) => Promise<boolean>) {
  const start = performance.now()
  let answers = 0
  let wrong = 0
  await Promise.all(
    Array.from({ length: callers }, async (_, id) => {
      while (performance.now() - start < ms) {
        if (!(await call(id))) wrong++
        answers++
      }
    }),
  )
  return { perSecond: answers / ((performance.now() - start) / 1000), answers, wrong }
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
      ? `all ${whole(row.answers)}`
      : `${whole(row.wrong)} WRONG of ${whole(row.answers)}`,
  ])
  console.log(
    `\n${THREADS} callers, as fast as possible. The ceiling is what ${workers} plain Python processes reach on this machine:`,
  )
  const widths = header.map((title, i) =>
    Math.max(title.length, ...cells.map((row) => (row[i] ?? '').length)),
  )
  for (const row of [header, ...cells])
    console.log(`  ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd())
}

/**
 * Names a Python of this machine whose workers run in parallel in one process, where this one's do
 * not.
 */
async function nameBetter(facts: PythonFacts): Promise<void> {
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
