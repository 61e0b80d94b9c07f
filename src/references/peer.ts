import { Borrowed } from '../memory/index.ts'
import type { Loan, NaiveDates, Reviver } from '../wire/index.ts'
import type { ReferenceCounts } from './counts.ts'
import type { FrameReferences } from './frame-references.ts'
import { Handle, type Owner } from './handles.ts'

/** What peers differ in. */
export interface PeerTools {
  /** Makes what callers get for an object that stays in Python. */
  readonly proxyFor: (handle: Handle) => unknown
  /** What a datetime without a zone is. */
  readonly naiveDates: NaiveDates
}

/**
 * Python at the other end of a channel, as far as references go: it owns the objects that stay
 * there, makes of what it sends what callers get, and lends memory. A worker is one, and the worker
 * of sync calls.
 */
export abstract class Peer implements Owner, Reviver {
  readonly counts: ReferenceCounts
  readonly naiveDates: NaiveDates
  /** The memory that it lends. */
  readonly borrowed: Borrowed
  readonly #proxyFor: (handle: Handle) => unknown
  /** The ids of objects to be dropped in Python, until they are sent. */
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

  /** Whether it runs in this process. */
  protected abstract get inProcess(): boolean

  /** Has it give memory that is free back to the system. */
  protected abstract trim(): void

  /** Has objects dropped in Python. */
  protected abstract sendReleased(ids: readonly number[]): void

  /**
   * By whose end the memory that it has borrowed is returned; `undefined`: an interpreter of this
   * process keeps it.
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

  /** Objects that are released in one turn of the event loop go together. */
  release(id: number): void {
    if (this.#released.push(id) === 1) setImmediate(() => this.flushReleased())
  }

  /** Sends what is released now. */
  flushReleased(): void {
    if (this.#released.length === 0) return
    const ids = this.#released
    this.#released = []
    this.sendReleased(ids)
  }
}
