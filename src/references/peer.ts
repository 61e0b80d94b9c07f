import { Borrowed } from '../memory/index.ts'
import type { Loan, NaiveDates, Reviver } from '../wire/index.ts'
import type { ReferenceCounts } from './counts.ts'
import type { FrameReferences } from './frame-references.ts'
import { Handle, type Owner } from './handles.ts'

/** The parts of a peer that the pool provides: async and sync calls have different proxies. */
export interface PeerTools {
  /** Makes the proxy for an object that stays in Python. */
  readonly proxyFor: (handle: Handle) => unknown
  /** How a datetime without a zone is represented. */
  readonly naiveDates: NaiveDates
}

/**
 * The references to and from the Python at the other end of a channel: objects that stay there,
 * JavaScript values that it sends back, and memory that it lends. The base of `Worker` and of the
 * connection for sync calls.
 */
export abstract class Peer implements Owner, Reviver {
  readonly counts: ReferenceCounts
  readonly naiveDates: NaiveDates
  /** The memory that Python lends to JavaScript. */
  readonly borrowed: Borrowed
  readonly #proxyFor: (handle: Handle) => unknown
  /** The ids of released objects, until they are sent to Python. */
  #released: number[] = []

  constructor(counts: ReferenceCounts, { proxyFor, naiveDates }: PeerTools) {
    this.counts = counts
    this.naiveDates = naiveDates
    this.#proxyFor = proxyFor
    this.borrowed = new Borrowed(
      () => this.inProcess,
      () => this.trim(),
    )
  }

  /** Whether Python runs in this process. */
  protected abstract get inProcess(): boolean

  /** Makes Python return free memory to the system. */
  protected abstract trim(): void

  /** Makes Python drop the objects with these ids. */
  protected abstract sendReleased(ids: readonly number[]): void

  /**
   * The worker process whose end returns the memory that it has borrowed; `undefined` for an
   * interpreter of this process, which keeps the memory.
   */
  get borrower(): object | undefined {
    return this.inProcess ? undefined : this
  }

  /** A frame with these references is about to be sent. */
  noteSent(references: FrameReferences): void {
    if (references.numbers !== undefined) this.counts.sent(references.numbers)
    references.sent(this.borrower)
  }

  object(id: number, type: string, traits: number): unknown {
    return this.#proxyFor(new Handle(this, id, type, traits))
  }

  local(number: number): unknown {
    return this.counts.take(number)
  }

  memory(loan: Loan): ArrayBuffer {
    return this.borrowed.view(loan)
  }

  read<T>(loan: Loan, use: (bytes: ArrayBuffer, mayChange: boolean) => T): T {
    return this.borrowed.read(loan, use)
  }

  /** Collects the ids that are released in one turn of the event loop, and sends them together. */
  release(id: number): void {
    if (this.#released.push(id) === 1) setImmediate(() => this.flushReleased())
  }

  /** Sends the collected ids now. */
  flushReleased(): void {
    if (this.#released.length === 0) return
    const ids = this.#released
    this.#released = []
    this.sendReleased(ids)
  }
}
