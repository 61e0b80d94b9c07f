import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Python, PythonError, PythreadsError } from '../../index.ts'
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
import { counted, span, whole } from '../numbers.ts'
import {
  closePool,
  endOfCalls,
  type PoolFlags,
  poolFlags,
  printFlag,
  startPool,
  timeoutFlag,
} from '../pool-flags.ts'
import { Printer } from '../printer.ts'
import type { PrintTo } from '../result-output.ts'
import { StatusLine } from '../status-line.ts'
import { parseTarget } from '../target.ts'

export interface RunFlags extends PoolFlags, ArgumentFlags {
  every: number | undefined
  for: number | undefined
  count: number | undefined
  raw: boolean
  print: PrintTo
  quiet: boolean
}

export const name = 'run'
export const summary = 'call a function and print its result as JSON'
export const positionals: readonly Positional[] = [
  TARGET,
  { name: '[arguments...]', description: 'each is JSON, else a text; - reads standard input' },
]

export const flags: Flags<Omit<RunFlags, 'threads'>> = {
  ...argumentFlags,
  raw: {
    flags: '-r, --raw',
    description: 'print str() of the result, not JSON; print bytes unchanged',
    default: false,
  },
  print: printFlag,
  every: {
    flags: '--every <time>',
    description: 'call once in each such time, until Ctrl-C: 500ms, 1s, 2m',
    parse: duration,
  },
  for: {
    flags: '--for <time>',
    description: 'with --every: stop after this time',
    parse: duration,
  },
  count: {
    flags: '--count <n>',
    description: 'number of calls of each thread',
    parse: count,
    conflicts: 'for',
  },
  timeout: timeoutFlag('a call'),
  quiet: { flags: '-q, --quiet', description: 'print no summary of many calls', default: false },
  ...poolFlags,
  workers: {
    ...poolFlags.workers,
    flags: '-t, --threads <n>',
    alias: '-w, --workers <n>',
    description: 'number of threads that call; each has a worker of its own',
  },
}

export const notes = `The function is called once. With --threads, --every or --count it is called
again and again, and "$thread" and "$call" in the arguments stand for the
numbers of the thread and of its call. Stdout has only results, one on each
line. To call without a pause, use pythreads bench.`

export const examples: readonly Example[] = [
  { line: 'pythreads run math:sqrt 16', does: 'prints 4.0' },
  {
    line: `echo '{"id": 1}' | pythreads run ./rules.py:score - | cat`,
    does: 'reads the argument from a pipe',
  },
  {
    line: `pythreads run json:dumps '[1, 2]' --kwargs '{"indent": 1}' --raw`,
    does: 'prints a text without quotes',
  },
  {
    line: `pythreads run json:dumps --threads 20 --every 1s --for 2s '{"id": "$thread"}'`,
    does: 'calls from 20 threads, once a second each',
  },
]

/** After this number of tracebacks, each error is one line. */
const MAX_TRACEBACKS = 3
const CALL = 'pythreads_kernel.json_call:call'

export async function run(
  flags: RunFlags,
  [text = '', ...given]: readonly string[],
  interrupt: Interrupt,
): Promise<number> {
  const target = parseTarget(text)
  if (flags.for !== undefined && flags.every === undefined) {
    throw new PythreadsError(
      'ERR_PYTHREADS_USAGE',
      '--for needs --every; to call as fast as possible, use `pythreads bench`',
    )
  }
  const call = await readArguments(given, flags)
  const threads = flags.threads ?? flags.workers
  const isOnce = threads === undefined && flags.every === undefined && flags.count === undefined
  const { py, stdout } = await startPool(flags, target, flags.print, {
    workers: threads ?? 1,
    timeoutMs: flags.timeout,
  })
  const stop = interrupt.handle()
  const job = new Job(py, new Printer(stdout), target.text, { ...flags, ...call })
  try {
    return await (isOnce ? job.once(stop) : job.many(threads ?? 1, stop))
  } finally {
    await closePool(py, stop)
  }
}

interface Plan extends JsonArguments, Pick<RunFlags, 'every' | 'for' | 'count' | 'raw' | 'quiet'> {}

class Job {
  #calls = 0
  #errors = 0
  #tracebacks = 0
  #started = 0
  readonly #py: Python
  readonly #target: string
  readonly #plan: Plan
  readonly #out: Printer
  readonly #err: Printer
  #status: StatusLine | undefined

  constructor(py: Python, out: Printer, target: string, plan: Plan) {
    this.#py = py
    this.#target = target
    this.#plan = plan
    this.#out = out
    this.#err = new Printer(process.stderr, () => this.#status?.clear())
  }

  /** Calls once. `$thread` and `$call` in the arguments are not replaced. */
  async once(stop: AbortSignal): Promise<number> {
    const { args, kwargs } = this.#plan
    try {
      await this.#out.print(await this.#call(args.text, kwargs.text, { signal: stop }))
    } catch (error) {
      if (stop.aborted) return EXIT.interrupted
      throw error
    }
    await this.#flush()
    return EXIT.ok
  }

  /** Calls from N threads, each on its own worker. */
  async many(threads: number, stop: AbortSignal): Promise<number> {
    await this.#py.run('pythreads_kernel.targets:check_callable', [this.#target])
    this.#started = performance.now()
    this.#status = new StatusLine(process.stderr, () => this.#live())
    const callers = Promise.all(
      Array.from({ length: threads }, (_, thread) => this.#caller(thread, stop)),
    )
    await endOfCalls(this.#py, callers, stop)
    const ms = performance.now() - this.#started
    this.#status.end()
    if (!this.#plan.quiet && !this.#out.closed) this.#summary(ms)
    await this.#flush()
    return this.#errors === 0 ? EXIT.ok : EXIT.failed
  }

  async #caller(thread: number, stop: AbortSignal): Promise<void> {
    const { every, args, kwargs } = this.#plan
    const end = this.#started + (this.#plan.for ?? Number.POSITIVE_INFINITY)
    const most = this.#plan.count ?? (every === undefined ? 1 : Number.POSITIVE_INFINITY)
    for (let call = 0; call < most && !stop.aborted && !this.#out.closed; call++) {
      const due = this.#started + call * (every ?? 0)
      if (due >= end) return
      await this.#pauseUntil(due, stop)
      if (stop.aborted) return
      try {
        const result = await this.#call(args.fill(thread, call), kwargs.fill(thread, call), {
          worker: thread,
        })
        this.#calls++
        await this.#out.print(result)
      } catch (error) {
        if (stop.aborted) return
        this.#calls++
        this.#errors++
        await this.#printError(thread, error)
      }
    }
  }

  #call(
    args: string,
    kwargs: string,
    options: { signal?: AbortSignal; worker?: number },
  ): Promise<Uint8Array> {
    const how = { ...options, kwargs: { raw: this.#plan.raw } }
    return this.#py.run<Uint8Array>(CALL, [this.#target, args, kwargs], how)
  }

  async #pauseUntil(due: number, stop: AbortSignal): Promise<void> {
    const wait = due - performance.now()
    if (wait > 0) await sleep(wait, undefined, { signal: stop }).catch(() => {})
  }

  #printError(thread: number, error: unknown): Promise<void> | undefined {
    const brief = error instanceof PythonError && this.#tracebacks++ >= MAX_TRACEBACKS
    return this.#err.print(
      `thread ${thread}: ${brief ? `${error.type}: ${error.message}` : describeError(error)}\n`,
    )
  }

  #live(): string {
    const seconds = (performance.now() - this.#started) / 1000
    return `${whole(this.#calls)} calls  ${whole(this.#errors)} errors  ${seconds.toFixed(0)} s  (Ctrl-C stops)`
  }

  #summary(ms: number): void {
    const { python, isolation, workers } = this.#py.stats()
    const calls = `${counted(this.#calls, 'call')}, ${counted(this.#errors, 'error')} in ${span(ms)}`
    this.#err.print(
      `${calls}; ${counted(workers.length, 'worker')}, isolation ${isolation}, Python ${python.version}\n`,
    )
  }

  async #flush(): Promise<void> {
    await Promise.all([this.#err.flush(), this.#out.end()])
    if (this.#out.failure !== undefined) throw fileError('standard output', this.#out.failure)
  }
}
