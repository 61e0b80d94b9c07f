import { existingLender, mayBorrow } from '../memory/index.ts'
import {
  CALLER,
  type CallbackReplies,
  CallbackRunner,
  type CallContext,
  type EncodedFrame,
  frameBytes,
  type Handle,
  Peer,
  type ReferenceCounts,
  readCallback,
  releaseFrame,
} from '../references/index.ts'
import { decode, frame, KIND, type Loan, unexpectedFrame } from '../wire/index.ts'
import { type OutputLines, tellLog, tellWarning } from '../worker/index.ts'
import { type SideFrame, type SyncConnection, WHO } from './connection.ts'
import type { SyncSource } from './source.ts'

/** The tools that the peers of one `SyncPython`, one after the other, share. */
export interface SyncPeerTools {
  readonly source: SyncSource
  readonly callbackReplies: CallbackReplies
  readonly outputLines: OutputLines | undefined
  /** Makes the proxy that callers get for an object that stays in Python. */
  readonly proxyFor: (handle: Handle) => unknown
}

/** Python behind one connection for sync calls. */
export class SyncPeer extends Peer {
  readonly #connection: SyncConnection
  readonly #tools: SyncPeerTools
  readonly #runner: CallbackRunner
  #hasEnded = false

  /** @throws `ERR_PYTHREADS_PROTOCOL` where its memory is none; the connection is closed then */
  constructor(counts: ReferenceCounts, connection: SyncConnection, tools: SyncPeerTools) {
    const { source, callbackReplies, proxyFor } = tools
    super(counts, { proxyFor, naiveDates: source.naiveDates })
    this.#connection = connection
    this.#tools = tools
    // A call that a callback makes goes to the pool: the worker that waits here takes sync calls.
    this.#runner = new CallbackRunner(this, source.exported, callbackReplies, false)
    try {
      if (!this.borrowed.open(connection.pid, connection.memory))
        connection.notify(frame(KIND.INLINE))
    } catch (error) {
      connection.kill()
      throw error
    }
  }

  protected get inProcess(): boolean {
    return this.#connection.inProcess
  }

  protected trim(): void {} // the worker of sync calls reads nothing between them

  protected sendReleased(ids: readonly number[]): void {
    if (this.counts.ended === undefined) this.#connection.notify(releaseFrame(ids))
  }

  /** In an interpreter that the workers of the pool share, one of these drops the object. */
  override release(id: number): void {
    const { source } = this.#tools
    if (source.counts === undefined) super.release(id)
    else source.release(id)
  }

  /**
   * The memory of a loan. JavaScript learns only between turns of the event loop which arrays were
   * collected. A loan that would exceed the budget of the turn is copied.
   */
  override memory(loan: Loan): ArrayBuffer {
    const again = this.borrowed.again(loan)
    if (again !== undefined) return again
    return mayBorrow(loan[0]) ? this.borrowed.view(loan) : this.borrowed.copy(loan)
  }

  /** The worker has ended. */
  end(): void {
    this.#hasEnded = true
    this.borrowed.end()
    existingLender()?.forget(this)
  }

  /**
   * Takes a frame that is not the reply to a request. `reply` sends frames back. `isBlocked`: this
   * thread waits for the reply to a request, which belongs to `call`.
   */
  take(
    { kind, id, bytes }: SideFrame,
    reply: (bytes: Buffer) => void,
    isBlocked: boolean,
    call: CallContext | undefined,
  ): void {
    const { source, outputLines } = this.#tools
    const { onWarning, onLog } = source.listeners
    switch (kind) {
      case KIND.RELEASED:
        return this.counts.dropped(decode(bytes))
      case KIND.OUTPUT:
        return outputLines?.take(decode(bytes))
      case KIND.WARNING:
        return onWarning && tellWarning(decode(bytes), null, () => undefined, onWarning)
      case KIND.LOG:
        return onLog && tellLog(decode(bytes), null, () => undefined, onLog)
      case KIND.FETCH: {
        const memory = existingLender()?.bytesFor(this.borrower, id)
        if (memory === undefined) throw unexpectedFrame(WHO, kind, id)
        return reply(frame(KIND.MEMORY, memory, id))
      }
      case KIND.GIL_ENABLED: // the workers of the pool tell of it
        return
      case KIND.CALLBACK:
        return this.#callback(id, bytes, reply, isBlocked, call)
      default:
        throw unexpectedFrame(WHO, kind, id)
    }
  }

  #callback(
    id: number,
    bytes: Buffer,
    send: (bytes: Buffer) => void,
    isBlocked: boolean,
    call: CallContext | undefined,
  ): void {
    const request = readCallback(bytes, 0, bytes.length, this)
    const reply = (encoded: EncodedFrame) => {
      if (this.#hasEnded) return encoded.references.retract()
      this.noteSent(encoded.references)
      send(frameBytes(encoded, id))
    }
    // A thread of Python's own waits for a promise, which settles once this one goes on.
    const neverSettles = isBlocked && (request.caller & CALLER.OWN_THREAD) === 0
    this.#runner.run(request, call, reply, undefined, neverSettles)
  }
}
