import type { Turn } from './queues.ts'

/** The exclusive use of a worker: no other caller's calls go to it. */
export interface Lease {
  readonly workerIndex: number
  /** The identity of the worker: its replacement has the same index. */
  readonly worker: object
  /** Whether the worker takes calls. */
  isAlive(): boolean
  giveBack(): void
}

/** A worker that can be leased. */
export interface Leasable {
  readonly index: number
  /** Whether it takes calls. */
  readonly serving: boolean
}

interface Request extends Turn {
  readonly resolve: (lease: Lease) => void
  readonly reject: (error: unknown) => void
}

/** The requests for leases that wait, and the workers that are leased. */
export class Leases<S extends Leasable> {
  readonly #requests: Request[] = []
  readonly #leased = new Set<S>()
  readonly #free: (worker: S) => void

  /** `free` is called with a worker whose lease was given back. */
  constructor(free: (worker: S) => void) {
    this.#free = free
  }

  /** The oldest request. */
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

  /** Removes a worker that has ended. The holder of its lease gets an error at the next call. */
  leave(worker: S): void {
    this.#leased.delete(worker)
  }

  clear(error: unknown): void {
    for (const request of this.#requests.splice(0)) request.reject(error)
  }
}
