import { type PythonErrorDetails, raise, toError } from '../errors/index.ts'
import { KIND } from '../wire/index.ts'
import type { Pool } from './pool.ts'
import type { Write } from './task.ts'

/** How a map runs; everything is decided, nothing optional. */
export interface MapPlan {
  readonly target: string
  readonly kwargs: Readonly<Record<string, unknown>>
  /** Items a call, or `'auto'`: as many as take some milliseconds. */
  readonly chunk: number | 'auto'
  readonly ordered: boolean
  readonly copy: boolean
  readonly onProgress: ((progress: MapProgress) => void) | undefined
  readonly total: number | undefined
}

/** How far a map is. */
export interface MapProgress {
  /** Items whose results have come back. */
  readonly done: number
  /** How many there are, where that is known. */
  readonly total: number | undefined
}

/** Chunks a worker: one that it works on and one that waits, so that it never idles. */
const CHUNKS_A_WORKER = 2
/** `auto` aims at chunks that take about this long: long against a round trip, short against a human's patience. */
const TARGET_MS = 4
const MAX_AUTO_CHUNK = 4096
/** `auto` at most multiplies a chunk's size by this at a time: the next items may be slower ones. */
const GROWTH = 4

interface Chunk {
  readonly results: unknown[]
  /** Of the first item that failed. */
  readonly failure: { readonly error: unknown } | null
}

/**
 * Calls a function for each item. Pulls from the source only what the workers need next, and holds at most two chunks a
 * worker, whether they are on their way or wait to be taken: a slow consumer slows the source down.
 */
export async function* mapItems(
  pool: Pool,
  plan: MapPlan,
  source: Iterable<unknown> | AsyncIterable<unknown>,
): AsyncGenerator<unknown, void, undefined> {
  const chunks = new Chunker(source, plan.chunk)
  const flying: Promise<Chunk>[] = []
  const limit = pool.size * CHUNKS_A_WORKER
  let done = 0
  try {
    for (;;) {
      while (flying.length < limit && !chunks.ended) {
        const items = await chunks.next()
        if (items.values.length === 0) continue
        const flight = callChunk(pool, plan, items, chunks)
        flight.catch(() => {}) // it may fail before its turn comes to be taken
        flying.push(flight)
      }
      if (flying.length === 0) return chunks.rethrow()
      const chunk = await takeNext(flying, plan.ordered)
      done += chunk.results.length
      plan.onProgress?.({ done, total: plan.total })
      for (const result of chunk.results) yield result
      if (chunk.failure !== null) throw chunk.failure.error
    }
  } catch (error) {
    raise(error)
  } finally {
    await chunks.return()
  }
}

/** Takes the oldest of some promises out, or whichever is ready first, and answers its value. */
export async function takeNext<T>(flying: Promise<T>[], ordered: boolean): Promise<T> {
  if (ordered) return (await flying.shift()) as T
  // In an array, as a promise that is answered by a promise would be replaced by its value.
  const [value, promise] = await Promise.race(flying.map(async (flight) => [await flight, flight] as const))
  flying.splice(flying.indexOf(promise), 1)
  return value
}

async function callChunk(pool: Pool, plan: MapPlan, items: Items, chunks: Chunker): Promise<Chunk> {
  const write: Write = (encoder) => {
    encoder.tuple(3)
    encoder.string(plan.target)
    encoder.list(items.values.length)
    for (const [i, value] of items.values.entries()) encoder.value(value, `item[${items.first + i}]`)
    encoder.record(plan.kwargs, 'kwargs')
  }
  const reply = await pool.submit(KIND.MAP, write, { copy: plan.copy })
  const [results, failure, seconds] = reply as [unknown[], PythonErrorDetails | null, number]
  if (failure === null) chunks.learn(results.length, seconds * 1000)
  const failed = failure === null ? null : { error: toError(failure, { index: items.first + results.length }) }
  return { results, failure: failed }
}

interface Items {
  readonly first: number
  readonly values: unknown[]
}

/** Cuts a source into chunks, and learns how large they should be. */
class Chunker {
  ended = false
  #size: number
  #first = 0
  #failure: { error: unknown } | undefined
  readonly #auto: boolean
  readonly #iterator: Iterator<unknown> | AsyncIterator<unknown>

  constructor(source: Iterable<unknown> | AsyncIterable<unknown>, chunk: number | 'auto') {
    this.#auto = chunk === 'auto'
    this.#size = chunk === 'auto' ? 1 : chunk
    this.#iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
  }

  /** The next items. An error of the source ends it; it is thrown when what came before has been dealt with. */
  async next(): Promise<Items> {
    const first = this.#first
    const values: unknown[] = []
    try {
      while (values.length < this.#size) {
        const step = this.#iterator.next()
        const { done, value } = 'then' in step ? await step : step
        if (done === true) {
          this.ended = true
          break
        }
        values.push(value)
      }
    } catch (error) {
      this.ended = true
      this.#failure = { error }
    }
    this.#first += values.length
    return { first, values }
  }

  rethrow(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }

  /** A chunk of `count` items took `ms` in Python. */
  learn(count: number, ms: number): void {
    if (!this.#auto || count < this.#size) return
    const ideal = Math.ceil((count * TARGET_MS) / Math.max(ms, 0.001))
    this.#size = Math.max(1, Math.min(ideal, this.#size * GROWTH, MAX_AUTO_CHUNK))
  }

  /** Tells the source that no more is wanted. */
  async return(): Promise<void> {
    if (this.ended) return
    this.ended = true
    await this.#iterator.return?.()
  }
}
