import type { Turn } from './queues.ts'

/** A worker that somebody has to himself. */
export interface Lease {
  readonly workerIndex: number
  /** The worker itself, which no other one can stand in for. */
  readonly worker: object
  /** Whether the worker still lives. */
  isAlive(): boolean
  giveBack(): void
}

/** What can be given away. */
export interface Leasable {
  readonly index: number
  /** Whether it takes calls. */
  readonly serving: boolean
}

interface Request extends Turn {
  readonly resolve: (lease: Lease) => void
  readonly reject: (error: unknown) => void
}

/** Who waits for a worker to himself, and the workers that are given away so. */
export class Leases<S extends Leasable> {
  readonly #requests: Request[] = []
  readonly #leased = new Set<S>()
  readonly #free: (worker: S) => void

  /** `free` is told of a worker that was given back. */
  constructor(free: (worker: S) => void) {
    this.#free = free
  }

  /** Whose turn it is. */
  get next(): Turn | undefined {
    return this.#requests[0]
  }

  has(worker: S): boolean {
    return this.#leased.has(worker)
  }

  request(order: number): Promise<Lease> {
    return new Promise((resolve, reject) =>
      this.#requests.push({ order, priority: 0, resolve, reject }),
    )
  }

  /** Gives a worker to the oldest request. */
  grant(worker: S): void {
    const request = this.#requests.shift()
    if (request === undefined) return
    this.#leased.add(worker)
    let given = true
    const giveBack = () => {
      if (given && this.#leased.delete(worker)) this.#free(worker)
      given = false
    }
    request.resolve({ workerIndex: worker.index, worker, isAlive: () => worker.serving, giveBack })
  }

  /** A worker is gone: whoever has it learns of it by the next call. */
  leave(worker: S): void {
    this.#leased.delete(worker)
  }

  clear(error: unknown): void {
    for (const request of this.#requests.splice(0)) request.reject(error)
  }
}
