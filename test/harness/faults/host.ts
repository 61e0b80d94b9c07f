/**
 * A host whose system calls fail, one in each round; prints what became of it: `host.ts JSON`.
 * Every round starts a pool, has it do what needs system calls, lets the fault pass, and has the
 * same pool do all of it again.
 */
import { readdirSync, readFileSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import type { Python as PythonClass, PythonOptions } from '../../../src/index.ts'
import { errorsOf, Injector, type Point } from './injector.ts'

/** What a run is to do. */
export interface FaultRun {
  readonly isolation: 'thread' | 'subinterpreter' | 'process'
  readonly python: string
  /**
   * Whether every call fails with every error; else the first or the last one of each name, with
   * one error.
   */
  readonly all: boolean
  /** Only calls whose names begin so. */
  readonly only?: string
  /** The one fault, of the first round of the process: it meets what is made once. */
  readonly first?: Point
}

/** What a run found. */
export interface FaultReport {
  /** How often each system call is made in a round without a fault. */
  readonly calls: Record<string, number>
  /** How many faults were to be, and the calls of which none was reached. */
  readonly rounds: number
  readonly unreached: readonly string[]
  /** What became of the steps, counted. */
  readonly outcomes: Record<string, number>
  /** What is wrong: the point and what happened. */
  readonly faults: readonly string[]
  readonly before: Record<string, number>
  readonly after: Record<string, number>
}

const STEP_MS = 10_000
const GRACE = { graceMs: 500, closeGraceMs: 1_000, startTimeoutMs: 10_000 }
const run = JSON.parse(process.argv[2] ?? '') as FaultRun
const injector = new Injector()
await injector.install()
// After the calls have been wrapped that it uses.
const { Python, PythreadsError } = await import('../../../src/index.ts')
const outcomes: Record<string, number> = {}
const faults: string[] = []
let point: Point | undefined
const options: PythonOptions = {
  isolation: run.isolation,
  python: run.python,
  workers: 1,
  ...GRACE,
}

const where = () =>
  point === undefined ? 'without a fault' : `${point.call} ${point.nth} ${point.error}`
const onError = (error: unknown) =>
  void faults.push(`${where()}: an uncaught error ${inspect(error).slice(0, 600)}`)
process.on('uncaughtException', onError).on('unhandledRejection', onError)

/** What a step came to: `right`, a code of pythreads, or something that must not be. */
async function outcomeOf(step: () => unknown): Promise<string> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, STEP_MS, 'it takes for ever')
  })
  const made = (async () => ((await step()) === true ? 'right' : 'a wrong value'))()
  const told = made.catch((error: unknown) =>
    error instanceof PythreadsError ? error.code : `raw ${inspect(error).slice(0, 600)}`,
  )
  const outcome = await Promise.race([late, told])
  clearTimeout(timer)
  return outcome
}

/** What a pool does, by name. */
const STEPS: Readonly<Record<string, (py: PythonClass) => unknown>> = {
  call: async (py) => (await py.eval('40 + 2')) === 42,
  'array to Python': async (py) =>
    (await py.run('builtins:len', [new Uint8Array(50_000)])) === 50_000,
  'array from Python': async (py) =>
    (await py.eval<Uint8Array>('bytes(300_000)')).length === 300_000,
  'large text': async (py) => (await py.eval<string>('"x" * 400_000')).length === 400_000,
  callback: async (py) => (await py.eval`${(x: number) => x + 1}(1)`) === 2,
  coroutine: async (py) => (await py.run('asyncio:sleep', [0, 7])) === 7,
  'sync call': (py) => py.sync.eval('6 * 7') === 42,
  'sync array': (py) => py.sync.eval<Uint8Array>('bytes(60_000)').length === 60_000,
  alloc: (py) => py.alloc(Float64Array, 5_000).length === 5_000,
  stats: (py) => py.stats().workers.length === 1,
}

const KILL = 'a worker that dies'

async function round(): Promise<ReadonlyMap<string, number>> {
  injector.begin(point)
  let py: PythonClass | undefined
  const started = await outcomeOf(async () => {
    py = await Python.start(options)
    return true
  })
  note('start', started)
  for (const [name, step] of Object.entries(STEPS))
    if (py !== undefined) note(name, await outcomeOf(() => step(py as PythonClass)))
  if (py !== undefined && run.isolation === 'process')
    note(KILL, await outcomeOf(() => dies(py as PythonClass)))
  const counts = injector.end()
  py ??= await Python.start(options)
  for (const [name, step] of Object.entries(STEPS)) {
    const again = await outcomeOf(() => step(py as PythonClass))
    if (again !== 'right') faults.push(`${where()}: ${name} afterwards is ${again}`)
  }
  const closed = await outcomeOf(async () => {
    await py?.close()
    return true
  })
  if (closed !== 'right') faults.push(`${where()}: close is ${closed}`)
  return counts
}

/** Its worker dies, and another one takes the next call. */
async function dies(py: PythonClass): Promise<boolean> {
  await py.run('os:_exit', [9]).catch(() => {})
  return (await py.eval('1 + 1')) === 2
}

function note(step: string, outcome: string): void {
  outcomes[`${step}: ${outcome.split('\n')[0]?.slice(0, 80)}`] =
    (outcomes[`${step}: ${outcome.split('\n')[0]?.slice(0, 80)}`] ?? 0) + 1
  if (outcome !== 'right' && !outcome.startsWith('ERR_PYTHREADS_'))
    faults.push(`${where()}: ${step} is ${outcome}`)
}

/** What this process holds. */
function held(): Record<string, number> {
  const children = readdirSync('/proc/self/task').flatMap((task) => {
    const path = `/proc/self/task/${task}/children`
    try {
      return readFileSync(path, 'latin1').split(' ').filter(Boolean)
    } catch {
      return [] // that thread has ended
    }
  })
  const listeners = process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0)
  const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  return {
    descriptors: readdirSync('/proc/self/fd').length,
    children: children.length,
    listeners,
    timers,
  }
}

async function settled(than: Record<string, number>): Promise<Record<string, number>> {
  for (let look = 0; look < 300; look++) {
    const now = held()
    if (Object.entries(now).every(([name, count]) => count <= (than[name] ?? 0))) return now
    ;(globalThis as { gc?: () => void }).gc?.()
    await sleep(10)
  }
  return held()
}

function pointsOf(counts: ReadonlyMap<string, number>): Point[] {
  return [...counts].sort().flatMap(([call, count], at) => {
    const errors = errorsOf(call)
    const all = Array.from({ length: count }, (_, i) => i + 1)
    if (run.all) return all.flatMap((nth) => errors.map((error) => ({ call, nth, error })))
    return [{ call, nth: at % 2 === 0 ? 1 : count, error: errors[at % errors.length] as string }]
  })
}

async function main(): Promise<FaultReport> {
  point = run.first
  const made = await round() // what is made once for the whole process is there
  if (point !== undefined) {
    const unreached = injector.reached ? [] : [point.call]
    return {
      calls: Object.fromEntries(made),
      rounds: 1,
      unreached,
      outcomes,
      faults,
      before: {},
      after: {},
    }
  }
  const calls = await round()
  await sleep(100)
  const before = held()
  const reached = new Set<string>()
  const points = pointsOf(calls).filter(({ call }) => call.startsWith(run.only ?? ''))
  // How often a call is made differs from round to round: where the number of a point is not
  // reached, the first one is.
  for (const next of points.flatMap((one) => (one.nth > 1 ? [one, { ...one, nth: 1 }] : [one]))) {
    if (next.nth === 1 && reached.has(next.call) && !points.includes(next)) continue
    point = next
    if (process.env['PYTHREADS_FAULTS_SHOW']) writeSync(2, `${where()}\n`)
    await round()
    if (injector.reached) reached.add(next.call)
    for (const [name, count] of Object.entries(await settled(before))) {
      if (count <= (before[name] ?? 0)) continue
      faults.push(`${where()}: ${name} are left, ${count} rather than ${before[name]}`)
      before[name] = count
    }
  }
  point = undefined
  const unreached = points.map(({ call }) => call).filter((call) => !reached.has(call))
  const seen = Object.fromEntries([...made, ...calls])
  return {
    calls: seen,
    rounds: points.length,
    unreached,
    outcomes,
    faults,
    before,
    after: await settled(before),
  }
}

try {
  writeSync(1, `${JSON.stringify(await main())}\n`)
  process.exit(0)
} catch (error) {
  writeSync(2, `${where()}: ${inspect(error)}`) // the listener for uncaught errors would hide it
  process.exit(1)
}
