// Prints the figures of the documents: `npm run figures`. Each cell runs in a process of its own;
// the machine's ceiling is taken in the same run. Timings are noisy on shared machines: compare the
// rows of one run with each other, not with those of another.
import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PerformanceObserver, performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import koffi from 'koffi'
import { type IsolationOption, Python, type RemoteObject } from 'pythreads'
import { plainProcesses } from '../src/cli/ceiling.ts'
import { findAll, findPython } from '../src/discovery/index.ts'
import { supportOf } from '../src/isolation/index.ts'

const CALLERS = 20
const SECONDS = 1
const ROUNDS = 3
const MEMORY_WORKERS = 20
const QUEUED = 100_000
/** How long a lag is looked for. */
const LAG_MS = 5_000
const BUSY = 'def busy(n):\n    return sum(i * i for i in range(n))'
const EXPECTED = (id: number) => `{"id": ${id}}`

type Cell = (isolation: IsolationOption, python: string) => Promise<number>

/** What is measured: each answers one number. */
const CELLS: Record<string, Cell> = {
  'sync calls/s': async (isolation, python) => {
    await using py = await Python.start({ isolation, python, workers: 1 })
    const dumps = (id: number) => py.sync.run('json:dumps', [{ id }])
    return rate((id) => check(dumps(id), id))
  },
  'one at a time/s': async (isolation, python) => {
    await using py = await Python.start({ isolation, python, workers: 1 })
    return await rateAsync(1, (id) => py.run('json:dumps', [{ id }]))
  },
  '20 callers/s, 2 workers': async (isolation, python) => {
    await using py = await Python.start({ isolation, python, workers: 2 })
    return await rateAsync(CALLERS, (id) => py.run('json:dumps', [{ id }]))
  },
  '20 callers/s, 20 workers': async (isolation, python) => {
    await using py = await Python.start({ isolation, python, workers: CALLERS })
    return await rateAsync(CALLERS, (id) => py.run('json:dumps', [{ id }]))
  },
  'callbacks/s, one at a time': async (isolation, python) => {
    await using py = await Python.start({ isolation, python, workers: 1 })
    await py.exec('def times(f, n):\n    for i in range(n):\n        assert f(i) == i + 1')
    const add = (x: number) => x + 1
    return (await rateAsync(1, () => py.eval`times(${add}, 1000)`, false)) * 1000
  },
  'generator items/s': async (isolation, python) => {
    await using py = await Python.start({ isolation, python, workers: 1 })
    const all = async () => {
      let sum = 0
      for await (const item of await py.eval<RemoteObject>('(i for i in range(1000))'))
        sum += Number(item)
      if (sum !== 499_500) throw new Error(`a wrong sum: ${sum}`)
    }
    return (await rateAsync(1, all, false)) * 1000
  },
  '10,000 coroutines of 100 ms, ms': async (isolation, python) => {
    await using py = await Python.start({ isolation, python, workers: 1 })
    await py.exec('import asyncio\nasync def later(x):\n    await asyncio.sleep(0.1)\n    return x')
    await py.eval('later(0)')
    const start = performance.now()
    const answers = await Promise.all(
      Array.from({ length: 10_000 }, (_, i) => py.eval`later(${i})`),
    )
    if (answers.some((answer, i) => answer !== i)) throw new Error('a wrong answer')
    return performance.now() - start
  },
  'CPU speed-up, 2 workers': async (isolation, python) => {
    const speed = async (workers: number) => {
      await using py = await Python.start({ isolation, python, workers })
      await py.exec(BUSY)
      return await rateAsync(CALLERS, () => py.eval`busy(20000)`, false)
    }
    const one = await speed(1)
    return (await speed(2)) / one
  },
  'start to first result, ms': async (isolation, python) => {
    const start = performance.now()
    await using py = await Python.start({ isolation, python, workers: 1 })
    await py.run('json:dumps', [1])
    return performance.now() - start
  },
  // How long the event loop was kept, at most: all workers were busy, 100,000 calls waited, then
  // all were answered.
  'queue: longest step, wall ms': async (isolation, python) =>
    (await longestSteps(isolation, python)).wall,
  'queue: longest step, CPU ms': async (isolation, python) =>
    (await longestSteps(isolation, python)).cpu,
  'queue: the same without GC, CPU ms': async (isolation, python) =>
    (await longestSteps(isolation, python)).withoutGc,
  'queue: nothing called, wall ms': async () => {
    const iterator = new Steps()
    await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000))
    return (await iterator.stop()).wall
  },
  // How late a timer of 5 ms is, while all workers compute and 100,000 calls wait; and beside as
  // many plain processes that compute.
  'queue: lag of a timer, p99 ms': async (isolation, python) =>
    (await lagOfQueue(isolation, python)).p99,
  'queue: lag of a timer, most ms': async (isolation, python) =>
    (await lagOfQueue(isolation, python)).most,
  'lag beside two plain processes, p99 ms': async (_, python) => (await lagBeside(python)).p99,
  'lag beside two plain processes, most ms': async (_, python) => (await lagBeside(python)).most,
  'MB a worker (of 20, idle)': async (isolation, python) => {
    await using first = await Python.start({ isolation, python, workers: 1 })
    const before = privateMegabytes(pids(first))
    await using more = await Python.start({ isolation, python, workers: MEMORY_WORKERS })
    return (privateMegabytes([...pids(first), ...pids(more)]) - before) / MEMORY_WORKERS
  },
}

interface LongestSteps {
  /** By the clock: whoever else uses the machine is in it. */
  readonly wall: number
  /** Of this thread's processor time, the garbage collector's included. */
  readonly cpu: number
  /** Of its processor time, where the garbage collector had no part. */
  readonly withoutGc: number
}

/** Looks at how long the event loop takes to come round. */
class Steps {
  readonly #steps: { readonly begin: number; readonly wall: number; readonly cpu: number }[] = []
  readonly #collections: { readonly startTime: number; readonly duration: number }[] = []
  readonly #observer = new PerformanceObserver((list) =>
    this.#collections.push(...list.getEntries()),
  )
  #watching = true

  constructor() {
    this.#observer.observe({ entryTypes: ['gc'] })
    this.#watch(performance.now(), threadMs())
  }

  /** Stops looking; answers the longest steps. */
  async stop(): Promise<LongestSteps> {
    this.#watching = false
    await new Promise((resolve) => setTimeout(resolve, 50)) // what the observer has yet to hear
    this.#observer.disconnect()
    const collected = (begin: number, end: number) =>
      this.#collections.some(
        ({ startTime, duration }) => startTime < end && startTime + duration > begin,
      )
    const longest = (values: number[]) => values.reduce((most, value) => Math.max(most, value), 0)
    const withoutGc = this.#steps
      .filter(({ cpu }) => cpu > 1)
      .filter(({ begin, wall }) => !collected(begin, begin + wall))
    return {
      wall: longest(this.#steps.map(({ wall }) => wall)),
      cpu: longest(this.#steps.map(({ cpu }) => cpu)),
      withoutGc: longest(withoutGc.map(({ cpu }) => cpu)),
    }
  }

  #watch(begin: number, cpuBegin: number): void {
    setImmediate(() => {
      const [end, cpuEnd] = [performance.now(), threadMs()]
      this.#steps.push({ begin, wall: end - begin, cpu: cpuEnd - cpuBegin })
      if (this.#watching) this.#watch(end, cpuEnd)
    })
  }
}

async function longestSteps(isolation: IsolationOption, python: string): Promise<LongestSteps> {
  await using py = await Python.start({ isolation, python, workers: 2 })
  const folder = mkdtempSync(join(tmpdir(), 'pythreads-figures-'))
  try {
    const gate = join(folder, 'open')
    await py.exec(
      'import os, time\ndef hold(gate):\n    while not os.path.exists(gate):\n        time.sleep(0.01)',
    )
    for (let id = 0; id < 1_000; id++) await py.run('json:dumps', [{ id }])
    const held = Array.from({ length: 2 }, () => py.eval`hold(${gate})`)
    const iterator = new Steps()
    const calls: Promise<unknown>[] = []
    for (let id = 0; id < QUEUED; id++) {
      calls.push(py.run('json:dumps', [{ id }]))
      if (id % 100 === 99) await new Promise(setImmediate)
    }
    if (py.stats().queued !== QUEUED) throw new Error(`not all calls waited: ${py.stats().queued}`)
    writeFileSync(gate, '')
    const answers = await Promise.all(calls)
    const longest = await iterator.stop()
    for (const [id, answer] of answers.entries()) check(answer, id)
    await Promise.all(held)
    return longest
  } finally {
    rmSync(folder, { recursive: true })
  }
}

interface Lag {
  readonly p99: number
  readonly most: number
}

async function lagOfQueue(isolation: IsolationOption, python: string): Promise<Lag> {
  const py = await Python.start({ isolation, python, workers: 2 })
  await py.exec(BUSY)
  const calls: Promise<unknown>[] = []
  for (let i = 0; i < QUEUED; i++) {
    calls.push(py.eval`busy(20000)`)
    if (i % 500 === 499) await new Promise(setImmediate)
  }
  // the pool is destroyed before most of them have run
  for (const call of calls) call.catch(() => {})
  const lag = await lagFor(LAG_MS)
  if (py.stats().queued < QUEUED / 2) throw new Error('too few calls waited')
  py.destroy()
  return lag
}

async function lagBeside(python: string): Promise<Lag> {
  const busy = Array.from({ length: 2 }, () =>
    spawn(python, ['-c', 'while True: sum(range(20000))'], { stdio: 'ignore' }),
  )
  const lag = await lagFor(LAG_MS)
  for (const child of busy) child.kill('SIGKILL')
  return lag
}

/** How late a timer of 5 ms is. */
async function lagFor(ms: number): Promise<Lag> {
  const late: number[] = []
  const end = performance.now() + ms
  for (let last = performance.now(); last < end; ) {
    await new Promise((resolve) => setTimeout(resolve, 5))
    const now = performance.now()
    late.push(now - last - 5)
    last = now
  }
  late.sort((a, b) => a - b)
  return {
    p99: late[Math.floor(late.length * 0.99)] ?? Number.NaN,
    most: late.at(-1) ?? Number.NaN,
  }
}

const CLOCK_THREAD_CPUTIME_ID = process.platform === 'linux' ? 3 : 16
const clockTime = koffi
  .load(process.platform === 'linux' ? null : '/usr/lib/libSystem.B.dylib')
  .func('int clock_gettime(int, void *)')
const clock = new BigInt64Array(2)

/** The processor time of this thread. */
function threadMs(): number {
  clockTime(CLOCK_THREAD_CPUTIME_ID, clock)
  return Number(clock[0]) * 1e3 + Number(clock[1]) / 1e6
}

function pids(py: Python): number[] {
  return [...new Set([process.pid, ...py.stats().workers.flatMap(({ pid }) => pid ?? [])])]
}

/** What processes hold for themselves, and their share of what they have in common. */
function privateMegabytes(processes: number[]): number {
  const bytes = [...new Set(processes)].map((pid) => {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
    return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? Number.NaN) * 1024
  })
  return bytes.reduce((sum, value) => sum + value, 0) / 1e6
}

function check(answer: unknown, id: number): void {
  if (answer !== EXPECTED(id)) throw new Error(`a wrong answer for ${id}: ${String(answer)}`)
}

function rate(call: (id: number) => void): number {
  const run = (ms: number) => {
    const start = performance.now()
    let calls = 0
    while (performance.now() - start < ms) for (let i = 0; i < 100; i++) call(calls++)
    return calls / ((performance.now() - start) / 1000)
  }
  run(300)
  return run(SECONDS * 1000)
}

async function rateAsync(
  callers: number,
  call: (id: number) => Promise<unknown>,
  checked = true,
): Promise<number> {
  const run = async (ms: number) => {
    const start = performance.now()
    let calls = 0
    const caller = async () => {
      while (performance.now() - start < ms) {
        const id = calls++
        const answer = await call(id)
        if (checked) check(answer, id)
      }
    }
    await Promise.all(Array.from({ length: callers }, caller))
    return calls / ((performance.now() - start) / 1000)
  }
  await run(300)
  return run(SECONDS * 1000)
}

async function measure(cell: string, isolation: string, python: string): Promise<number> {
  const values: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const args = ['--import', 'tsx', fileURLToPath(import.meta.url), cell, isolation, python]
    const { stdout } = await promisify(execFile)(process.execPath, args)
    values.push(Number(stdout.trim().split('\n').at(-1)))
  }
  return values.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] as number
}

async function report(): Promise<void> {
  const current = (await findPython()).facts
  const others = (await findAll()).flatMap(({ facts }) => (facts === undefined ? [] : [facts]))
  const newest =
    others.findLast(
      (facts) => facts.version[1] >= 13 && supportOf('subinterpreter', facts).verdict !== 'never',
    ) ?? current
  for (const facts of new Set([current, newest])) {
    const kinds = (['thread', 'subinterpreter', 'process'] as const).filter(
      (kind) => supportOf(kind, facts).verdict !== 'never',
    )
    const one = await plainProcesses(facts.executable, 1, SECONDS)
    const ceiling = (await plainProcesses(facts.executable, 2, SECONDS)) / one
    console.log(
      `\nPython ${facts.release}, Node ${process.version}; two plain Python processes against one: x ${ceiling.toFixed(2)}`,
    )
    console.log(['', ...kinds].map((text, i) => text.padEnd(i === 0 ? 34 : 16)).join(''))
    for (const cell of Object.keys(CELLS)) {
      const values = []
      for (const kind of kinds) values.push(await measure(cell, kind, facts.executable))
      console.log([cell.padEnd(34), ...values.map((value) => format(value).padEnd(16))].join(''))
    }
  }
}

function format(value: number): string {
  return value >= 1000
    ? Math.round(value).toLocaleString('en-US')
    : value.toFixed(value < 10 ? 2 : 1)
}

const [cell, isolation, python] = process.argv.slice(2)
if (cell === undefined) await report()
else console.log(await CELLS[cell]?.(isolation as IsolationOption, python ?? ''))
