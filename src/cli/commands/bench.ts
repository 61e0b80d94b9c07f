import { createHistogram, performance } from 'node:perf_hooks'
import { type Python, PythonError, type PythonStats } from '../../index.ts'
import { type Example, type Positional, TARGET } from '../command.ts'
import { describeError, EXIT, fileError } from '../errors.ts'
import { count, duration, type Flags } from '../flags.ts'
import type { Interrupt } from '../interrupt.ts'
import {
  type ArgumentFlags,
  argumentFlags,
  type JsonArguments,
  readArguments,
} from '../json-arguments.ts'
import { span, whole } from '../numbers.ts'
import {
  closePool,
  endOfCalls,
  type PoolFlags,
  poolFlags,
  startPool,
  timeoutFlag,
} from '../pool-flags.ts'
import { Printer } from '../printer.ts'
import { StatusLine } from '../status-line.ts'
import { parseTarget } from '../target.ts'

export interface BenchFlags extends PoolFlags, ArgumentFlags {
  for: number | undefined
  count: number | undefined
  json: boolean
}

const DEFAULT_WORKERS = 20
const DEFAULT_FOR_MS = 10_000
/** After this number of tracebacks, errors are only counted. */
const MAX_TRACEBACKS = 3

export const name = 'bench'
export const summary = 'call a function as fast as possible, and measure the calls'
export const positionals: readonly Positional[] = [
  TARGET,
  { name: '[arguments...]', description: 'each is JSON, else a text' },
]

export const flags: Flags<Omit<BenchFlags, 'threads'>> = {
  for: { flags: '--for <time>', description: 'how long to call; default: 10s', parse: duration },
  count: {
    flags: '--count <n>',
    description: 'number of calls of each worker, instead of --for',
    parse: count,
    conflicts: 'for',
  },
  ...argumentFlags,
  json: { flags: '--json', description: 'print one JSON object', default: false },
  timeout: timeoutFlag('a call'),
  ...poolFlags,
  workers: {
    ...poolFlags.workers,
    description: 'number of workers, each with a caller; default: 20',
  },
}

export const notes = `The function really runs, many times: do not bench a function that charges
customers.
"$thread" and "$call" in the arguments stand for the numbers of the thread and
of its call.`

export const examples: readonly Example[] = [
  {
    line: `pythreads bench json:dumps --for 1s --args '[{"id": "$thread"}]'`,
    does: 'calls from 20 callers for a second',
  },
  {
    line: 'pythreads bench math:sqrt 16 --workers 2 --count 1000 --json',
    does: 'makes 2,000 calls, prints one JSON object',
  },
]

export async function run(
  flags: BenchFlags,
  [text = '', ...given]: readonly string[],
  interrupt: Interrupt,
): Promise<number> {
  const target = parseTarget(text)
  const call = await readArguments(given, flags)
  const { py, stdout } = await startPool(flags, target, 'stderr', {
    workers: DEFAULT_WORKERS,
    timeoutMs: flags.timeout,
  })
  const stop = interrupt.handle()
  try {
    await py.run('pythreads_kernel.targets:check_callable', [target.text])
    const job = new Job(py, target.text, { ...flags, ...call })
    await job.run(stop)
    const out = new Printer(stdout)
    out.print(job.report(text))
    await out.end()
    if (out.failure !== undefined) throw fileError('standard output', out.failure)
    return job.errors === 0 ? EXIT.ok : EXIT.failed
  } finally {
    await closePool(py, stop)
  }
}

interface Plan extends JsonArguments, Pick<BenchFlags, 'for' | 'count' | 'json'> {}

class Job {
  errors = 0
  #calls = 0
  #started = 0
  #ended = 0
  readonly #latency = createHistogram()
  readonly #perWorker: number[]
  readonly #py: Python
  readonly #target: string
  readonly #plan: Plan
  readonly #status: StatusLine
  readonly #err: Printer

  constructor(py: Python, target: string, plan: Plan) {
    this.#py = py
    this.#target = target
    this.#plan = plan
    this.#perWorker = py.stats().workers.map(() => 0)
    this.#status = new StatusLine(process.stderr, () => this.#live())
    this.#err = new Printer(process.stderr, () => this.#status.clear())
  }

  async run(stop: AbortSignal): Promise<void> {
    this.#started = performance.now()
    const end =
      this.#plan.count === undefined
        ? this.#started + (this.#plan.for ?? DEFAULT_FOR_MS)
        : Number.POSITIVE_INFINITY
    const callers = Promise.all(this.#perWorker.map((_, worker) => this.#caller(worker, end, stop)))
    await endOfCalls(this.#py, callers, stop)
    this.#ended = performance.now()
    this.#status.end()
    await this.#err.flush()
  }

  async #caller(worker: number, end: number, stop: AbortSignal): Promise<void> {
    const { count: most = Number.POSITIVE_INFINITY, args, kwargs } = this.#plan
    for (let call = 0; call < most && !stop.aborted; call++) {
      const begin = performance.now()
      if (begin >= end) return
      try {
        await this.#py.run(this.#target, JSON.parse(args.fill(worker, call)) as unknown[], {
          kwargs: JSON.parse(kwargs.fill(worker, call)) as Record<string, unknown>,
          worker,
        })
        this.#done(worker, begin)
      } catch (error) {
        if (stop.aborted) return
        this.#done(worker, begin)
        await this.#fail(worker, error)
      }
    }
  }

  #done(worker: number, begin: number): void {
    this.#calls++
    this.#perWorker[worker] = (this.#perWorker[worker] ?? 0) + 1
    this.#latency.record(Math.max(1, Math.round((performance.now() - begin) * 1e6)))
  }

  #fail(worker: number, error: unknown): Promise<void> | undefined {
    this.errors++
    if (this.errors > MAX_TRACEBACKS) return undefined
    const text = error instanceof PythonError ? describeError(error) : String(error)
    return this.#err.print(`worker ${worker}: ${text}\n`)
  }

  #live(): string {
    const seconds = (performance.now() - this.#started) / 1000
    const rate = seconds > 0 ? this.#calls / seconds : 0
    return `${whole(this.#calls)} calls  ${whole(this.errors)} errors  ${whole(rate)} calls/s  ${seconds.toFixed(0)} s  (Ctrl-C stops)`
  }

  /** The text that is printed at the end. */
  report(target: string): string {
    const { python, isolation, reasons } = this.#py.stats()
    const ms = this.#ended - this.#started
    const facts = {
      target,
      calls: this.#calls,
      errors: this.errors,
      seconds: ms / 1000,
      callsPerSecond: this.#calls / (ms / 1000),
      p50Ms: this.#latency.percentile(50) / 1e6,
      p99Ms: this.#latency.percentile(99) / 1e6,
      workers: this.#perWorker.length,
      fewestCalls: Math.min(...this.#perWorker),
      mostCalls: Math.max(...this.#perWorker),
      python,
      isolation,
      reasons,
    }
    return this.#plan.json ? `${JSON.stringify(facts)}\n` : inWords(facts, ms)
  }
}

interface Facts extends Pick<PythonStats, 'python' | 'isolation' | 'reasons'> {
  readonly calls: number
  readonly errors: number
  readonly callsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly workers: number
  readonly fewestCalls: number
  readonly mostCalls: number
}

function inWords(facts: Facts, ms: number): string {
  const { calls, errors, python } = facts
  return [
    `${whole(calls)} calls, ${whole(errors)} errors, ${whole(facts.callsPerSecond)} calls/s in ${span(ms)}`,
    calls > 0 ? `latency: p50 ${span(facts.p50Ms)}, p99 ${span(facts.p99Ms)}` : 'latency: no calls',
    `${facts.workers} workers: fewest calls ${whole(facts.fewestCalls)}, most ${whole(facts.mostCalls)}`,
    `Python ${python.version} (${python.executable}, from ${python.source}), isolation ${facts.isolation}`,
    ...facts.reasons.map((reason) => `  ${reason}`),
    '',
  ].join('\n')
}
