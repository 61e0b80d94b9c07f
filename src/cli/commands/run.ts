import { once } from 'node:events'
import { createHistogram, performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import { Python, PythonError } from '../../index.ts'
import { describeError, EXIT, fileError } from '../errors.ts'
import { count, duration, type Flags, type JsonTemplate, json } from '../flags.ts'
import { span, whole } from '../numbers.ts'
import { type PoolFlags, poolFlags, poolOptions } from '../pool-flags.ts'
import { Printer } from '../printer.ts'
import { StatusLine } from '../status-line.ts'

export interface RunFlags extends PoolFlags {
  every: number | undefined
  for: number | undefined
  count: number | undefined
  args: JsonTemplate | undefined
  kwargs: JsonTemplate | undefined
  json: boolean
  quiet: boolean
}

export const runFlags: Flags<Omit<RunFlags, 'threads'>> = {
  ...poolFlags,
  every: {
    flags: '--every <time>',
    description: 'each worker calls once in this time; default: as fast as it can',
    parse: duration,
  },
  for: { flags: '--for <time>', description: 'how long; default: 10s', parse: duration },
  count: { flags: '--count <n>', description: 'how many calls a worker makes, instead of --for', parse: count, conflicts: 'for' },
  args: {
    flags: '--args <json>',
    description: 'arguments, a JSON array; $worker and $call stand for numbers',
    parse: json('array'),
  },
  kwargs: { flags: '--kwargs <json>', description: 'keyword arguments, a JSON object; likewise', parse: json('object') },
  json: { flags: '--json', description: 'print one JSON object at the end and nothing else', default: false },
  quiet: { flags: '-q, --quiet', description: 'do not print the results', default: false },
}

const DEFAULT_WORKERS = 20
const DEFAULT_FOR_MS = 10_000
/** How long calls may go on after Ctrl-C. */
const STOP_GRACE_MS = 2_000
/** Tracebacks that are printed; later errors get a line. */
const MAX_TRACEBACKS = 3

/** Calls a target from N callers, one per worker. Answers the exit status. */
export async function run(target: string, flags: RunFlags): Promise<number> {
  const py = await Python.start(poolOptions(flags, target, DEFAULT_WORKERS))
  const job = new Job(py, target, flags)
  const stopped = new AbortController()
  const onSigint = () => (stopped.signal.aborted ? process.exit(EXIT.interrupted) : stopped.abort())
  process.on('SIGINT', onSigint)
  try {
    await job.run(stopped.signal)
  } finally {
    process.off('SIGINT', onSigint)
  }
  await job.report()
  return job.errors === 0 ? EXIT.ok : EXIT.failed
}

class Job {
  errors = 0
  #calls = 0
  #tracebacks = 0
  #started = 0
  #ended = 0
  readonly #latency = createHistogram()
  readonly #perWorker: number[]
  readonly #py: Python
  readonly #target: string
  readonly #flags: RunFlags
  readonly #status: StatusLine
  readonly #out: Printer
  readonly #err: Printer

  constructor(py: Python, target: string, flags: RunFlags) {
    this.#py = py
    this.#target = target
    this.#flags = flags
    this.#perWorker = py.stats().workers.map(() => 0)
    this.#status = new StatusLine(process.stderr, () => this.#live())
    this.#out = new Printer(process.stdout, () => this.#status.clear())
    this.#err = new Printer(process.stderr, () => this.#status.clear())
  }

  async run(stop: AbortSignal): Promise<void> {
    this.#started = performance.now()
    const end = this.#flags.count === undefined ? this.#started + (this.#flags.for ?? DEFAULT_FOR_MS) : Number.POSITIVE_INFINITY
    const callers = Promise.all(this.#perWorker.map((_, worker) => this.#caller(worker, end, stop)))
    const finished = callers.then(() => true)
    const interrupted = once(stop, 'abort').then(() => sleep(STOP_GRACE_MS, false, { ref: false }))
    if (!(await Promise.race([finished, interrupted]))) this.#py.destroy(new Error('interrupted'))
    await callers
    this.#ended = performance.now()
    await this.#py.close()
    this.#status.end()
  }

  async #caller(worker: number, end: number, stop: AbortSignal): Promise<void> {
    const { every, count: most = Number.POSITIVE_INFINITY, args, kwargs } = this.#flags
    for (let call = 0; call < most && !stop.aborted && !this.#out.closed; call++) {
      const due = every === undefined ? performance.now() : this.#started + call * every
      if (due >= end) return
      await this.#pauseUntil(due, stop)
      if (stop.aborted) return
      const begin = performance.now()
      try {
        const result = await this.#py.run(this.#target, (args?.fill(worker, call) ?? []) as unknown[], {
          kwargs: (kwargs?.fill(worker, call) ?? {}) as Record<string, unknown>,
          worker,
        })
        this.#done(worker, begin)
        await this.#print(`worker ${worker}: ${typeof result === 'string' ? result : inspect(result, WHOLE)}\n`)
      } catch (error) {
        if (stop.aborted) return
        this.#done(worker, begin)
        this.errors++
        await this.#printError(worker, error)
      }
    }
  }

  async #pauseUntil(due: number, stop: AbortSignal): Promise<void> {
    const wait = due - performance.now()
    if (wait > 0) await sleep(wait, undefined, { signal: stop }).catch(() => {})
  }

  #done(worker: number, begin: number): void {
    this.#calls++
    this.#perWorker[worker] = (this.#perWorker[worker] ?? 0) + 1
    this.#latency.record(Math.max(1, Math.round((performance.now() - begin) * 1e6)))
  }

  #print(line: string): Promise<void> | undefined {
    return this.#flags.json || this.#flags.quiet ? undefined : this.#out.print(line)
  }

  #printError(worker: number, error: unknown): Promise<void> | undefined {
    const brief = error instanceof PythonError && this.#tracebacks++ >= MAX_TRACEBACKS
    return this.#err.print(`worker ${worker}: ${brief ? `${error.type}: ${error.message}` : describeError(error)}\n`)
  }

  #live(): string {
    const seconds = (performance.now() - this.#started) / 1000
    const rate = seconds > 0 ? this.#calls / seconds : 0
    return `${whole(this.#calls)} calls  ${whole(this.errors)} errors  ${whole(rate)} calls/s  ${seconds.toFixed(0)} s  (Ctrl-C stops)`
  }

  async report(): Promise<void> {
    const stats = this.#py.stats()
    const ms = this.#ended - this.#started
    const summary = {
      target: this.#target,
      calls: this.#calls,
      errors: this.errors,
      seconds: ms / 1000,
      callsPerSecond: this.#calls / (ms / 1000),
      p50Ms: this.#latency.percentile(50) / 1e6,
      p99Ms: this.#latency.percentile(99) / 1e6,
      workers: this.#perWorker.length,
      fewestCalls: Math.min(...this.#perWorker),
      mostCalls: Math.max(...this.#perWorker),
      python: stats.python,
      isolation: stats.isolation,
      reasons: stats.reasons,
    }
    if (this.#flags.json) {
      this.#out.print(`${JSON.stringify(summary)}\n`)
    } else {
      const { python } = stats
      this.#out.print(
        [
          `${whole(this.#calls)} calls, ${whole(this.errors)} errors, ${whole(summary.callsPerSecond)} calls/s in ${span(ms)}`,
          this.#calls > 0 ? `latency: p50 ${span(summary.p50Ms)}, p99 ${span(summary.p99Ms)}` : 'latency: no calls',
          `${summary.workers} workers: fewest calls ${whole(summary.fewestCalls)}, most ${whole(summary.mostCalls)}`,
          `Python ${python.version} (${python.executable}, from ${python.source}), isolation ${stats.isolation}`,
          ...stats.reasons.map((reason) => `  ${reason}`),
          '',
        ].join('\n'),
      )
    }
    await Promise.all([this.#err.flush(), this.#out.flush()])
    if (this.#out.failure !== undefined) throw fileError('standard output', this.#out.failure)
  }
}

const WHOLE = {
  depth: null,
  maxArrayLength: null,
  maxStringLength: null,
  breakLength: Number.POSITIVE_INFINITY,
  compact: true,
} as const
