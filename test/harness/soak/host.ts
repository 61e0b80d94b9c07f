/**
 * A host that makes traffic of every kind, and looks at what it holds: `host.ts JSON`; prints a
 * report.
 */
import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { Python, type PythonOptions, PythreadsError } from '../../../src/index.ts'
import { Counts } from '../fuzz/coverage.ts'
import { ofProcess, Samples } from '../samples.ts'
import { DEATHS, TRAFFIC } from './traffic.ts'

/** What a run is to do: for some minutes, or a number of rounds of every kind. */
export interface Soak {
  readonly isolation: 'thread' | 'subinterpreter' | 'process'
  readonly python?: string
  readonly rounds?: number
  readonly minutes?: number
}

/** What became of it. */
export interface SoakReport {
  readonly counts: Record<string, number>
  /** What came out wrong, the first of each kind. */
  readonly wrong: readonly string[]
  readonly heard: Record<string, number>
  readonly workers: { readonly recycled: number; readonly replaced: number }
  /** By how much what is held grew after warming up, by a line through the samples. */
  readonly growth: Record<string, number>
  readonly slopes: Record<string, string>
  /** What is left when the pool is closed, beyond what there was before it. */
  readonly left: Record<string, number>
}

const MODULES = fileURLToPath(new URL('../../python', import.meta.url))
const CALLERS = 4
/** How many samples there are in a run. */
const LOOKS = 30
const RECYCLED_AFTER = 150
/** In how many rounds a worker dies once. */
const DEATH_EVERY = 5

/** The errors of calls whose worker, or the one of their object, was ended by another call. */
const GONE = new Set<string>(['ERR_PYTHREADS_WORKER_DIED', 'ERR_PYTHREADS_OBJECT_RELEASED'])

/** Makes what is made once for the whole process. */
async function warmUp(options: PythonOptions): Promise<void> {
  await using py = await Python.start(options)
  for (const traffic of Object.values(TRAFFIC)) await traffic(py, 1)
}

async function soak({
  isolation,
  python,
  rounds = Number.POSITIVE_INFINITY,
  minutes = 0,
}: Soak): Promise<SoakReport> {
  const isProcess = isolation === 'process'
  const [counts, heard, wrong, samples] = [
    new Counts(),
    new Counts(),
    new Map<string, string>(),
    new Samples(),
  ]
  const hear = (what: string) => () => heard.add(what)
  const options: PythonOptions = {
    ...{ isolation, python, path: [MODULES], workers: 2, copy: true, graceMs: 5_000 },
    ...{ output: hear('output'), logging: hear('logging'), warnings: hear('warnings') },
    ...(isProcess ? { recycle: { calls: RECYCLED_AFTER } } : {}),
  }
  await warmUp(options)
  const before = held()
  const py = await Python.start(options)
  const end = Date.now() + minutes * 60_000
  const kinds = Object.entries(TRAFFIC)
  let [made, round] = [0, 0]
  const isOver = () => (Number.isFinite(rounds) ? round >= rounds : Date.now() >= end)
  const one = async (name: string, traffic: (typeof TRAFFIC)[string]) => {
    counts.add(name)
    try {
      if (!(await traffic(py, ++made))) wrong.set(name, `${name}: another result`)
    } catch (error) {
      // Another caller's death may be the worker's of this call.
      if (isProcess && error instanceof PythreadsError && GONE.has(error.code)) return
      wrong.set(name, `${name}: ${inspect(error).slice(0, 400)}`)
    }
  }
  const caller = async (number: number) => {
    while (!isOver()) {
      const turn = round++
      for (let i = 0; i < kinds.length; i++) {
        const [name, traffic] = kinds[(i + number * 5) % kinds.length] as (typeof kinds)[number]
        await one(name, traffic)
      }
      if (isProcess && turn % DEATH_EVERY === 0)
        for (const [name, traffic] of Object.entries(DEATHS)) await one(name, traffic)
    }
  }
  const looking = look()
  await Promise.all(Array.from({ length: CALLERS }, (_, number) => caller(number)))
  await looking
  const { recycled, replaced } = py.stats()
  await py.close()
  const left = await remaining(before)
  const told = { counts: counts.toJSON(), heard: heard.toJSON(), wrong: [...wrong.values()] }
  return {
    ...told,
    workers: { recycled, replaced },
    growth: samples.growth(),
    slopes: samples.slopes(),
    left,
  }

  async function look(): Promise<void> {
    const every = Number.isFinite(rounds) ? 50 : (minutes * 60_000) / LOOKS
    while (!isOver()) {
      await sleep(every)
      const pids = new Set(
        py
          .stats()
          .workers.flatMap(({ pid }) => (pid === undefined || pid === process.pid ? [] : [pid])),
      )
      const workers = [...pids].map(ofProcess)
      const sum = (name: string) =>
        workers.reduce((all, one) => all + (one[name] ?? 0), 0) / Math.max(workers.length, 1)
      const names = isProcess ? ['rss MB', 'descriptors', 'threads'] : []
      const { objects, callbacks, memory } = py.stats()
      const shared = {
        objects,
        callbacks,
        lent: memory.lent,
        borrowed: memory.borrowed,
        'shared memory MB': memory.residentMb,
      }
      samples.take(made, {
        ...shared,
        ...Object.fromEntries(names.map((name) => [`${name} of a worker`, sum(name)])),
      })
    }
  }
}

function held(): Record<string, number> {
  const { descriptors = 0, handles = 0, threads = 0 } = Samples.now()
  return { descriptors, handles, threads }
}

/** What is held beyond `before`, once what closes by itself has closed. */
async function remaining(before: Record<string, number>): Promise<Record<string, number>> {
  const beyond = () =>
    Object.fromEntries(
      Object.entries(held()).flatMap(([name, count]) =>
        count > (before[name] ?? 0) ? [[name, count - (before[name] ?? 0)]] : [],
      ),
    )
  for (let looks = 0; looks < 200 && Object.keys(beyond()).length > 0; looks++) {
    ;(globalThis as { gc?: () => void }).gc?.()
    await sleep(10)
  }
  return beyond()
}

try {
  writeSync(1, `${JSON.stringify(await soak(JSON.parse(process.argv[2] ?? '') as Soak))}\n`)
  process.exit(0)
} catch (error) {
  writeSync(2, inspect(error))
  process.exit(1)
}
