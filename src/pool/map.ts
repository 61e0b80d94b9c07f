import { AsyncResource } from 'node:async_hooks'
import { type PythonErrorDetails, PythreadsError, raise, toError } from '../errors/index.ts'
import type { ResolvedCallOptions } from '../options/index.ts'
import type { Write } from '../references/index.ts'
import { abortError } from '../scheduler/index.ts'
import { KIND, pathOf, refusedValue } from '../wire/index.ts'
import { FlattenedChunks } from './flatten-chunks.ts'
import type { Pool } from './pool.ts'

/** How a map runs; everything is decided. */
export interface MapPlan {
  readonly target: string
  readonly kwargs: Readonly<Record<string, unknown>>
  /** Items a call, or `'auto'`: as many as take some milliseconds. */
  readonly chunk: number | 'auto'
  readonly ordered: boolean
  readonly onProgress: ((progress: MapProgress) => void) | undefined
  readonly total: number | undefined
  /** Ends the map and what runs of it. */
  readonly signal: AbortSignal | undefined
  /** How long the whole map may take. */
  readonly timeoutMs: number | null
  /** How each call is made; its signal and `timeoutMs` are the map's. */
  readonly call: ResolvedCallOptions
}

/** How far a map is. */
export interface MapProgress {
  /** How many items have their results. */
  readonly done: number
  /** How many items there are; `undefined` where that is not known. */
  readonly total: number | undefined
}

/** Chunks a worker: one that it works on and one that waits, so that it never idles. */
const CHUNKS_A_WORKER = 2
/**
 * `auto` aims at chunks that take about this time: long beside a round trip, and too short for a
 * person to notice.
 */
const TARGET_MS = 4
const MAX_AUTO_CHUNK = 4096
/**
 * `auto` at most multiplies a chunk's size by this at a time: the next items may be slower ones.
 */
const GROWTH = 4

interface Chunk {
  readonly results: unknown[]
  /** Of the first item that failed. */
  readonly failure: { readonly error: unknown } | null
}

/** @throws `ERR_PYTHREADS_ARGUMENT` when items are not iterable */
export function checkItems(items: unknown): void {
  const isObject = typeof items === 'object' && items !== null
  if (isObject && (Symbol.iterator in items || Symbol.asyncIterator in items)) return
  const what = 'map takes an array, an iterable or an async iterable'
  throw new PythreadsError('ERR_PYTHREADS_ARGUMENT', what)
}

/**
 * Calls a function for each item. Pulls from the source only what the workers need next, and holds
 * at most two chunks a worker, whether they are on their way or wait to be taken: a slow consumer
 * slows the source down. A slow source does not hold up the results of what it has given: where a
 * worker is idle, a chunk goes before it is full.
 */
export function mapItems(
  pool: Pool,
  plan: MapPlan,
  source: Iterable<unknown> | AsyncIterable<unknown>,
): AsyncGenerator<unknown, void, undefined> {
  return new FlattenedChunks(mapChunks(pool, plan, source, new AsyncResource('PYTHREADS_MAP')))
}

/**
 * `context`: that of the map, in which its source and `onProgress` run, whoever goes through the
 * results.
 */
async function* mapChunks(
  pool: Pool,
  plan: MapPlan,
  source: Iterable<unknown> | AsyncIterable<unknown>,
  context: AsyncResource,
): AsyncGenerator<readonly unknown[], void, undefined> {
  const deadline = new Deadline(plan)
  const pump = context.runInAsyncScope(() => new ChunkPump(pool, plan, source, deadline.signal))
  let done = 0
  try {
    for (;;) {
      if (deadline.error !== undefined) throw deadline.error
      context.runInAsyncScope(() => pump.fill())
      const pending = pump.take(plan.ordered)
      if (pending === undefined) {
        if (pump.isOver) return pump.rethrow()
        await pump.news()
        continue
      }
      const chunk = await pending.promise
      done += chunk.results.length
      const { onProgress, total } = plan
      if (onProgress !== undefined) context.runInAsyncScope(onProgress, undefined, { done, total })
      yield chunk.results
      if (chunk.failure !== null) throw chunk.failure.error
    }
  } catch (error) {
    raise(deadline.error ?? error)
  } finally {
    deadline.end()
    await context.runInAsyncScope(() => pump.end())
  }
}

/** Ends a map early, by a signal of its own for all of its calls. */
class Deadline {
  error: PythreadsError | undefined
  readonly #controller = new AbortController()
  readonly #end: () => void

  constructor({ signal, timeoutMs, target }: MapPlan) {
    const stop = (error: PythreadsError) => {
      this.error ??= error
      this.#controller.abort(error)
    }
    const abort = () => stop(abortError(signal as AbortSignal, target))
    const late = () =>
      stop(
        new PythreadsError('ERR_PYTHREADS_TIMEOUT', `The map took longer than ${timeoutMs} ms`, {
          target,
        }),
      )
    if (signal?.aborted === true) abort()
    signal?.addEventListener('abort', abort, { once: true })
    const timer = timeoutMs === null ? undefined : setTimeout(late, timeoutMs)
    this.#end = () => {
      signal?.removeEventListener('abort', abort)
      clearTimeout(timer)
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  end(): void {
    this.#end()
  }
}

/** A chunk on its way. */
interface PendingChunk {
  readonly promise: Promise<Chunk>
  isDone: boolean
}

/** Moves items from a source to the workers. */
class ChunkPump {
  readonly #pool: Pool
  readonly #plan: MapPlan
  readonly #signal: AbortSignal
  readonly #iterator: Iterator<unknown> | AsyncIterator<unknown>
  readonly #isAsync: boolean
  readonly #size: ChunkSize
  readonly #pending: PendingChunk[] = []
  /** Items that have come from the source and are not sent yet. */
  #items: unknown[] = []
  /** The position of the first of them. */
  #first = 0
  #pulling = false
  #partial = false
  #ended = false
  #failure: { readonly error: unknown } | undefined
  #wake: (() => void) | undefined

  constructor(
    pool: Pool,
    plan: MapPlan,
    source: Iterable<unknown> | AsyncIterable<unknown>,
    signal: AbortSignal,
  ) {
    this.#pool = pool
    this.#plan = plan
    this.#signal = signal
    this.#isAsync = Symbol.asyncIterator in source
    this.#iterator =
      Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
    this.#size = new ChunkSize(plan.chunk)
    signal.addEventListener('abort', () => this.#tell(), { once: true })
  }

  /** Whether nothing is on its way and nothing will come. */
  get isOver(): boolean {
    return this.#ended && this.#pending.length === 0 && this.#items.length === 0
  }

  /** An error of the source: thrown when what came before has been dealt with. */
  rethrow(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }

  /** Resolves when something has happened since the last `take`. */
  news(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  /** Takes out a chunk that has come back: the oldest, or any. */
  take(ordered: boolean): PendingChunk | undefined {
    const at = ordered
      ? this.#pending[0]?.isDone === true
        ? 0
        : -1
      : this.#pending.findIndex(({ isDone }) => isDone)
    return at < 0 ? undefined : this.#pending.splice(at, 1)[0]
  }

  /** Pulls as long as there is room. */
  fill(): void {
    if (this.#isAsync) return void this.#pull()
    while (!this.#ended && this.#hasRoom) {
      try {
        while (this.#items.length < this.#size.now && !this.#ended)
          this.#add((this.#iterator as Iterator<unknown>).next())
      } catch (error) {
        this.#fail(error)
      }
      this.#send()
    }
  }

  /** Tells the source that no more is wanted. */
  async end(): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    const ended = this.#iterator.return?.()
    // An async generator settles `return()` only after the step under way. Nobody waits for that
    // step after an abort.
    if (this.#pulling) Promise.resolve(ended).catch(() => {})
    else await ended
  }

  get #hasRoom(): boolean {
    return this.#pending.length < this.#pool.size * CHUNKS_A_WORKER && !this.#signal.aborted
  }

  async #pull(): Promise<void> {
    if (this.#pulling) return
    this.#pulling = true
    try {
      while (!this.#ended && this.#hasRoom) {
        const step = await (this.#iterator as AsyncIterator<unknown>).next()
        if (this.#ended) break // nobody listens any more
        this.#add(step)
        if (this.#ended || this.#items.length >= this.#size.now) this.#send()
        else this.#sendSoon()
      }
    } catch (error) {
      this.#fail(error)
      this.#send()
    } finally {
      this.#pulling = false
      this.#tell()
    }
  }

  #add({ done, value }: IteratorResult<unknown>): void {
    if (done === true) this.#ended = true
    else this.#items.push(value)
  }

  #fail(error: unknown): void {
    if (!this.#ended) this.#failure = { error }
    this.#ended = true
  }

  /**
   * Sends a chunk before it is full, if more does not come at once and a worker has nothing to do.
   */
  #sendSoon(): void {
    if (this.#partial) return
    this.#partial = true
    setImmediate(() => {
      this.#partial = false
      if (this.#pending.length < this.#pool.size) this.#send()
    })
  }

  #send(): void {
    if (this.#items.length === 0 || this.#signal.aborted) return
    const items = { first: this.#first, values: this.#items }
    this.#first += items.values.length
    this.#items = []
    const promise = callChunk(this.#pool, this.#plan, items, this.#signal, this.#size)
    const pending: PendingChunk = { promise, isDone: false }
    const land = () => {
      pending.isDone = true
      this.#tell()
    }
    promise.then(land, land)
    this.#pending.push(pending)
  }

  #tell(): void {
    this.#wake?.()
    this.#wake = undefined
  }
}

async function callChunk(
  pool: Pool,
  plan: MapPlan,
  items: Items,
  signal: AbortSignal,
  size: ChunkSize,
): Promise<Chunk> {
  const write: Write = (encoder) => {
    encoder.tuple(3)
    encoder.string(plan.target)
    encoder.items(items.values, 'item', items.first)
    encoder.record(plan.kwargs, 'kwargs')
  }
  const { target } = plan
  const options = { ...plan.call, timeoutMs: null, signal }
  let reply: unknown
  try {
    reply = await pool.submit(KIND.MAP, write, options, undefined, target)
  } catch (error) {
    const refused = beforeRefused(error, items.first, target)
    if (refused === undefined) throw error
    return refused
  }
  const [results, failure, seconds] = (Array.isArray(reply) ? reply : []) as [
    unknown[],
    PythonErrorDetails | null,
    number,
  ]
  const { length } = items.values
  const isWhole =
    Array.isArray(results) &&
    typeof seconds === 'number' &&
    (failure === null ? results.length === length : results.length < length)
  if (!isWhole)
    throw new PythreadsError(
      'ERR_PYTHREADS_PROTOCOL',
      'Malformed value from Python: a chunk without its results',
      { target },
    )
  if (failure === null) size.learn(results.length, seconds * 1000)
  const failed =
    failure === null
      ? null
      : { error: toError(failure, { index: items.first + results.length, target }) }
  return { results, failure: failed }
}

/**
 * The results before one that JavaScript cannot hold, with that result's error as the error of its
 * item; `undefined` for other errors.
 */
function beforeRefused(error: unknown, first: number, target: string): Chunk | undefined {
  const refused = error instanceof PythreadsError ? refusedValue(error) : undefined
  if (refused === undefined || !Array.isArray(refused.value)) return undefined
  const [part, at, ...keys] = refused.keys
  if (part !== 0 || typeof at !== 'number') return undefined
  const options = { target, cause: error, path: pathOf(`result[${first + at}]`, keys) }
  const failure = new PythreadsError(
    'ERR_PYTHREADS_VALUE',
    `A value from Python ${refused.reason}`,
    options,
  )
  return { results: (refused.value[0] as unknown[]).slice(0, at), failure: { error: failure } }
}

interface Items {
  readonly first: number
  readonly values: unknown[]
}

/** The number of items of a chunk; `'auto'` adapts it to the time that Python reports. */
class ChunkSize {
  now: number
  readonly #auto: boolean

  constructor(chunk: number | 'auto') {
    this.#auto = chunk === 'auto'
    this.now = chunk === 'auto' ? 1 : chunk
  }

  /** A chunk of `count` items took `ms` in Python. */
  learn(count: number, ms: number): void {
    if (!this.#auto || count < this.now) return
    const ideal = Math.ceil((count * TARGET_MS) / Math.max(ms, 0.001))
    this.now = Math.max(1, Math.min(ideal, this.now * GROWTH, MAX_AUTO_CHUNK))
  }
}
