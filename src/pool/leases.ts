import type { Realm } from './realm.ts'
import type { Worker } from './worker.ts'

/** A worker that somebody has to himself. */
export interface Lease {
  readonly slot: number
  readonly realm: Realm
  /** Whether the worker still lives. */
  isThere(): boolean
  giveBack(): void
}

interface Request {
  readonly order: number
  readonly resolve: (lease: Lease) => void
  readonly reject: (error: unknown) => void
}

/** Who waits for a worker to himself, and the workers that are given away so. */
export class Leases {
  readonly #requests: Request[] = []
  readonly #leased = new Set<Worker>()
  readonly #free: (worker: Worker) => void

  /** `free` is told of a worker that was given back. */
  constructor(free: (worker: Worker) => void) {
    this.#free = free
  }

  /** Since when the oldest request waits, in the order of calls. */
  get oldest(): number | undefined {
    return this.#requests[0]?.order
  }

  has(worker: Worker): boolean {
    return this.#leased.has(worker)
  }

  request(order: number): Promise<Lease> {
    return new Promise((resolve, reject) => this.#requests.push({ order, resolve, reject }))
  }

  /** Gives a worker to the oldest request. */
  grant(worker: Worker): void {
    const request = this.#requests.shift()
    if (request === undefined) return
    this.#leased.add(worker)
    const giveBack = () => {
      if (this.#leased.delete(worker)) this.#free(worker)
    }
    request.resolve({ slot: worker.slot, realm: worker.realm, isThere: () => worker.serving, giveBack })
  }

  /** A worker is gone: whoever has it learns of it by the next call. */
  leave(worker: Worker): void {
    this.#leased.delete(worker)
  }

  clear(error: unknown): void {
    for (const request of this.#requests.splice(0)) request.reject(error)
  }
}
