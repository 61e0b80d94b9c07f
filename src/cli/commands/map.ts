import { performance } from 'node:perf_hooks'
import type { Readable } from 'node:stream'
import { Python, PythonError, PythreadsError } from '../../index.ts'
import { resolveTarget } from '../../options/index.ts'
import { ChunkBytes } from '../chunk-bytes.ts'
import { describeError, EXIT, fileError } from '../errors.ts'
import type { Flags } from '../flags.ts'
import { MapFilePlan, type MapFiles } from '../map-files.ts'
import { span, whole } from '../numbers.ts'
import { type PoolFlags, poolFlags, poolOptions } from '../pool-flags.ts'
import { Printer } from '../printer.ts'
import { halve, type RecordChunk, recordChunks } from '../record-chunks.ts'
import { RecordProgress } from '../record-progress.ts'
import { FileOutput, type RowOutput, StandardOutput } from '../row-output.ts'
import { UnderWay } from '../under-way.ts'

export interface MapFlags extends PoolFlags {
  input: string
  output: string
  format: 'jsonl' | 'lines' | 'csv'
  onError: 'stop' | 'skip' | 'record'
  errors: string | undefined
  unordered: boolean
  quiet: boolean
}

export const mapFlags: Flags<Omit<MapFlags, 'threads'>> = {
  ...poolFlags,
  input: { flags: '-i, --input <file>', description: 'the file to read, - for standard input', default: '-' },
  output: { flags: '-o, --output <file>', description: 'the file to write, - for standard output', default: '-' },
  format: {
    flags: '-f, --format <format>',
    description: 'jsonl: a JSON value a line; lines: a text a line; csv: with a header, a record is a dict of strings',
    choices: ['jsonl', 'lines', 'csv'],
    default: 'jsonl',
  },
  onError: {
    flags: '--on-error <what>',
    description: 'stop at the first failing record, skip it, or record it in the file of --errors',
    choices: ['stop', 'skip', 'record'],
    default: 'stop',
  },
  errors: {
    flags: '--errors <file>',
    description: 'with --on-error record: where failures go, as JSON lines; default: OUTPUT.errors.jsonl',
  },
  unordered: {
    flags: '--unordered',
    description: 'write results as they are ready, not in the order of the input',
    default: false,
  },
  quiet: { flags: '-q, --quiet', description: 'no progress and no summary', default: false },
}

const CHUNKS_A_WORKER = 2
/** Failing records that --on-error skip prints with their traceback; it counts the others. */
const MAX_TRACEBACKS = 20

interface Failure {
  readonly line: number
  readonly error: PythonError | PythreadsError
}

interface Result {
  /** Rows to write, and how many records they came from. */
  readonly parts: readonly { readonly rows: Uint8Array; readonly count: number }[]
  readonly records: number
  readonly failures: readonly Failure[]
  readonly bytes: number
}

/** Puts every record of a file through a function. Returns the exit status. */
export async function map(target: string, flags: MapFlags): Promise<number> {
  const plan = new MapFilePlan(flags)
  await plan.check()
  const py = await Python.start(poolOptions(flags, target, undefined))
  try {
    await py.run('pythreads_kernel.targets:check_callable', [resolveTarget(target)])
    const job = new Job(py, resolveTarget(target), flags, plan, await plan.open())
    const onSigint = () => job.stop()
    process.once('SIGINT', onSigint)
    try {
      return await job.run()
    } finally {
      process.off('SIGINT', onSigint)
    }
  } finally {
    py.destroy()
  }
}

class Job {
  #stopped = false
  #failed = 0
  #records = 0
  /** CSV: the columns of input and output. Chunks go one at a time until the output's are known. */
  #header: { input: string[]; output: string[] | null } | undefined
  readonly #py: Python
  readonly #target: string
  readonly #flags: MapFlags
  readonly #plan: MapFilePlan
  readonly #input: Readable
  readonly #progress: RecordProgress
  readonly #output: RowOutput
  readonly #err: Printer
  readonly #errorFile: RowOutput | undefined
  readonly #chunkBytes = new ChunkBytes()
  readonly #underWay = new UnderWay<Result>()

  constructor(py: Python, target: string, flags: MapFlags, plan: MapFilePlan, { input, output, errors }: MapFiles) {
    this.#py = py
    this.#target = target
    this.#flags = flags
    this.#plan = plan
    this.#input = input
    this.#progress = new RecordProgress(plan.size, flags.quiet)
    this.#err = new Printer(process.stderr, () => this.#progress.clear())
    this.#output =
      output === undefined
        ? new StandardOutput(new Printer(process.stdout))
        : new FileOutput(output, plan.names.output, flags.format === 'csv')
    this.#errorFile = errors && new FileOutput(errors, plan.names.errors, false)
  }

  /** Ends at once: writes the results that are there, and gives up the chunks that are under way. */
  stop(): void {
    this.#stopped = true
    this.#underWay.wake()
  }

  async run(): Promise<number> {
    const started = performance.now()
    let failure: { readonly error: unknown } | undefined
    try {
      await this.#mapAll()
    } catch (error) {
      failure = { error }
    }
    this.#input.destroy()
    for (const output of [this.#output, this.#errorFile]) {
      await output?.end().catch((error: unknown) => {
        failure ??= { error }
      })
    }
    this.#progress.end()
    if (!this.#flags.quiet && !this.#output.closed) this.#summary(performance.now() - started)
    await this.#err.flush()
    if (failure !== undefined) throw failure.error
    if (this.#stopped && !this.#output.closed) return EXIT.interrupted
    return this.#failed > 0 && this.#flags.onError === 'stop' ? EXIT.failed : EXIT.ok
  }

  async #mapAll(): Promise<void> {
    const most = this.#py.stats().workers.length * CHUNKS_A_WORKER
    const chunks = this.#chunks()
    let reading = false
    let ended = false
    let failure: { readonly error: unknown } | undefined
    const read = async () => {
      reading = true
      try {
        const step = await chunks.next()
        if (step.done === true) ended = true
        else this.#underWay.add(this.#chunk(step.value))
      } catch (error) {
        failure = { error: error instanceof PythreadsError ? error : fileError(this.#plan.names.input, error) }
        ended = true
      }
      reading = false
      this.#underWay.wake()
    }
    for (;;) {
      const isAlone = this.#header !== undefined && this.#header.output === null
      if (!(ended || reading || this.#stopped) && this.#underWay.size < (isAlone ? 1 : most)) void read()
      const result = this.#underWay.take(!this.#flags.unordered)
      if (result !== undefined) {
        if (!(await this.#write(await result))) return
      } else if (this.#stopped) {
        return
      } else if (ended && this.#underWay.size === 0) {
        break
      } else {
        await this.#underWay.news()
      }
    }
    if (failure !== undefined) throw failure.error // what came before it has been written
  }

  /** Writes a result; returns whether to go on. */
  async #write({ parts, records, failures, bytes }: Result): Promise<boolean> {
    this.#records += records
    for (const { rows, count } of parts) await this.#output.write(rows, count)
    for (const failure of failures) await this.#fail(failure)
    this.#progress.add(records, bytes)
    return !(this.#output.closed || (failures.length > 0 && this.#flags.onError === 'stop'))
  }

  async *#chunks(): AsyncGenerator<RecordChunk> {
    const csv = this.#flags.format === 'csv'
    for await (const chunk of recordChunks(this.#input, () => this.#chunkBytes.now, csv)) {
      if (csv && this.#header === undefined) {
        // The first chunk is one record, since nothing has been learned yet.
        this.#header = { input: await this.#columns(chunk.bytes), output: null }
      } else {
        yield chunk
      }
    }
  }

  /** The columns that the first record of a CSV file names. */
  async #columns(header: Buffer): Promise<string[]> {
    try {
      return await this.#py.run<string[]>('pythreads_kernel.rows:csv_columns', [header])
    } catch (error) {
      if (!(error instanceof PythonError && error.type === 'InputError')) throw error
      throw new PythreadsError('ERR_PYTHREADS_INPUT', error.message, { cause: error })
    }
  }

  /** Maps a chunk. When the worker dies of it, finds the record that killed it, so that only that one fails. */
  async #chunk(chunk: RecordChunk): Promise<Result> {
    try {
      return await this.#call(chunk)
    } catch (error) {
      if (!(error instanceof PythreadsError && error.code === 'ERR_PYTHREADS_WORKER_DIED')) throw error
      const halves = halve(chunk, this.#flags.format === 'csv')
      if (halves === undefined) {
        return { parts: [], records: 1, failures: [{ line: chunk.firstLine, error }], bytes: chunk.bytes.length }
      }
      const head = await this.#chunk(halves[0])
      if (head.failures.length > 0 && this.#flags.onError === 'stop') return head
      const tail = await this.#chunk(halves[1])
      return {
        parts: [...head.parts, ...tail.parts],
        records: head.records + tail.records,
        failures: [...head.failures, ...tail.failures],
        bytes: head.bytes + tail.bytes,
      }
    }
  }

  async #call({ bytes, firstLine }: RecordChunk): Promise<Result> {
    const kwargs = { fmt: this.#flags.format, stop: this.#flags.onError === 'stop', header: this.#header ?? null }
    const reply = await this.#py.run<{
      rows: Uint8Array
      records: number
      columns: string[] | null
      failures: { line: number; error: ConstructorParameters<typeof PythonError>[0] }[]
      seconds: number
    }>('pythreads_kernel.rows:run', [this.#target, bytes, firstLine], { kwargs })
    const { rows, records, columns, seconds } = reply
    if (this.#header !== undefined) this.#header.output ??= columns
    const failures = reply.failures.map(({ line, error }) => ({ line, error: new PythonError(error) }))
    this.#chunkBytes.learn(bytes.length, seconds * 1000)
    return { parts: [{ rows, count: records - failures.length }], records, failures, bytes: bytes.length }
  }

  async #fail({ line, error }: Failure): Promise<void> {
    this.#failed++
    if (this.#errorFile !== undefined) {
      const { code, message } = error
      const python = error instanceof PythonError ? { type: error.type, traceback: error.traceback } : {}
      return this.#errorFile.write(Buffer.from(`${JSON.stringify({ line, code, message, ...python })}\n`), 1)
    }
    if (this.#failed <= MAX_TRACEBACKS) await this.#err.print(`line ${line}: ${describeError(error)}\n`)
    if (this.#failed === MAX_TRACEBACKS) await this.#err.print('Further failing records are only counted.\n')
  }

  #summary(ms: number): void {
    const rate = whole(this.#records / (ms / 1000))
    this.#err.print(`${whole(this.#records)} records, ${whole(this.#failed)} failed, ${rate} records/s in ${span(ms)}\n`)
  }
}
