import {
  type ErrorCode,
  nameTarget,
  type PythonErrorDetails,
  PythreadsError,
  raise,
  toError,
} from '../errors/index.ts'
import { Borrowed, existingLender, mayBorrow } from '../memory/index.ts'
import {
  modulePath,
  type NaiveDates,
  NO_OPTIONS,
  type ResolvedCallOptions,
  type RunOptions,
  resolveSyncOptions,
  type SyncKey,
  targetName,
} from '../options/index.ts'
import type { SetupStep } from '../pool/index.ts'
import {
  CALLER,
  CallbackReplies,
  checkRequest,
  type ExportedValues,
  FrameEncoder,
  FrameReferences,
  frameBytes,
  Handle,
  isThenable,
  type Owner,
  promiseInSyncCall,
  ReferenceCounts,
  readCallback,
  releaseFrame,
  type Write,
} from '../references/index.ts'
import type { SyncModule, SyncRemote } from '../remote/index.ts'
import {
  callRequest,
  evalRequest,
  execRequest,
  getRequest,
  operateRequest,
  readSource,
  runRequest,
  type SourceArguments,
  type Target,
  textRequest,
} from '../remote/index.ts'
import { nameOf } from '../scheduler/index.ts'
import {
  copyFlags,
  decode,
  FLAG,
  frame,
  KIND,
  type Kind,
  type Loan,
  type Reviver,
} from '../wire/index.ts'
import {
  type Listeners,
  OutputLines,
  type OutputListener,
  tellLog,
  tellWarning,
} from '../worker/index.ts'
import type { SideFrame, SyncConnection, SyncReply, SyncTools } from './connection.ts'
import { type SyncCaller, syncModule, syncObject } from './modules.ts'

/** What sync calls need of the pool. */
export interface SyncSource {
  /**
   * Opens the line; called when the first sync call is made. `calledBack`: Python may call
   * functions on it.
   */
  open(tools: Omit<SyncTools, 'startTimeoutMs'>, calledBack: boolean): SyncConnection
  /** What every interpreter of the pool has to get first; entries that failed are `undefined`. */
  readonly setup: readonly (SetupStep | undefined)[]
  /** The JavaScript values that Python holds. */
  readonly exported: ExportedValues
  /** Of the interpreter that all workers share, if they do: then sync calls go there. */
  readonly counts: ReferenceCounts | undefined
  /** Notes an extension module that the interpreter of sync calls has refused to load. */
  refused(module: unknown): void
  /** Has an object of the shared interpreter dropped. */
  release(id: number): void
  /** How deeply results are copied. */
  readonly copy: number
  /** Whether values of subclasses of plain types stay in Python. */
  readonly exact: boolean
  /** What a datetime without a zone is. */
  readonly naiveDates: NaiveDates
  /** Whether Python may not write to arrays. */
  readonly readonly: boolean
  /** Gets what is printed, where it is asked for. */
  readonly onLine: OutputListener | undefined
  /** Get warnings, and records of `logging`. */
  readonly listeners: Listeners
}

/**
 * Calls that return values instead of promises: this JavaScript thread waits until Python returns.
 * For start-up code, scripts and `worker_threads`. In `thread` isolation sync calls share modules
 * and variables with the workers. Otherwise a worker of their own serves them, which the first call
 * starts. {@link Python.sync} is one.
 */
export class SyncPython {
  readonly #source: SyncSource
  readonly #encoder = new FrameEncoder()
  readonly #callbackReplies: CallbackReplies
  readonly #caller: SyncCaller
  readonly #outputLines: OutputLines | undefined
  #connection: SyncConnection | undefined
  #peer: SyncPeer | undefined
  #replayed = 0
  /** What crosses in the calls that are waited for, the innermost last. */
  readonly #calling: FrameReferences[] = []

  /** @internal */
  constructor(source: SyncSource) {
    this.#source = source
    this.#outputLines =
      source.onLine === undefined ? undefined : new OutputLines(null, source.onLine)
    this.#callbackReplies = new CallbackReplies(this.#encoder, source.exported)
    this.#caller = {
      call: (target, args, kwargs) =>
        this.#request(KIND.CALL, target, callRequest(target, args, kwargs)),
      get: (target) => this.#request(KIND.GET, target, getRequest(target), { copy: 0 }),
      operate: (name, target, args, copy) =>
        this.#request(KIND.OPERATE, target, operateRequest(name, target, args), { copy }),
    }
  }

  /**
   * Imports a module or a file.
   *
   * @typeParam T - What is in the module. See {@link SyncRemote}.
   * @param module - The dotted name of a module, or a file: a URL, or a path that ends in `.py`.
   * @returns The module.
   * @throws `ERR_PYTHREADS_MODULE_NOT_FOUND`, `ERR_PYTHREADS_IMPORT_FAILED`,
   * `ERR_PYTHREADS_MODULE_REFUSED`, `ERR_PYTHREADS_ARGUMENT`, `ERR_PYTHREADS_CLOSED`.
   */
  import(module: string | URL): SyncModule
  import<T>(module: string | URL): SyncRemote<T>
  import(module: string | URL): unknown {
    const name = modulePath(module)
    this.#request(KIND.IMPORT, name, textRequest(name))
    return syncModule(this.#caller, name)
  }

  /**
   * Calls a Python function. Nothing ends the call before Python returns: it takes no `signal` and
   * no time limit.
   *
   * @example
   * ```ts
   * const text = py.sync.run<string>('json:dumps', [{ id: 1 }], { kwargs: { indent: 2 } })
   * ```
   * @typeParam R - The type of the result; nothing checks it.
   * @param target - `module:attribute`, `file.py:attribute`, or the URL of a file with
   * `#attribute`.
   * @param args - Positional arguments.
   * @param options - Keyword arguments, and how values cross.
   * @returns The result. A value that JavaScript cannot represent is a {@link SyncObject}.
   * @throws {@link PythonError} with what Python raised, {@link WorkerDiedError}, or a
   * {@link PythreadsError} with one of the codes `ERR_PYTHREADS_ARGUMENT`, `ERR_PYTHREADS_OPTION`,
   * `ERR_PYTHREADS_UNKNOWN_OPTION`, `ERR_PYTHREADS_VALUE`, `ERR_PYTHREADS_OTHER_WORKER`,
   * `ERR_PYTHREADS_CLOSED`, `ERR_PYTHREADS_WORKER_START`.
   */
  run<R = unknown>(
    target: string | URL,
    args: readonly unknown[] = [],
    options: Pick<RunOptions, SyncKey> = NO_OPTIONS,
  ): R {
    let request: ReturnType<typeof runRequest>
    let resolved: ReturnType<typeof resolveSyncOptions>
    try {
      resolved = resolveSyncOptions(options)
      request = runRequest(target, args, resolved.kwargs)
    } catch (error) {
      throw nameTarget(error, targetName(target))
    }
    return this.#request(KIND.CALL, request.name, request.write, resolved) as R
  }

  /**
   * Evaluates a Python expression.
   *
   * @typeParam R - The type of the result; nothing checks it.
   * @param source - A text, or a template whose values are passed to Python, never pasted into it.
   * @returns The value of the expression.
   * @throws The errors of {@link SyncPython.run}.
   */
  eval<R = unknown>(...source: SourceArguments): R {
    const read = readSource(source, '_v')
    return this.#request(KIND.EVAL, read.text, evalRequest(read)) as R
  }

  /**
   * Runs Python statements where sync calls run: see {@link SyncPython}.
   *
   * @param source - A text, or a template whose values are passed to Python, never pasted into it.
   * @throws The errors of {@link SyncPython.run}.
   */
  exec(...source: SourceArguments): void {
    this.#request(KIND.EXEC, EXEC_FILE, execRequest(readSource(source, '_s'), EXEC_FILE))
  }

  /**
   * Ends the worker that serves sync calls, if there is one. While the pool is
   * open, the next sync call starts another one.
   */
  close(): void {
    this.#connection?.close()
    this.#outputLines?.end()
    if (this.#source.counts === undefined)
      this.#peer?.counts.end('the worker for sync calls has ended')
    this.#peer?.end()
    this.#connection = undefined
    this.#peer = undefined
    this.#replayed = 0
  }

  /** Its worker has sent what none of pythreads sends. */
  #endByForce(): void {
    this.#connection?.kill()
    this.close()
  }

  #request(kind: Kind, target: Target, write: Write, how: SyncSettings = NO_SETTINGS): unknown {
    let asked: [SyncReply, SyncPeer]
    try {
      asked = this.#send(kind, write, how)
    } catch (error) {
      throw nameTarget(error, nameOf(target))
    }
    return this.#result(...asked, target)
  }

  #send(kind: Kind, write: Write, how: SyncSettings): [SyncReply, SyncPeer] {
    const { counts } = this.#source
    const {
      copy = this.#source.copy,
      exact = this.#source.exact,
      readonly = this.#source.readonly,
    } = how
    const flags = copyFlags(copy) | (readonly ? FLAG.READONLY : 0) | (exact ? FLAG.EXACT : 0)
    const references = new FrameReferences(this.#source.exported, counts ?? this.#peer?.counts)
    const frame = this.#encoder.encode(kind, write, references, flags)
    try {
      const [connection, peer] = this.#ready(references)
      peer.counts.eventLoopTurned() // a program may make nothing but sync calls
      if (references.numbers !== undefined) peer.counts.sent(references.numbers)
      references.sent(peer.borrower)
      const reply = this.#wait(connection, frameBytes(frame, 0), references)
      references.delivered()
      return [reply, peer]
    } catch (error) {
      references.delivered()
      // The next call starts another worker.
      if (error instanceof PythreadsError && ENDS_WORKER.has(error.code)) this.close()
      throw error
    }
  }

  #wait(connection: SyncConnection, bytes: Buffer, references: FrameReferences): SyncReply {
    this.#calling.push(references)
    try {
      return connection.request(bytes)
    } finally {
      this.#calling.pop()
    }
  }

  /** The line, and the owner of the objects on it, ready for a frame with this crossing. */
  #ready(references: FrameReferences): [SyncConnection, SyncPeer] {
    try {
      const connection = this.#open()
      const peer = this.#peer as SyncPeer
      if (references.owner !== undefined && references.owner.counts !== peer.counts) {
        throw new PythreadsError(
          'ERR_PYTHREADS_OTHER_WORKER',
          'A remote object in this sync call lives in another worker',
        )
      }
      if (this.#source.counts === undefined) this.#replay(connection, peer)
      peer.sendReleases()
      return [connection, peer]
    } catch (error) {
      references.retract()
      throw error
    }
  }

  /** The line: one on which Python can call functions, as soon as there are any. */
  #open(): SyncConnection {
    const calledBack = this.#source.exported.size > 0
    if (this.#connection !== undefined && (this.#connection.callsBack || !calledBack))
      return this.#connection
    const counts = this.#source.counts ?? new ReferenceCounts(this.#source.exported)
    const tools: Omit<SyncTools, 'startTimeoutMs'> = {
      take: (frame, reply, blocked) => this.#sideFrame(frame, reply, blocked),
    }
    const connection = this.#source.open(tools, calledBack)
    const tell =
      this.#source.counts === undefined
        ? (ids: number[]) => connection.notify(releaseFrame(ids))
        : undefined
    try {
      this.#peer = new SyncPeer(counts, this.#source, this.#caller, tell, connection)
    } catch (error) {
      connection.close() // its memory cannot be opened
      throw error
    }
    this.#connection = connection
    return connection
  }

  /** Runs what every interpreter has to get and this one has not yet. */
  #replay(connection: SyncConnection, peer: SyncPeer): void {
    const { setup, exported } = this.#source
    while (this.#replayed < setup.length) {
      const step = setup[this.#replayed++]
      if (step === undefined) continue
      const frame = this.#encoder.encode(
        step.kind,
        step.write,
        new FrameReferences(exported, peer.counts),
      )
      if (frame.references.numbers !== undefined) peer.counts.sent(frame.references.numbers)
      frame.references.sent(peer.borrower)
      this.#result(connection.request(frameBytes(frame, 0)), peer, undefined)
      frame.references.delivered()
    }
  }

  #result({ kind, bytes, start }: SyncReply, peer: SyncPeer, target: Target | undefined): unknown {
    let value: unknown
    try {
      value = decode(bytes, start, bytes.length, peer)
    } catch (error) {
      if (error instanceof PythreadsError && error.code === 'ERR_PYTHREADS_PROTOCOL')
        this.#endByForce()
      throw nameTarget(error, nameOf(target))
    }
    if (kind === KIND.RESULT) return value
    return raise(toError(value as PythonErrorDetails, { target: nameOf(target) }))
  }

  /** Python calls a function, or has dropped one. */
  #sideFrame(
    { kind, id, bytes }: SideFrame,
    reply: (bytes: Buffer) => void,
    blocked: boolean,
  ): void {
    // while its worker starts, too
    if (kind === KIND.REFUSED) return this.#source.refused(decode(bytes))
    const peer = this.#peer
    if (peer === undefined) return
    if (kind === KIND.RELEASED) return peer.counts.dropped(decode(bytes))
    if (kind === KIND.OUTPUT) return this.#outputLines?.take(decode(bytes))
    const { onWarning, onLog } = this.#source.listeners
    if (kind === KIND.WARNING)
      return onWarning && tellWarning(decode(bytes), null, () => undefined, onWarning)
    if (kind === KIND.LOG) return onLog && tellLog(decode(bytes), null, () => undefined, onLog)
    if (kind === KIND.FETCH) {
      const memory = existingLender()?.bytesFor(peer.borrower, id)
      return memory === undefined ? unexpected(kind, id) : reply(frame(KIND.MEMORY, memory, id))
    }
    if (kind === KIND.GIL_ENABLED) return // is told by the pool's workers
    if (kind !== KIND.CALLBACK) unexpected(kind, id)
    const request = readCallback(bytes, 0, bytes.length, peer)
    const number = checkRequest(request, peer.counts, this.#source.exported)
    const { args, caller, refusal } = request
    const send = (frame: ReturnType<CallbackReplies['result']>) => {
      if (this.#peer !== peer) return frame.references.retract() // its worker has ended meanwhile
      if (frame.references.numbers !== undefined) peer.counts.sent(frame.references.numbers)
      frame.references.sent(peer.borrower)
      reply(frameBytes(frame, id))
      frame.references.delivered()
    }
    if (refusal !== undefined) return send(this.#callbackReplies.refused(refusal))
    const succeed = (value: unknown) => send(this.#callbackReplies.result(value, peer.counts))
    const fail = (error: unknown) => send(this.#callbackReplies.error(error, peer.counts))
    const { exported } = this.#source
    exported.runInContext(number, blocked ? this.#calling.at(-1) : undefined, () => {
      try {
        const result = exported.call(number, args)
        if (!isThenable(result)) return succeed(result)
        if (!blocked || (caller & CALLER.OWN_THREAD) !== 0) return void result.then(succeed, fail)
        result.then(undefined, () => {})
        fail(promiseInSyncCall())
      } catch (error) {
        fail(error)
      }
    })
  }
}

/** The file name of what `exec` runs here. */
const EXEC_FILE = '<pythreads exec>'

/** How a call is made; what is not said is up to the pool. */
type SyncSettings = Partial<Pick<ResolvedCallOptions, 'copy' | 'exact' | 'readonly'>>

const NO_SETTINGS: SyncSettings = Object.freeze({})

/** Its worker is gone, or has sent what is no frame. */
const ENDS_WORKER: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'ERR_PYTHREADS_WORKER_DIED',
  'ERR_PYTHREADS_PROTOCOL',
])

function unexpected(kind: Kind, id: number): never {
  const what = `The worker for sync calls sent frame ${kind} for request ${id}, which nobody made`
  throw new PythreadsError('ERR_PYTHREADS_PROTOCOL', what)
}

/** Owns the objects that sync calls answered. */
class SyncPeer implements Owner, Reviver {
  readonly counts: ReferenceCounts
  readonly #source: SyncSource
  readonly #caller: SyncCaller
  readonly #sendIds: ((ids: number[]) => void) | undefined
  readonly #connection: SyncConnection
  readonly #borrowed: Borrowed
  #ids: number[] = []

  /** `tell`: sends what is to be dropped over the line; else the pool's workers do. */
  constructor(
    counts: ReferenceCounts,
    source: SyncSource,
    caller: SyncCaller,
    tell: ((ids: number[]) => void) | undefined,
    connection: SyncConnection,
  ) {
    this.counts = counts
    this.#connection = connection
    this.#borrowed = new Borrowed(
      () => connection.inProcess,
      () => {}, // the worker of sync calls hears nothing between them
    )
    try {
      if (!this.#borrowed.open(connection.pid, connection.memory))
        connection.notify(frame(KIND.INLINE))
    } catch (error) {
      connection.kill()
      throw error
    }
    this.#source = source
    this.#caller = caller
    this.#sendIds = tell
  }

  get naiveDates(): NaiveDates {
    return this.#source.naiveDates
  }

  object(id: number, type: string, traits: number): unknown {
    return syncObject(this.#caller, new Handle(this, id, type, traits))
  }

  local(number: number): unknown {
    return this.counts.take(number)
  }

  memory(loan: Loan): ArrayBuffer {
    const again = this.#borrowed.again(loan)
    if (again !== undefined) return again
    return mayBorrow(loan[0]) ? this.#borrowed.view(loan) : this.#borrowed.copy(loan)
  }

  read<T>(loan: Loan, use: (bytes: ArrayBuffer, mayChange: boolean) => T): T {
    return this.#borrowed.read(loan, use)
  }

  /**
   * With whose end the memory is given back that it has; what has an interpreter of this process
   * keeps it.
   */
  get borrower(): object | undefined {
    return this.#connection.inProcess ? undefined : this
  }

  /** Its worker has ended. */
  end(): void {
    this.#borrowed.end()
    existingLender()?.forget(this)
  }

  release(id: number): void {
    if (this.#sendIds === undefined) return this.#source.release(id)
    if (this.#ids.push(id) === 1) setImmediate(() => this.sendReleases())
  }

  sendReleases(): void {
    if (this.#ids.length === 0) return
    const ids = this.#ids
    this.#ids = []
    if (this.counts.ended === undefined) this.#sendIds?.(ids)
  }
}
