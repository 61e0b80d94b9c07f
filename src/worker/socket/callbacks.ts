import {
  CALLER,
  type CallbackReplies,
  CallbackRunner,
  type EncodedFrame,
  type ExportedValues,
  frameBytes,
  readCallback,
} from '../../references/index.ts'
import { frame, KIND } from '../../wire/index.ts'
import type { LinkHost } from '../link.ts'
import type { Connection } from './connection.ts'

/** How many callbacks of its thread, one within the other, may be without a result. */
const MOST_LEVELS = 10_000
/**
 * How many results of callbacks that are over its thread may leave unread: it reads one before it
 * goes on.
 */
const MOST_UNREAD = 64
/** How many callbacks of other threads and of coroutines may wait for a result at a time. */
const MOST_PENDING = 100_000

/** Runs the JavaScript functions that one worker calls, and sends it what they return. */
export class WorkerCallbacks {
  readonly #host: LinkHost
  readonly #connection: Connection
  readonly #callbackReplies: CallbackReplies
  readonly #runner: CallbackRunner
  /** The number of results for the worker's thread that are not written to the socket yet. */
  #unwrittenReplies = 0
  /** The number of callbacks of other Python threads that have no result yet. */
  #pendingCallbacks = 0

  constructor(
    host: LinkHost,
    connection: Connection,
    tools: { readonly exported: ExportedValues; readonly callbackReplies: CallbackReplies },
  ) {
    this.#host = host
    this.#connection = connection
    this.#callbackReplies = tools.callbackReplies
    this.#runner = new CallbackRunner(host, tools.exported, tools.callbackReplies)
  }

  /** The worker's thread waits for a JavaScript function. @returns whether that can be */
  onThread(id: number, bytes: Buffer, start: number, end: number): boolean {
    const { held } = this.#host
    const { inFlight } = held
    const request = readCallback(bytes, start, end, this.#host)
    const isLost = this.#unwrittenReplies > MOST_UNREAD + inFlight.callbacks
    if (id === 0 || isLost || inFlight.callbacks >= MOST_LEVELS) return false
    this.#connection.spend(true)
    held.callbackBegan(id)
    const reply = (encoded: EncodedFrame) => {
      // the worker is gone, or the call was cancelled
      if (!held.callbackReturned(id)) return encoded.references.retract()
      this.#unwrittenReplies++
      this.#write(encoded, id, true)
    }
    this.#runner.run(request, held.get(request.call)?.references, reply)
    if (this.#host.life.isOpen) held.offerWithinCallback()
    return true
  }

  /** Another Python thread, or an event loop, calls a JavaScript function. */
  beside(id: number, bytes: Buffer, start: number, end: number): void {
    const request = readCallback(bytes, start, end, this.#host)
    const connection = this.#connection
    connection.spend(false)
    const reply = (encoded: EncodedFrame) => {
      this.#pendingCallbacks--
      this.#write(encoded, id, false)
      connection.wroteSide()
    }
    const tellPending = () => {
      connection.writeSide(frame(KIND.CALLBACK_PENDING, undefined, id))
      connection.wroteSide()
    }
    if (++this.#pendingCallbacks > MOST_PENDING)
      return reply(this.#callbackReplies.denied('too many callbacks wait for a result'))
    const pending = (request.caller & CALLER.HAS_LOOP) !== 0 ? tellPending : undefined
    const call = this.#host.held.get(request.call)?.references
    this.#runner.run(request, call, reply, pending)
  }

  readonly #written = (): void => {
    this.#unwrittenReplies--
  }

  #write(encoded: EncodedFrame, id: number, isMain: boolean): void {
    const { references } = encoded
    const connection = this.#connection
    if (!this.#host.life.isOpen) return references.retract()
    this.#host.noteSent(references)
    // Python may say that it has dropped values, or ask for the bytes of what it is lent.
    if (references.numbers !== undefined || references.lends) connection.openSide()
    if (isMain) connection.write(frameBytes(encoded, id), this.#written)
    else connection.writeSide(frameBytes(encoded, id))
  }
}
