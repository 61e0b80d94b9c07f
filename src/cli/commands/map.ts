import { createReadStream, createWriteStream, realpathSync, statSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { Python, PythonError, PythreadsError } from '../../index.ts'
import { resolveTarget } from '../../options/index.ts'
import { takeNext } from '../../pool/index.ts'
import { describeError, EXIT } from '../errors.ts'
import type { Flags } from '../flags.ts'
import { span, whole } from '../numbers.ts'
import { type PoolFlags, poolFlags, poolOptions } from '../pool-flags.ts'
import { Printer } from '../printer.ts'
import { countByte, firstRecordEnd, halve, NEWLINE, type RecordChunk, recordChunks } from '../record-chunks.ts'
import { RecordProgress } from '../record-progress.ts'

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

/** Bytes a chunk: some milliseconds of work or more, and few enough that all that are under way stay small. */
const CHUNK_BYTES = 128 * 1024
const CHUNKS_A_WORKER = 2
/** Failing records that --on-error skip prints with their traceback; it counts the others. */
const MAX_TRACEBACKS = 20

interface Failure {
  readonly line: number
  readonly error: PythonError | PythreadsError
}

interface Result {
  readonly rows: readonly Uint8Array[]
  readonly records: number
  readonly failures: readonly Failure[]
  readonly bytes: number
}

/** Puts every record of a file through a function. Answers the exit status. */
export async function map(target: string, flags: MapFlags): Promise<number> {
  const size = checkFiles(flags)
  const py = await Python.start(poolOptions(flags, target, undefined))
  await py.run('pythreads_kernel.targets:check_callable', [resolveTarget(target)])
  const job = new Job(py, resolveTarget(target), flags, openFiles(flags, size))
  const onSigint = () => job.stop()
  process.once('SIGINT', onSigint)
  try {
    return await job.run()
  } finally {
    process.off('SIGINT', onSigint)
    py.destroy()
  }
}

interface Files {
  readonly input: AsyncIterable<Buffer>
  /** The input's bytes, where they are known. */
  readonly size: number | undefined
  readonly output: Writable
  readonly errors: Writable | undefined
}

/** Refuses what cannot work, before anything is opened or written. Answers the input's size where it is known. */
function checkFiles({ input, output, errors, onError }: MapFlags): number | undefined {
  if (onError === 'record' && errors === undefined && output === '-')
    throw usage('--on-error record to standard output needs --errors FILE')
  if (input === '-') return undefined
  const stats = statSync(input, { throwIfNoEntry: false })
  if (stats === undefined || stats.isDirectory()) throw usage(`--input ${input}: no such file`)
  const same = output !== '-' && statSync(output, { throwIfNoEntry: false }) && realpathSync(input) === realpathSync(output)
  if (same) throw usage('--output is the file of --input: it would be lost')
  return stats.isFile() ? stats.size : undefined
}

function openFiles({ input, output, errors, onError }: MapFlags, size: number | undefined): Files {
  return {
    input: input === '-' ? process.stdin : createReadStream(input, { highWaterMark: CHUNK_BYTES }),
    size,
    output: output === '-' ? process.stdout : createWriteStream(output),
    errors: onError === 'record' ? createWriteStream(errors ?? `${output}.errors.jsonl`) : undefined,
  }
}

function usage(message: string): PythreadsError {
  return new PythreadsError('ERR_PYTHREADS_USAGE', message)
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
  readonly #files: Files
  readonly #progress: RecordProgress
  readonly #out: Printer
  readonly #err: Printer
  readonly #errorFile: Printer | undefined

  constructor(py: Python, target: string, flags: MapFlags, files: Files) {
    this.#py = py
    this.#target = target
    this.#flags = flags
    this.#files = files
    this.#progress = new RecordProgress(files.size, flags.quiet)
    this.#out = new Printer(files.output)
    this.#err = new Printer(process.stderr, () => this.#progress.clear())
    this.#errorFile = files.errors && new Printer(files.errors)
  }

  stop(): void {
    this.#stopped = true
  }

  async run(): Promise<number> {
    const started = performance.now()
    await this.#mapAll()
    await Promise.all([this.#out.flush(), this.#errorFile?.flush()])
    await Promise.all([this.#end(this.#files.output), this.#end(this.#files.errors)])
    this.#progress.end()
    if (!this.#flags.quiet && !this.#out.closed) this.#summary(performance.now() - started)
    await this.#err.flush()
    if (this.#stopped && !this.#out.closed) return EXIT.interrupted
    return this.#failed > 0 && this.#flags.onError === 'stop' ? EXIT.failed : EXIT.ok
  }

  async #mapAll(): Promise<void> {
    const limit = this.#py.stats().workers.length * CHUNKS_A_WORKER
    const flying: Promise<Result>[] = []
    for await (const chunk of this.#chunks()) {
      const flight = this.#chunk(chunk)
      flight.catch(() => {}) // it may fail before its turn comes
      flying.push(flight)
      const alone = this.#header !== undefined && this.#header.output === null
      while (flying.length >= (alone ? 1 : limit)) if (!(await this.#takeNext(flying))) return
    }
    while (flying.length > 0) if (!(await this.#takeNext(flying))) return
  }

  /** Writes the next result that is due; answers whether to go on. */
  async #takeNext(flying: Promise<Result>[]): Promise<boolean> {
    const result = await takeNext(flying, !this.#flags.unordered)
    this.#records += result.records
    for (const rows of result.rows) await this.#out.print(rows)
    for (const failure of result.failures) await this.#fail(failure)
    this.#progress.add(result.records, result.bytes)
    return !(this.#stopped || this.#out.closed || (result.failures.length > 0 && this.#flags.onError === 'stop'))
  }

  async *#chunks(): AsyncGenerator<RecordChunk> {
    const csv = this.#flags.format === 'csv'
    for await (const chunk of recordChunks(this.#files.input, CHUNK_BYTES, csv)) {
      if (csv && this.#header === undefined) {
        const end = firstRecordEnd(chunk.bytes, true) || chunk.bytes.length
        const columns = await this.#py.run<string[]>('pythreads_kernel.rows:csv_columns', [chunk.bytes.subarray(0, end)])
        this.#header = { input: columns, output: null }
        const lines = countByte(chunk.bytes.subarray(0, end), NEWLINE)
        if (end < chunk.bytes.length) yield { bytes: chunk.bytes.subarray(end), firstLine: chunk.firstLine + lines }
      } else {
        yield chunk
      }
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
        return { rows: [], records: 1, failures: [{ line: chunk.firstLine, error }], bytes: chunk.bytes.length }
      }
      const head = await this.#chunk(halves[0])
      if (head.failures.length > 0 && this.#flags.onError === 'stop') return head
      const tail = await this.#chunk(halves[1])
      return {
        rows: [...head.rows, ...tail.rows],
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
    }>('pythreads_kernel.rows:run', [this.#target, bytes, firstLine], { kwargs })
    if (this.#header !== undefined) this.#header.output ??= reply.columns
    const failures = reply.failures.map(({ line, error }) => ({ line, error: new PythonError(error) }))
    return { rows: [reply.rows], records: reply.records, failures, bytes: bytes.length }
  }

  async #fail({ line, error }: Failure): Promise<void> {
    this.#failed++
    if (this.#errorFile !== undefined) {
      const { code, message } = error
      const python = error instanceof PythonError ? { type: error.type, traceback: error.traceback } : {}
      return this.#errorFile.print(`${JSON.stringify({ line, code, message, ...python })}\n`)
    }
    if (this.#failed <= MAX_TRACEBACKS) await this.#err.print(`line ${line}: ${describeError(error)}\n`)
    if (this.#failed === MAX_TRACEBACKS) await this.#err.print('Further failing records are only counted.\n')
  }

  #summary(ms: number): void {
    const rate = whole(this.#records / (ms / 1000))
    this.#err.print(`${whole(this.#records)} records, ${whole(this.#failed)} failed, ${rate} records/s in ${span(ms)}\n`)
  }

  async #end(stream: Writable | undefined): Promise<void> {
    if (stream === undefined || stream === process.stdout || stream.destroyed) return
    stream.end()
    await finished(stream)
  }
}
