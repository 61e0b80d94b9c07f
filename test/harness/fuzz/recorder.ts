import { openSync, writeSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { Random } from '../random.ts'
import { Samples } from '../samples.ts'
import { Counts, reasonOf } from './coverage.ts'
import { type Frame, Sequences } from './frames.ts'
import { Faults, lookAt, watchPrototypes } from './looking.ts'
import type { Ground } from './values.ts'

/** What a run is to do. */
export interface Run {
  readonly seed: number
  /** How many frames are sent at least. */
  readonly frames: number
  /** How many hostile workers there are at the most. */
  readonly workers?: number
  /** The number of the first sequence. */
  readonly from?: number
  /** Sequences that are played instead of those of the seed. */
  readonly corpus?: readonly (readonly Frame[])[]
  /** The path of a file that gets the number of each sequence before it is played. */
  readonly progress?: string
  /** The Python of worker processes. */
  readonly python?: string
}

/** What a run says of itself, at the end and from time to time. */
export interface Report {
  readonly seed: number
  readonly frames: number
  /** The number of the sequence that comes next. */
  readonly next: number
  readonly workers: number
  readonly sent: Record<string, number>
  /** What became of the calls that were attacked: their errors, counted. */
  readonly outcomes: Record<string, number>
  readonly faults: Faults['found']
  readonly longestStopMs: number
  readonly slopes: Record<string, string>
}

/** How a sequence is played again. */
export function whereOf({ seed, corpus }: Run, index: number): string {
  return corpus === undefined ? `--seed ${seed} --from ${index}` : `corpus ${index}`
}

/** How many descriptors may be open more than after the first pool: what collected arrays have. */
const FEW = 8

/** Hands out the sequences of a run, and notes what they do to this process. */
export class Recorder {
  readonly random: Random
  readonly samples: Samples = new Samples()
  /** Whether a fault was found that no report tells of. */
  hasNews = false
  /** How many hostile workers there were. */
  workers = 0
  readonly #run: Run
  readonly #sequences: Sequences
  readonly #sent = new Counts()
  readonly #outcomes = new Counts()
  readonly #faults = new Faults()
  readonly #isPolluted = watchPrototypes()
  readonly #delay = monitorEventLoopDelay({ resolution: 5 })
  readonly #progress: number | undefined
  /** How many there were when the first pool was closed. */
  #descriptors: number | undefined
  #longestStop = 0
  #frames = 0
  #next: number
  #where = ''

  constructor(run: Run, ground: Ground) {
    this.#run = run
    this.#sequences = new Sequences(run.seed, this.#sent, ground)
    this.#next = run.from ?? 0
    this.random = new Random(run.seed)
    this.#progress = run.progress === undefined ? undefined : openSync(run.progress, 'w')
    const onError = (error: unknown) => this.fault(`an uncaught error: ${reasonOf(error)}`)
    process.on('uncaughtException', onError).on('unhandledRejection', onError)
    this.#delay.enable()
  }

  /** The number of the sequence that was handed out last. */
  get turn(): number {
    return this.#next - 1
  }

  /** The next sequence; `undefined`: there were enough. */
  next(): readonly Frame[] | undefined {
    const { seed, corpus } = this.#run
    const index = this.#next++
    if (this.#progress !== undefined) writeSync(this.#progress, String(index).padStart(16), 0)
    this.#where = whereOf(this.#run, index)
    this.random.reseed(seed, index)
    const sequence =
      corpus === undefined ? (this.#isOver ? undefined : this.#sequences.at(index)) : corpus[index]
    this.#frames += sequence?.length ?? 0
    return sequence
  }

  get #isOver(): boolean {
    const { frames, workers = Number.POSITIVE_INFINITY } = this.#run
    return this.#frames >= frames || this.workers >= workers
  }

  /** Notes where frames were written, or what else a worker did. */
  count(what: string): void {
    this.#sent.add(what)
  }

  /** Notes what the host did that it must not do. */
  fault(what: string): void {
    this.#faults.add(what, this.#where)
    this.hasNews = true
  }

  /** A call that was attacked has returned or thrown something. */
  outcome(outcome: unknown): void {
    this.#outcomes.add(reasonOf(outcome))
    const trouble = lookAt(outcome)
    if (trouble !== undefined) this.fault(trouble)
    if (this.#isPolluted()) this.fault('a prototype of JavaScript was changed')
  }

  /** The event loop is to stand still, for a call that blocks it. */
  blocking<T>(call: () => T): T {
    this.#noteStops()
    try {
      return call()
    } finally {
      setImmediate(() => this.#delay.reset())
    }
  }

  /** A pool was closed: looks at what this process holds. What a pool had is given back soon. */
  async rest(): Promise<void> {
    const count = () => Samples.now()['descriptors'] ?? 0
    this.#descriptors ??= count()
    for (let looks = 0; looks < 200 && count() > this.#descriptors; looks++) await sleep(10)
    if (count() > this.#descriptors + FEW)
      this.fault(`${count()} descriptors are open, ${this.#descriptors} after the first pool`)
    this.samples.take()
  }

  report(): Report {
    this.#noteStops()
    this.hasNews = false
    const { seed } = this.#run
    const counted = {
      sent: this.#sent.toJSON(),
      outcomes: this.#outcomes.toJSON(),
      faults: this.#faults.found,
    }
    const [longestStopMs, slopes] = [Math.round(this.#longestStop / 1e6), this.samples.slopes()]
    return {
      seed,
      frames: this.#frames,
      next: this.#next,
      workers: this.workers,
      ...counted,
      longestStopMs,
      slopes,
    }
  }

  #noteStops(): void {
    this.#longestStop = Math.max(this.#longestStop, this.#delay.max)
    this.#delay.reset()
  }
}
