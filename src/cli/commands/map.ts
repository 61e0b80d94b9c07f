import { performance } from 'node:perf_hooks'
import type { Readable, Writable } from 'node:stream'
import { type Python, PythonError, PythreadsError } from '../../index.ts'
import { ChunkBytes } from '../chunk-bytes.ts'
import { type Example, type Positional, TARGET } from '../command.ts'
import { describeError, EXIT, fileError } from '../errors.ts'
import { type Format, formatOf, isTable, outputFormatOf } from '../formats.ts'
import type { Interrupt } from '../interrupt.ts'
import { arrayLines } from '../json-array.ts'
import { Lanes } from '../lanes.ts'
import { MapFilePlan, type MapFiles } from '../map-files.ts'
import type { MapFlags } from '../map-flags.ts'
import { span, whole } from '../numbers.ts'
import { startPool } from '../pool-flags.ts'
import { Printer } from '../printer.ts'
import { halve, limited, type RecordChunk, recordChunks } from '../record-chunks.ts'
import { RecordProgress } from '../record-progress.ts'
import { FileOutput, type RowOutput, StandardOutput } from '../row-output.ts'
import { parseTarget } from '../target.ts'
import { UnderWay } from '../under-way.ts'

export { flags } from '../map-flags.ts'
export const name = 'map'
export const summary = 'call a function for every record of a file, on every core'
export const positionals: readonly Positional[] = [TARGET]

export const notes = `Formats: jsonl has a JSON value on each line, json is an array, lines has a text
on each line, csv and tsv have a row for each record, which is a dict of texts.`

export const examples: readonly Example[] = [
  {
    line: 'pythreads map ./rules.py:score -i events.jsonl -o out.jsonl',
    does: 'writes a JSON value on each line',
  },
  {
    line: 'pythreads map ./rules.py:score -i events.jsonl -o out.csv --limit 2',
    does: 'writes the first two as CSV',
  },
  {
    line: 'cat events.jsonl | pythreads map ./rules.py:score --on-error skip -q | cat',
    does: 'reads from a pipe and writes to one',
  },
]

const CHUNKS_A_WORKER = 2
/** After this number of tracebacks, failing records are only counted. */
const MAX_TRACEBACKS = 20
/** Errors by which one record fails its whole chunk: the others must be sent again. */
const COSTS_A_CHUNK = ['ERR_PYTHREADS_WORKER_DIED', 'ERR_PYTHREADS_TIMEOUT']

interface Failure {
  readonly line: number
  readonly error: PythonError | PythreadsError
}

interface Result {
  /** Rows to write, and how many there are. */
  readonly parts: readonly { readonly rows: Uint8Array; readonly count: number }[]
  readonly records: number
  readonly failures: readonly Failure[]
  readonly bytes: number
}

export async function run(
  flags: MapFlags,
  [text = '']: readonly string[],
  interrupt: Interrupt,
): Promise<number> {
  const target = parseTarget(text)
  const plan = new MapFilePlan(flags)
  await plan.check()
  const { py, stdout } = await startPool(flags, target, flags.print)
  try {
    await py.run('pythreads_kernel.targets:check_callable', [target.text])
    const files = await plan.open()
    if (files.input === process.stdin && process.stdin.isTTY && !flags.quiet) {
      process.stderr.write('Reading records from this terminal; Ctrl-D ends the input\n')
    }
    const job = new Job(py, target.text, flags, plan, files, stdout)
    interrupt.handle().addEventListener('abort', () => job.stop())
    return await job.run()
  } finally {
    py.destroy()
  }
}

class Job {
  #stopped = false
  #failed = 0
  #records = 0
  /** The columns of the input, where it has a header. */
  #columns: string[] | null = null
  /** The columns of an output with a header. Until they are known, chunks run one at a time. */
  #header: string[] | null = null
  readonly #py: Python
  readonly #target: string
  readonly #flags: MapFlags
  readonly #format: Format
  readonly #outputFormat: Format
  readonly #plan: MapFilePlan
  readonly #input: Readable
  readonly #progress: RecordProgress
  readonly #output: RowOutput
  readonly #err: Printer
  readonly #errorFile: RowOutput | undefined
  readonly #chunkBytes = new ChunkBytes()
  readonly #underWay = new UnderWay<Result>()
  readonly #lanes: Lanes

  constructor(
    py: Python,
    target: string,
    flags: MapFlags,
    plan: MapFilePlan,
    files: MapFiles,
    stdout: Writable,
  ) {
    const { input, output, errors } = files
    this.#py = py
    this.#target = target
    this.#flags = flags
    this.#format = flags.format ?? formatOf(flags.input) ?? 'jsonl'
    this.#outputFormat = flags.outputFormat ?? outputFormatOf(flags.output) ?? this.#format
    this.#plan = plan
    this.#input = input
    this.#progress = new RecordProgress(plan.size, flags.quiet)
    this.#err = new Printer(process.stderr, () => this.#progress.clear())
    this.#output =
      output === undefined
        ? new StandardOutput(new Printer(stdout), this.#outputFormat)
        : new FileOutput(output, plan.names.output, this.#outputFormat)
    this.#errorFile = errors && new FileOutput(errors, plan.names.errors, 'jsonl')
    this.#lanes = new Lanes(py)
  }

  /** Ends at once: results that are ready are written, other chunks are given up. */
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
    if (!this.#output.closed) this.#summary(performance.now() - started)
    await this.#err.flush()
    if (failure !== undefined) throw failure.error
    if (this.#stopped && !this.#output.closed) return EXIT.interrupted
    return this.#failed > 0 ? EXIT.failed : EXIT.ok
  }

  async #mapAll(): Promise<void> {
    const aWorker = this.#flags.timeout === undefined ? CHUNKS_A_WORKER : 1
    const most = this.#py.stats().workers.length * aWorker
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
        failure = { error: this.#readError(error) }
        ended = true
      }
      reading = false
      this.#underWay.wake()
    }
    for (;;) {
      const isAlone = isTable(this.#outputFormat) && this.#header === null
      if (!(ended || reading || this.#stopped) && this.#underWay.size < (isAlone ? 1 : most))
        void read()
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
    if (failure !== undefined) throw failure.error // earlier results have been written
  }

  #readError(error: unknown): PythreadsError {
    const { input } = this.#plan.names
    if (!(error instanceof PythreadsError)) return fileError(input, error)
    if (error.code !== 'ERR_PYTHREADS_INPUT') return error
    return new PythreadsError(error.code, `${input}: ${error.message}`, { cause: error })
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
    const { limit, timeout } = this.#flags
    const isWithHeader = isTable(this.#format)
    const source = this.#format === 'json' ? arrayLines(this.#input) : this.#input
    // The header must be a chunk of its own, also with --chunk.
    const isAtHeader = () => isWithHeader && this.#columns === null
    const fixed = timeout === undefined ? this.#flags.chunk : 1
    const all = recordChunks(
      source,
      () => this.#chunkBytes.now,
      isWithHeader,
      () => (isAtHeader() ? 1 : fixed),
    )
    const records = isWithHeader ? this.#withoutHeader(all) : all
    yield* limit === undefined
      ? records
      : limited(records, limit, isWithHeader, IS_RECORD[this.#format])
  }

  async *#withoutHeader(chunks: AsyncGenerator<RecordChunk>): AsyncGenerator<RecordChunk> {
    for await (const chunk of chunks) {
      if (this.#columns === null) this.#columns = await this.#readHeader(chunk.bytes)
      else yield chunk
    }
  }

  /** The columns that the first record of a CSV file names. */
  async #readHeader(header: Buffer): Promise<string[]> {
    try {
      return await this.#py.run<string[]>('pythreads_kernel.records:csv_columns', [
        header,
        this.#format,
      ])
    } catch (error) {
      if (!(error instanceof PythonError && error.type === 'InputError')) throw error
      throw new PythreadsError('ERR_PYTHREADS_INPUT', error.message, { cause: error })
    }
  }

  /**
   * Maps a chunk. When a record kills the worker, or exceeds its time, halves the chunk again and
   * again, so that only this record fails.
   */
  async #chunk(chunk: RecordChunk): Promise<Result> {
    try {
      return await this.#call(chunk)
    } catch (error) {
      if (!(error instanceof PythreadsError && COSTS_A_CHUNK.includes(error.code))) throw error
      const halves = halve(chunk, isTable(this.#format))
      if (halves === undefined) {
        return {
          parts: [],
          records: 1,
          failures: [{ line: chunk.firstLine, error }],
          bytes: chunk.bytes.length,
        }
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
    const { onError, timeout } = this.#flags
    const formats = { fmt: this.#format, out: this.#outputFormat }
    const kwargs = {
      ...formats,
      stop: onError === 'stop',
      columns: this.#columns,
      header: this.#header,
    }
    const args = [this.#target, bytes, firstLine]
    const call = (to: Pick<Python, 'run'>) =>
      to.run<Reply>('pythreads_kernel.records:run', args, { kwargs, timeoutMs: timeout })
    const reply = await (timeout === undefined ? call(this.#py) : this.#lanes.use(call))
    const { rows, records, columns, seconds } = reply
    this.#header ??= columns
    const failures = reply.failures.map(({ line, error }) => ({
      line,
      error: new PythonError(error),
    }))
    this.#chunkBytes.learn(bytes.length, seconds * 1000)
    return {
      parts: [{ rows, count: records - failures.length }],
      records,
      failures,
      bytes: bytes.length,
    }
  }

  async #fail({ line, error }: Failure): Promise<void> {
    this.#failed++
    const unit = this.#format === 'json' ? 'item' : 'line'
    if (this.#errorFile !== undefined) {
      const { code, message } = error
      const python =
        error instanceof PythonError ? { type: error.type, traceback: error.traceback } : {}
      return this.#errorFile.write(
        Buffer.from(`${JSON.stringify({ [unit]: line, code, message, ...python })}\n`),
        1,
      )
    }
    if (this.#failed <= MAX_TRACEBACKS)
      await this.#err.print(`${unit} ${line}: ${describeError(error)}\n`)
    if (this.#failed === MAX_TRACEBACKS)
      await this.#err.print('More records that fail are only counted.\n')
  }

  #summary(ms: number): void {
    const rate = whole(this.#records / (ms / 1000))
    const [records, failed] = [whole(this.#records), whole(this.#failed)]
    if (!this.#flags.quiet)
      this.#err.print(`${records} records, ${failed} failed, ${rate} records/s in ${span(ms)}\n`)
    if (this.#failed === 0 || this.#flags.onError === 'stop') return
    const where = this.#errorFile === undefined ? '' : `: see ${this.#plan.names.errors}`
    this.#err.print(`pythreads: ${failed} of ${records} records failed${where}\n`)
  }
}

interface Reply {
  readonly rows: Uint8Array
  readonly records: number
  /** The columns of a CSV output, once they are known. */
  readonly columns: string[] | null
  readonly failures: {
    readonly line: number
    readonly error: ConstructorParameters<typeof PythonError>[0]
  }[]
  readonly seconds: number
}

const everyLine = () => true
const isNotBlank = (line: Buffer) => line.toString().trim() !== ''
const isNotEmptyRow = (line: Buffer) => !/^\r?\n?$/.test(line.toString('latin1', 0, 3))

/** Whether a line is a record, by the same rules as the kernel's `records.py`. */
const IS_RECORD: Readonly<Record<Format, (line: Buffer) => boolean>> = {
  jsonl: isNotBlank,
  json: isNotBlank,
  lines: everyLine,
  csv: isNotEmptyRow,
  tsv: isNotEmptyRow,
}
