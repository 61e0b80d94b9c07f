import {
  type ErrorCode,
  nameTarget,
  type PythonErrorDetails,
  PythreadsError,
  raise,
  toError,
} from '../errors/index.ts'
import {
  DEFAULT_CALL,
  type Kwargs,
  modulePath,
  NO_OPTIONS,
  type ResolvedCallOptions,
  type ResolvedRunOptions,
  type RunOptions,
  resolveSyncOptions,
  type SyncKey,
  targetName,
} from '../options/index.ts'
import {
  CallbackReplies,
  callFlags,
  type EncodedFrame,
  FrameEncoder,
  FrameReferences,
  frameBytes,
  ReferenceCounts,
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
  runTarget,
  type SourceArguments,
  type Target,
  textRequest,
} from '../remote/index.ts'
import { nameOf } from '../scheduler/index.ts'
import { decode, KIND, type Kind } from '../wire/index.ts'
import { OutputLines } from '../worker/index.ts'
import type { SideFrame, SyncConnection, SyncTools } from './connection.ts'
import { type SyncCaller, syncModule, syncObject } from './modules.ts'
import { SyncPeer, type SyncPeerTools } from './peer.ts'
import type { PreparedCalls } from './prepared-calls.ts'
import type { SyncReply } from './reply.ts'
import type { SyncSource } from './source.ts'

/**
 * Calls that return values instead of promises: this JavaScript thread waits until Python returns.
 * For start-up code, scripts and `worker_threads`. In `thread` isolation sync calls share modules
 * and variables with the workers. Otherwise a worker of their own serves them, which the first call
 * starts. {@link Python.sync} is one.
 */
export class SyncPython {
  readonly #source: SyncSource
  readonly #encoder = new FrameEncoder()
  readonly #caller: SyncCaller
  readonly #outputLines: OutputLines | undefined
  readonly #peerTools: SyncPeerTools
  #connection: SyncConnection | undefined
  #peer: SyncPeer | undefined
  #replayed = 0
  /** For the next call by number, which has none. */
  #spare: FrameReferences | undefined
  /** The references in the calls that this thread waits for, the innermost last. */
  readonly #calling: FrameReferences[] = []

  /** @internal */
  constructor(source: SyncSource) {
    this.#source = source
    this.#outputLines =
      source.onLine === undefined ? undefined : new OutputLines(null, source.onLine)
    this.#caller = {
      call: (target, args, kwargs) => this.#call(target, args, kwargs),
      get: (target) => this.#request(KIND.GET, target, getRequest(target), BY_REFERENCE),
      operate: (name, target, args, copy) =>
        this.#request(KIND.OPERATE, target, operateRequest(name, target, args), copying(copy)),
    }
    this.#peerTools = {
      source,
      callbackReplies: new CallbackReplies(this.#encoder, source.exported),
      outputLines: this.#outputLines,
      proxyFor: (handle) => syncObject(this.#caller, handle),
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
    let called: ReturnType<typeof runTarget>
    let resolved: ResolvedRunOptions
    try {
      resolved = resolveSyncOptions(options)
      called = runTarget(target, args)
    } catch (error) {
      throw nameTarget(error, targetName(target))
    }
    return this.#call(called.target, args, resolved.kwargs, resolved, called.name) as R
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

  /** `name`: what errors call the target. */
  #call(
    target: Target,
    args: readonly unknown[],
    kwargs: Kwargs,
    options: SyncOptions = DEFAULT_CALL,
    name: Target = target,
  ): unknown {
    const prepared = this.#preparedFor(options)
    const number = typeof target === 'string' ? (prepared?.numberOf(target) ?? 0) : 0
    if (prepared === undefined || number === 0)
      return this.#request(KIND.CALL, name, callRequest(target, args, kwargs), options)
    const { exported, counts } = this.#source
    const references = this.#spare ?? new FrameReferences(exported, counts)
    this.#spare = undefined
    try {
      const frame = prepared.write(number, args, kwargs, references)
      if (frame !== undefined) return this.#result(...this.#exchange(frame, references), name)
    } catch (error) {
      throw nameTarget(error, nameOf(name))
    }
    this.#spare = references // nothing is in it
    const peer = this.#peer as SyncPeer
    peer.counts.eventLoopTurned() // a program may make nothing but sync calls
    peer.flushReleased()
    return this.#result(prepared.call(), peer, name)
  }

  /** How targets are called by number, where a call with these options can be made so. */
  #preparedFor(options: SyncOptions): PreparedCalls | undefined {
    const prepared = this.#connection?.prepared
    const { exported } = this.#source
    // Once a function has crossed, calls go where Python can call functions.
    return prepared !== undefined && exported.size === 0 && callFlags(options, this.#source) === 0
      ? prepared
      : undefined
  }

  #request(kind: Kind, target: Target, write: Write, options: SyncOptions = DEFAULT_CALL): unknown {
    let asked: [SyncReply, SyncPeer]
    try {
      asked = this.#send(kind, write, options)
    } catch (error) {
      throw nameTarget(error, nameOf(target))
    }
    return this.#result(...asked, target)
  }

  #send(kind: Kind, write: Write, options: SyncOptions): [SyncReply, SyncPeer] {
    const { counts } = this.#source
    const flags = callFlags(options, this.#source)
    const references = new FrameReferences(this.#source.exported, counts ?? this.#peer?.counts)
    return this.#exchange(this.#encoder.encode(kind, write, references, flags), references)
  }

  /** Sends a frame with these references, and waits for its reply. */
  #exchange(frame: EncodedFrame, references: FrameReferences): [SyncReply, SyncPeer] {
    try {
      const [connection, peer] = this.#ready(references)
      peer.counts.eventLoopTurned() // a program may make nothing but sync calls
      peer.noteSent(references)
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

  /** The connection and its peer, ready for a frame with these references. */
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
      peer.flushReleased()
      return [connection, peer]
    } catch (error) {
      references.retract()
      throw error
    }
  }

  /** The connection. Once a function has crossed, it is one on which Python can call functions. */
  #open(): SyncConnection {
    const calledBack = this.#source.exported.size > 0
    if (this.#connection !== undefined && (this.#connection.callsBack || !calledBack))
      return this.#connection
    const counts = this.#source.counts ?? new ReferenceCounts(this.#source.exported)
    const tools: Omit<SyncTools, 'startTimeoutMs'> = {
      take: (frame, reply, blocked) => this.#take(frame, reply, blocked),
    }
    const connection = this.#source.open(tools, calledBack)
    this.#peer = new SyncPeer(counts, connection, this.#peerTools)
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
      peer.noteSent(frame.references)
      this.#result(connection.request(frameBytes(frame, 0)), peer, undefined)
      frame.references.delivered()
    }
  }

  #result(reply: SyncReply, peer: SyncPeer, target: Target | undefined): unknown {
    const { kind, bytes, start, end = bytes.length } = reply
    let value: unknown
    try {
      value = decode(bytes, start, end, peer)
    } catch (error) {
      if (error instanceof PythreadsError && error.code === 'ERR_PYTHREADS_PROTOCOL')
        this.#endByForce()
      throw nameTarget(error, nameOf(target))
    }
    if (kind === KIND.RESULT) return value
    return raise(toError(value as PythonErrorDetails, { target: nameOf(target) }))
  }

  /** Takes a frame that is not the reply to a request. */
  #take(frame: SideFrame, reply: (bytes: Buffer) => void, blocked: boolean): void {
    // while its worker starts, too
    if (frame.kind === KIND.REFUSED) return this.#source.refused(decode(frame.bytes))
    this.#peer?.take(frame, reply, blocked, blocked ? this.#calling.at(-1) : undefined)
  }
}

/** The file name of code that `exec` runs. */
const EXEC_FILE = '<pythreads exec>'

/** The call options that apply to sync calls, which cannot be cancelled and wait for no worker. */
type SyncOptions = Pick<ResolvedCallOptions, 'copy' | 'exact' | 'readonly'>

function copying(copy: number | undefined): SyncOptions {
  return { copy, exact: undefined, readonly: undefined }
}

const BY_REFERENCE: SyncOptions = Object.freeze(copying(0))

/** Its worker is gone, or has sent what is no frame. */
const ENDS_WORKER: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'ERR_PYTHREADS_WORKER_DIED',
  'ERR_PYTHREADS_PROTOCOL',
])
