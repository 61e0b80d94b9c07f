import { AsyncLocalStorage } from 'node:async_hooks'
import { inspect, types } from 'node:util'
import { PythreadsError } from '../errors/index.ts'
import { decode, KIND, type Kind, pathOf, type Reviver, refusedValue } from '../wire/index.ts'
import type { ReferenceCounts } from './counts.ts'
import type { CallContext, ExportedValues } from './exported-values.ts'
import type { EncodedFrame, FrameEncoder } from './frame-encoder.ts'
import { FrameReferences } from './frame-references.ts'

/** The worker whose callbacks run here. */
export interface CallbackHost {
  readonly counts: ReferenceCounts
}

/** A callback that Python waits for. */
export interface CallbackContext {
  readonly host: CallbackHost
  returned: boolean
}

/**
 * The callback that runs, also in the asynchronous code that it starts. The worker that waits for
 * the callback may take a call that is made there, which prevents a deadlock.
 */
const inCallback = new AsyncLocalStorage<CallbackContext>()
/** `getStore` costs time, so programs without callbacks never call it. */
let hasRunCallbacks = false

/** The callback in which the caller runs, if there is one. */
export function callbackContext(): CallbackContext | undefined {
  return hasRunCallbacks ? inCallback.getStore() : undefined
}

function runCallback<T>(context: CallbackContext, callback: () => T): T {
  hasRunCallbacks = true
  return inCallback.run(context, callback)
}

/** When Python holds this many JavaScript values, a callback's result may add no more. */
const MOST_HELD = 2 ** 20
/** When Python holds this many, it gets only the text of a thrown error, not a reference. */
const MOST_ERRORS = 2 ** 16

/** Encodes the replies to callbacks. */
export class CallbackReplies {
  readonly #encoder: FrameEncoder
  readonly #exported: ExportedValues

  constructor(encoder: FrameEncoder, exported: ExportedValues) {
    this.#encoder = encoder
    this.#exported = exported
  }

  /** The frame for a callback's result, or for the error of a result that cannot cross. */
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
        `Python already holds ${counts.held} JavaScript values, which is the limit`,
      )
    } catch (error) {
      return this.error(error, counts)
    }
  }

  /**
   * The frame for an error that a callback threw: its text, and the number of the thrown value. If
   * Python lets the exception pass, JavaScript gets the same value back.
   */
  error(thrown: unknown, counts: ReferenceCounts): EncodedFrame {
    const { name, message, stack } = textOf(thrown)
    const references = new FrameReferences(this.#exported, counts)
    const number = counts.held < MOST_ERRORS ? references.add(thrown) : 0
    return this.#encode(KIND.CALLBACK_ERROR, [number, name, message, stack], references)
  }

  /** The frame for a callback that is not run, as there are too many, or its call has ended. */
  denied(message: string): EncodedFrame {
    return this.#encode(
      KIND.CALLBACK_ERROR,
      [0, '', message, ''],
      new FrameReferences(this.#exported),
    )
  }

  /** The frame for a callback that is not run, as JavaScript cannot represent its arguments. */
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

/** A request of Python to call a JavaScript function. */
export interface CallbackRequest {
  /** The number of the function; `undefined` when the request could not be read. */
  readonly number: number | undefined
  readonly args: readonly unknown[]
  /** Bits of {@link CALLER}. */
  readonly caller: number
  /** The id of the request during which Python calls the function; 0 when it is not known. */
  readonly call: number
  /** Why JavaScript cannot represent the arguments, if it cannot. */
  readonly refusal: PythreadsError | undefined
}

/** Reads the payload of a CALLBACK. @throws `ERR_PYTHREADS_PROTOCOL` */
export function readCallback(
  bytes: Buffer,
  start: number,
  end: number,
  reviver: Reviver,
): CallbackRequest {
  let fields: unknown
  let refusal: PythreadsError | undefined
  try {
    fields = decode(bytes, start, end, reviver)
  } catch (error) {
    if (!(error instanceof PythreadsError) || error.code !== 'ERR_PYTHREADS_VALUE') throw error
    refusal = error
    fields = refusedValue(error)?.value
  }
  if (!Array.isArray(fields) && refusal !== undefined)
    return { number: undefined, args: [], caller: 0, call: 0, refusal }
  const [number, args, caller, call = 0] = Array.isArray(fields) ? fields : []
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
 * Checks that Python holds the function of a request; returns the function's number.
 *
 * @throws `ERR_PYTHREADS_PROTOCOL` when Python does not hold it, or when it is no function
 */
function checkRequest(
  { number }: CallbackRequest,
  counts: ReferenceCounts,
  exported: ExportedValues,
): number {
  if (number === undefined) return 0
  counts.check(number)
  exported.checkCallable(number)
  return number
}

/** Runs the callbacks of one worker, or of the worker for sync calls. */
export class CallbackRunner {
  readonly #host: CallbackHost
  readonly #exported: ExportedValues
  readonly #replies: CallbackReplies
  readonly #takesCalls: boolean

  /**
   * `takesCalls`: the worker that waits for a callback may take the calls that the callback makes.
   */
  constructor(
    host: CallbackHost,
    exported: ExportedValues,
    callbackReplies: CallbackReplies,
    takesCalls: boolean = true,
  ) {
    this.#host = host
    this.#exported = exported
    this.#replies = callbackReplies
    this.#takesCalls = takesCalls
  }

  /**
   * Calls a function. `call`: the call during which Python calls it. `reply` sends the result.
   * `pending` tells Python that the result is a promise, where Python's event loop can go on.
   * `isBlocked`: this thread waits for the result in a sync call, so a promise would never settle.
   */
  run(
    request: CallbackRequest,
    call: CallContext | undefined,
    reply: (frame: EncodedFrame) => void,
    pending?: () => void,
    isBlocked: boolean = false,
  ): void {
    const { counts } = this.#host
    if (counts.ended !== undefined) return reply(this.#replies.denied(counts.ended))
    const number = checkRequest(request, counts, this.#exported)
    const { args, refusal } = request
    if (refusal !== undefined) return reply(this.#replies.refused(refusal))
    const context = { host: this.#host, returned: false }
    const finish = (frame: EncodedFrame) => {
      context.returned = true
      reply(frame)
      frame.references.delivered()
    }
    const succeed = (value: unknown) => finish(this.#replies.result(value, counts))
    const fail = (error: unknown) => finish(this.#replies.error(error, counts))
    // The result is encoded in the same async context: it may contain functions and getters.
    this.#exported.runInContext(number, call, () => {
      try {
        const callback = () => this.#exported.call(number, args)
        const result = this.#takesCalls ? runCallback(context, callback) : callback()
        if (!isThenable(result)) return succeed(result)
        if (isBlocked) {
          result.then(undefined, () => {}) // nobody is told of its error
          return fail(promiseInSyncCall())
        }
        pending?.()
        result.then(succeed, fail)
      } catch (error) {
        fail(error)
      }
    })
  }
}

/** Bits of the third field of a CALLBACK, about the Python thread that waits for the callback. */
export const CALLER = {
  /** An event loop runs in the thread, and can go on while a promise is pending. */
  HAS_LOOP: 1,
  /** The thread is a worker's own: no sync call of JavaScript waits for it. */
  OWN_THREAD: 2,
} as const

/** Whether `await` would call the `then` method of a value. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    (typeof value === 'object' || typeof value === 'function') && value !== null && hasThen(value)
  )
}

function hasThen(value: object): boolean {
  return 'then' in value && typeof value.then === 'function'
}

/** The error for a promise that could settle only after this blocked thread stops waiting. */
function promiseInSyncCall(): PythreadsError {
  return new PythreadsError(
    'ERR_PYTHREADS_DEADLOCK',
    'A function that Python called in a sync call returned a promise, which cannot settle while this thread is blocked',
  )
}

/** Describes a thrown value for Python. A program may throw any value, even a hostile proxy. */
function textOf(thrown: unknown): { name: string; message: string; stack: string } {
  try {
    if (!isError(thrown)) return { name: '', message: shown(thrown), stack: '' }
    const { name, message, stack } = thrown
    return { name: String(name), message: String(message), stack: String(stack ?? '') }
  } catch {
    return { name: '', message: 'a value that cannot be shown', stack: '' }
  }
}

/** Whether a value is an error of any JavaScript realm (`node:vm`). */
function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value)
}

/**
 * `String` writes an array that is nested twice in each level of another one exponentially often;
 * `inspect` has limits.
 */
function shown(value: unknown): string {
  return Array.isArray(value)
    ? inspect(value, { depth: 1, maxArrayLength: 10, maxStringLength: 1000 })
    : String(value)
}
