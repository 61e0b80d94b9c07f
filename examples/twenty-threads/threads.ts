import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { IsolationKind } from 'pythreads'
import { Lock } from './lock.ts'

/** What a thread is started with. */
export interface Setup {
  readonly id: number
  /** The memory of the lock that all threads share. */
  readonly memory: SharedArrayBuffer
}

/** Where Python runs. */
export interface Place {
  readonly python: string
  readonly isolation: IsolationKind
}

/** What all threads do until each has done `rounds` of it. */
export interface Job {
  /** Whether a thread holds the lock during its call, so that the others wait. */
  readonly isLocked: boolean
  /** Whether a call waits a millisecond in Python. */
  readonly isSlow: boolean
  readonly rounds: number
  readonly waitMs: number
  readonly isPrinted: boolean
}

export interface Tally {
  calls: number
  wrong: number
}

/** A message to a thread, which replies to each except `end`. */
export type Request =
  | { readonly do: 'open'; readonly place: Place }
  | { readonly do: 'run'; readonly job: Job }
  | { readonly do: 'close' | 'end' }

/** JavaScript threads that all do the same. */
export class Threads {
  readonly #workers: readonly Worker[]

  constructor(count: number) {
    const memory = new SharedArrayBuffer(Lock.BYTES)
    this.#workers = Array.from({ length: count }, (_, id) => startThread({ id, memory }))
  }

  /** Starts a pool in each thread. */
  async open(place: Place): Promise<void> {
    await this.#ask({ do: 'open', place })
  }

  /** Returns what all threads did together. */
  async run(job: Job): Promise<Tally> {
    const tallies = (await this.#ask({ do: 'run', job })) as Tally[]
    const total = (key: keyof Tally) => tallies.reduce((sum, tally) => sum + tally[key], 0)
    return { calls: total('calls'), wrong: total('wrong') }
  }

  /** Closes the pool of each thread. */
  async close(): Promise<void> {
    await this.#ask({ do: 'close' })
  }

  /** Ends the threads. */
  async end(): Promise<void> {
    const exits = this.#workers.map((worker) => once(worker, 'exit'))
    for (const worker of this.#workers) worker.postMessage({ do: 'end' } satisfies Request)
    await Promise.all(exits)
  }

  async #ask(request: Request): Promise<unknown[]> {
    const replies = this.#workers.map((worker) => once(worker, 'message'))
    for (const worker of this.#workers) worker.postMessage(request)
    return (await Promise.all(replies)).flat()
  }
}

/** Calls tsx by name: threads of Node 20 do not inherit what makes Node read TypeScript. */
function startThread(setup: Setup): Worker {
  const program = JSON.stringify(new URL('./thread.ts', import.meta.url).href)
  const source = `import('tsx/esm/api').then(({ tsImport }) => tsImport(${program}, ${program}))`
  return new Worker(source, { eval: true, workerData: setup })
}
