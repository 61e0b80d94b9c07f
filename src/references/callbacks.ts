import { AsyncLocalStorage } from 'node:async_hooks'
import { inspect, types } from 'node:util'
import { PythreadsError } from '../errors/index.ts'
import { decode, KIND, type Kind, pathOf, type Reviver, refusedValue } from '../wire/index.ts'
import type { ReferenceCounts } from './counts.ts'
import type { CallContext, ExportedValues } from './exported-values.ts'
import type { EncodedFrame, FrameEncoder } from './frame-encoder.ts'
import { FrameReferences } from './frame-references.ts'

/** Who runs callbacks for Python: a worker. */
export interface CallbackHost {
  readonly counts: ReferenceCounts
}

/** A callback that a worker waits for. */
export interface CallbackContext {
  readonly host: CallbackHost
  returned: boolean
}

/**
 * The callback that is running, in everything that it starts: a call made there may be taken by the
 * worker that waits.
 */
const inCallback = new AsyncLocalStorage<CallbackContext>()
let used = false

/** The callback in which this runs. */
export function callbackContext(): CallbackContext | undefined {
  return used ? inCallback.getStore() : undefined
}

function runCallback<T>(context: CallbackContext, callback: () => T): T {
  used = true
  return inCallback.run(context, callback)
}

/**
 * How many values Python may hold when it gets one more from a callback; and when it gets the error
 * that a callback throws, beside its text.
 */
const MOST_HELD = 2 ** 20
const MOST_ERRORS = 2 ** 16

/** Writes what callbacks answer. */
export class CallbackReplies {
  readonly #encoder: FrameEncoder
  readonly #exported: ExportedValues

  constructor(encoder: FrameEncoder, exported: ExportedValues) {
    this.#encoder = encoder
    this.#exported = exported
  }

  /** The frame for what a callback returned; for what is wrong with that, if it cannot cross. */
  result(value: unknown, counts: ReferenceCounts): EncodedFrame {
    try {
      const write = (encoder: { value(value: unknown, name: string): void }) =>
        encoder.value(value, "the callback's result")
      const frame = this.#encoder.encode(
        KIND.CALLBACK_RESULT,
        write,
        new FrameReferences(this.#exported, counts),
      )
      if (frame.references.numbers === undefined || counts.held < MOST_HELD) return frame
      frame.references.retract()
      throw new PythreadsError(
        'ERR_PYTHREADS_VALUE',
        `Python holds ${counts.held} JavaScript values already, the most that there are`,
      )
    } catch (error) {
      return this.error(error, counts)
    }
  }

  /**
   * The frame for what a callback threw: Python gets its text, and the number by which the value
   * itself comes back.
   */
  error(thrown: unknown, counts: ReferenceCounts): EncodedFrame {
    const { name, message, stack } = textOf(thrown)
    const references = new FrameReferences(this.#exported, counts)
    const number = counts.held < MOST_ERRORS ? references.add(thrown) : 0
    return this.#encode(KIND.CALLBACK_ERROR, [number, name, message, stack], references)
  }

  /** The frame for a callback that is not made, as it would be one too many or comes too late. */
  denied(message: string): EncodedFrame {
    return this.#encode(
      KIND.CALLBACK_ERROR,
      [0, '', message, ''],
      new FrameReferences(this.#exported),
    )
  }

  /** The frame for a callback whose arguments JavaScript cannot hold. It was not called. */
  refused(refusal: PythreadsError): EncodedFrame {
    const { reason, keys } = refusedValue(refusal) ?? { reason: refusal.message, keys: [] }
    return this.#encode(
      KIND.CALLBACK_REFUSED,
      [pathOf('args', keys.slice(1)), reason],
      new FrameReferences(this.#exported),
    )
  }

  #encode(kind: Kind, value: unknown, references: FrameReferences): EncodedFrame {
    return this.#encoder.encode(kind, (encoder) => encoder.value(value, 'error'), references)
  }
}

/**
 * What Python asks of JavaScript: to call the function with this number; `undefined`: it could not
 * be read.
 */
export interface CallbackRequest {
  readonly number: number | undefined
  readonly args: readonly unknown[]
  /** Bits of {@link CALLER}. */
  readonly caller: number
  /** The request for which Python calls it; 0 where that is not known. */
  readonly call: number
  /** Why the arguments cannot be held, if so. */
  readonly refusal: PythreadsError | undefined
}

/** Reads the payload of a CALLBACK. @throws `ERR_PYTHREADS_PROTOCOL` */
export function readCallback(
  bytes: Buffer,
  start: number,
  end: number,
  reviver: Reviver,
): CallbackRequest {
  let asked: unknown
  let refusal: PythreadsError | undefined
  try {
    asked = decode(bytes, start, end, reviver)
  } catch (error) {
    if (!(error instanceof PythreadsError) || error.code !== 'ERR_PYTHREADS_VALUE') throw error
    refusal = error
    asked = refusedValue(error)?.value
  }
  if (!Array.isArray(asked) && refusal !== undefined)
    return { number: undefined, args: [], caller: 0, call: 0, refusal }
  const [number, args, caller, call = 0] = Array.isArray(asked) ? asked : []
  if (
    typeof number !== 'number' ||
    !Array.isArray(args) ||
    typeof caller !== 'number' ||
    typeof call !== 'number'
  ) {
    throw new PythreadsError(
      'ERR_PYTHREADS_PROTOCOL',
      'Malformed value from Python: a callback without its function',
    )
  }
  return { number, args, caller, call, refusal }
}

/**
 * Checks that Python may ask for this; returns the number. @throws `ERR_PYTHREADS_PROTOCOL` when it
 * does not hold the function, or it is none
 */
export function checkRequest(
  { number }: CallbackRequest,
  counts: ReferenceCounts,
  exported: ExportedValues,
): number {
  if (number === undefined) return 0
  counts.check(number)
  exported.checkCallable(number)
  return number
}

/** Runs the callbacks of one worker. */
export class CallbackRunner {
  readonly #host: CallbackHost
  readonly #exported: ExportedValues
  readonly #replies: CallbackReplies

  constructor(host: CallbackHost, exported: ExportedValues, callbackReplies: CallbackReplies) {
    this.#host = host
    this.#exported = exported
    this.#replies = callbackReplies
  }

  /**
   * Calls a function. `call`: for which call Python calls it. `answer` sends its result, `pending`
   * says meanwhile that it is a promise, where Python can go on.
   */
  run(
    request: CallbackRequest,
    call: CallContext | undefined,
    answer: (frame: EncodedFrame) => void,
    pending?: () => void,
  ): void {
    const { counts } = this.#host
    if (counts.ended !== undefined) return answer(this.#replies.denied(counts.ended))
    const number = checkRequest(request, counts, this.#exported)
    const { args, refusal } = request
    if (refusal !== undefined) return answer(this.#replies.refused(refusal))
    const context = { host: this.#host, returned: false }
    const finish = (frame: EncodedFrame) => {
      context.returned = true
      answer(frame)
      frame.references.delivered()
    }
    const succeed = (value: unknown) => finish(this.#replies.result(value, counts))
    const fail = (error: unknown) => finish(this.#replies.error(error, counts))
    // What it returns is encoded in its context, too: there may be functions, and getters, in it.
    this.#exported.runInContext(number, call, () => {
      try {
        const result = runCallback(context, () => this.#exported.call(number, args))
        if (!isThenable(result)) return succeed(result)
        pending?.()
        result.then(succeed, fail)
      } catch (error) {
        fail(error)
      }
    })
  }
}

/** What Python says of the thread that waits for a callback, in the third field of a CALLBACK. */
export const CALLER = {
  /** An event loop runs there, so it can go on while a promise is pending. */
  HAS_LOOP: 1,
  /** It belongs to a worker, so no sync call waits for it. */
  OWN_THREAD: 2,
} as const

/** A promise, or what behaves as one. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    (typeof value === 'object' || typeof value === 'function') && value !== null && hasThen(value)
  )
}

function hasThen(value: object): boolean {
  return 'then' in value && typeof value.then === 'function'
}

/** The error for an answer that would come only when this thread stops waiting. */
export function promiseInSyncCall(): PythreadsError {
  return new PythreadsError(
    'ERR_PYTHREADS_DEADLOCK',
    'A function that Python called in a sync call answered with a promise, for which this blocked thread could never wait',
  )
}

/** What Python gets to see of a thrown value, which may be anything: always texts. */
function textOf(thrown: unknown): { name: string; message: string; stack: string } {
  try {
    if (!isError(thrown)) return { name: '', message: shown(thrown), stack: '' }
    const { name, message, stack } = thrown
    return { name: String(name), message: String(message), stack: String(stack ?? '') }
  } catch {
    return { name: '', message: 'a value that cannot be shown', stack: '' }
  }
}

/** An error of any realm. */
function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value)
}

/** `String` would write an array that is in an array twice two times, and at each level again. */
function shown(value: unknown): string {
  return Array.isArray(value)
    ? inspect(value, { depth: 1, maxArrayLength: 10, maxStringLength: 1000 })
    : String(value)
}
