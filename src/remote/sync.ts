import { type ErrorCode, nameTarget, type PythonErrorDetails, PythreadsError, raise, toError } from '../errors/index.ts'
import type { SideFrame, SyncLine, SyncReply, SyncTools } from '../isolation/index.ts'
import { Borrowed, lenderMade, mayBorrow } from '../memory/index.ts'
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
import {
  Answers,
  CALLER,
  Crossing,
  checkAsked,
  FrameEncoder,
  frameBytes,
  Handle,
  isThenable,
  Lines,
  type Listeners,
  type Locals,
  nameOf,
  type OutputListener,
  type Owner,
  promiseInSyncCall,
  Realm,
  readCallback,
  releaseFrame,
  type SetupStep,
  tellLog,
  tellWarning,
  type Write,
} from '../pool/index.ts'
import { copyFlags, decode, FLAG, frame, KIND, type Kind, type Loan, type Reviver } from '../wire/index.ts'
import {
  callRequest,
  evalRequest,
  execRequest,
  getRequest,
  operateRequest,
  runRequest,
  type Target,
  textRequest,
} from './requests.ts'
import { readSource, type SourceArguments } from './source.ts'
import { type SyncCaller, syncModule, syncObject } from './sync-module.ts'
import type { SyncRemote } from './typed.ts'
import type { SyncModule } from './types.ts'

/** What sync calls need of the pool. */
export interface SyncSource {
  /** Opens the line; called when the first sync call is made. `calledBack`: Python may call functions on it. */
  open(tools: Omit<SyncTools, 'startTimeoutMs'>, calledBack: boolean): SyncLine
  /** What every interpreter of the pool has to get first; entries that failed are `undefined`. */
  readonly setup: readonly (SetupStep | undefined)[]
  /** The JavaScript values that Python holds. */
  readonly locals: Locals
  /** Of the interpreter that all workers share, if they do: then sync calls go there. */
  readonly realm: Realm | undefined
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
 * Calls that return values instead of promises: this JavaScript thread waits until Python returns. For
 * start-up code, scripts and `worker_threads`. In `thread` isolation sync calls share modules and
 * variables with the workers. Otherwise a worker of their own serves them, which the first call starts.
 * {@link Python.sync} is one.
 */
export class SyncPython {
  readonly #source: SyncSource
  readonly #encoder = new FrameEncoder()
  readonly #answers: Answers
  readonly #caller: SyncCaller
  readonly #lines: Lines | undefined
  #line: SyncLine | undefined
  #owner: SyncOwner | undefined
  #replayed = 0
  /** What crosses in the calls that are waited for, the innermost last. */
  readonly #calling: Crossing[] = []

  /** @internal */
  constructor(source: SyncSource) {
    this.#source = source
    this.#lines = source.onLine === undefined ? undefined : new Lines(null, source.onLine)
    this.#answers = new Answers(this.#encoder, source.locals)
    this.#caller = {
      call: (target, args, kwargs) => this.#request(KIND.CALL, target, callRequest(target, args, kwargs)),
      get: (target) => this.#request(KIND.GET, target, getRequest(target), { copy: 0 }),
      operate: (name, target, args, copy) => this.#request(KIND.OPERATE, target, operateRequest(name, target, args), { copy }),
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
   * Calls a Python function. Nothing ends the call before Python returns: it takes no `signal` and no
   * time limit.
   *
   * @example
   * ```ts
   * const text = py.sync.run<string>('json:dumps', [{ id: 1 }], { kwargs: { indent: 2 } })
   * ```
   * @typeParam R - The type of the result; nothing checks it.
   * @param target - `module:attribute`, `file.py:attribute`, or the URL of a file with `#attribute`.
   * @param args - Positional arguments.
   * @param options - Keyword arguments, and how values cross.
   * @returns The result. A value that JavaScript cannot represent is a {@link SyncObject}.
   * @throws {@link PythonError} with what Python raised, {@link WorkerDiedError}, or a
   * {@link PythreadsError} with one of the codes `ERR_PYTHREADS_ARGUMENT`, `ERR_PYTHREADS_OPTION`,
   * `ERR_PYTHREADS_UNKNOWN_OPTION`, `ERR_PYTHREADS_VALUE`, `ERR_PYTHREADS_OTHER_WORKER`,
   * `ERR_PYTHREADS_CLOSED`, `ERR_PYTHREADS_WORKER_START`.
   */
  run<R = unknown>(target: string | URL, args: readonly unknown[] = [], options: Pick<RunOptions, SyncKey> = NO_OPTIONS): R {
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
    this.#line?.close()
    this.#lines?.end()
    if (this.#source.realm === undefined) this.#owner?.realm.end('the worker for sync calls has ended')
    this.#owner?.end()
    this.#line = undefined
    this.#owner = undefined
    this.#replayed = 0
  }

  /** Its worker has sent what none of pythreads sends. */
  #endByForce(): void {
    this.#line?.kill()
    this.close()
  }

  #request(kind: Kind, target: Target, write: Write, how: How = NOTHING_SAID): unknown {
    let asked: [SyncReply, SyncOwner]
    try {
      asked = this.#ask(kind, write, how)
    } catch (error) {
      throw nameTarget(error, nameOf(target))
    }
    return this.#answer(...asked, target)
  }

  #ask(kind: Kind, write: Write, how: How): [SyncReply, SyncOwner] {
    const { realm } = this.#source
    const { copy = this.#source.copy, exact = this.#source.exact, readonly = this.#source.readonly } = how
    const flags = copyFlags(copy) | (readonly ? FLAG.READONLY : 0) | (exact ? FLAG.EXACT : 0)
    const crossing = new Crossing(this.#source.locals, realm ?? this.#owner?.realm)
    const frame = this.#encoder.encode(kind, write, crossing, flags)
    try {
      const [line, owner] = this.#ready(crossing)
      owner.realm.turned() // a program may make nothing but sync calls
      if (crossing.numbers !== undefined) owner.realm.sent(crossing.numbers)
      crossing.sent(owner.borrower)
      const reply = this.#wait(line, frameBytes(frame, 0), crossing)
      crossing.arrived()
      return [reply, owner]
    } catch (error) {
      crossing.arrived()
      // The next call starts another worker.
      if (error instanceof PythreadsError && ENDS_WORKER.has(error.code)) this.close()
      throw error
    }
  }

  #wait(line: SyncLine, bytes: Buffer, crossing: Crossing): SyncReply {
    this.#calling.push(crossing)
    try {
      return line.request(bytes)
    } finally {
      this.#calling.pop()
    }
  }

  /** The line, and the owner of the objects on it, ready for a frame with this crossing. */
  #ready(crossing: Crossing): [SyncLine, SyncOwner] {
    try {
      const line = this.#open()
      const owner = this.#owner as SyncOwner
      if (crossing.owner !== undefined && crossing.owner.realm !== owner.realm) {
        throw new PythreadsError('ERR_PYTHREADS_OTHER_WORKER', 'A remote object in this sync call lives in another worker')
      }
      if (this.#source.realm === undefined) this.#replay(line, owner)
      owner.sendReleases()
      return [line, owner]
    } catch (error) {
      crossing.undo()
      throw error
    }
  }

  /** The line: one on which Python can call functions, as soon as there are any. */
  #open(): SyncLine {
    const calledBack = this.#source.locals.size > 0
    if (this.#line !== undefined && (this.#line.callsBack || !calledBack)) return this.#line
    const realm = this.#source.realm ?? new Realm(this.#source.locals)
    const tools: Omit<SyncTools, 'startTimeoutMs'> = { take: (frame, reply, blocked) => this.#take(frame, reply, blocked) }
    const line = this.#source.open(tools, calledBack)
    const tell = this.#source.realm === undefined ? (ids: number[]) => line.tell(releaseFrame(ids)) : undefined
    try {
      this.#owner = new SyncOwner(realm, this.#source, this.#caller, tell, line)
    } catch (error) {
      line.close() // its memory cannot be opened
      throw error
    }
    this.#line = line
    return line
  }

  /** Runs what every interpreter has to get and this one has not yet. */
  #replay(line: SyncLine, owner: SyncOwner): void {
    const { setup, locals } = this.#source
    while (this.#replayed < setup.length) {
      const step = setup[this.#replayed++]
      if (step === undefined) continue
      const frame = this.#encoder.encode(step.kind, step.write, new Crossing(locals, owner.realm))
      if (frame.crossing.numbers !== undefined) owner.realm.sent(frame.crossing.numbers)
      frame.crossing.sent(owner.borrower)
      this.#answer(line.request(frameBytes(frame, 0)), owner, undefined)
      frame.crossing.arrived()
    }
  }

  #answer({ kind, bytes, start }: SyncReply, owner: SyncOwner, target: Target | undefined): unknown {
    let value: unknown
    try {
      value = decode(bytes, start, bytes.length, owner)
    } catch (error) {
      if (error instanceof PythreadsError && error.code === 'ERR_PYTHREADS_PROTOCOL') this.#endByForce()
      throw nameTarget(error, nameOf(target))
    }
    if (kind === KIND.RESULT) return value
    return raise(toError(value as PythonErrorDetails, { target: nameOf(target) }))
  }

  /** Python calls a function, or has dropped one. */
  #take({ kind, id, bytes }: SideFrame, reply: (bytes: Buffer) => void, blocked: boolean): void {
    if (kind === KIND.REFUSED) return this.#source.refused(decode(bytes)) // while its worker starts, too
    const owner = this.#owner
    if (owner === undefined) return
    if (kind === KIND.RELEASED) return owner.realm.dropped(decode(bytes))
    if (kind === KIND.OUTPUT) return this.#lines?.take(decode(bytes))
    const { onWarning, onLog } = this.#source.listeners
    if (kind === KIND.WARNING) return onWarning && tellWarning(decode(bytes), null, () => undefined, onWarning)
    if (kind === KIND.LOG) return onLog && tellLog(decode(bytes), null, () => undefined, onLog)
    if (kind === KIND.FETCH) {
      const memory = lenderMade()?.bytesFor(owner.borrower, id)
      return memory === undefined ? unasked(kind, id) : reply(frame(KIND.MEMORY, memory, id))
    }
    if (kind === KIND.GIL_ENABLED) return // is told by the pool's workers
    if (kind !== KIND.CALLBACK) unasked(kind, id)
    const asked = readCallback(bytes, 0, bytes.length, owner)
    const number = checkAsked(asked, owner.realm, this.#source.locals)
    const { args, caller, refusal } = asked
    const send = (frame: ReturnType<Answers['result']>) => {
      if (this.#owner !== owner) return frame.crossing.undo() // its worker has ended meanwhile
      if (frame.crossing.numbers !== undefined) owner.realm.sent(frame.crossing.numbers)
      frame.crossing.sent(owner.borrower)
      reply(frameBytes(frame, id))
      frame.crossing.arrived()
    }
    if (refusal !== undefined) return send(this.#answers.refused(refusal))
    const succeed = (value: unknown) => send(this.#answers.result(value, owner.realm))
    const fail = (error: unknown) => send(this.#answers.error(error, owner.realm))
    const { locals } = this.#source
    locals.within(number, blocked ? this.#calling.at(-1) : undefined, () => {
      try {
        const result = locals.call(number, args)
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
type How = Partial<Pick<ResolvedCallOptions, 'copy' | 'exact' | 'readonly'>>

const NOTHING_SAID: How = Object.freeze({})

/** Its worker is gone, or has sent what is no frame. */
const ENDS_WORKER: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['ERR_PYTHREADS_WORKER_DIED', 'ERR_PYTHREADS_PROTOCOL'])

function unasked(kind: Kind, id: number): never {
  const what = `The worker for sync calls sent frame ${kind} for request ${id}, which nobody made`
  throw new PythreadsError('ERR_PYTHREADS_PROTOCOL', what)
}

/** Owns the objects that sync calls answered. */
class SyncOwner implements Owner, Reviver {
  readonly realm: Realm
  readonly #source: SyncSource
  readonly #caller: SyncCaller
  readonly #tell: ((ids: number[]) => void) | undefined
  readonly #line: SyncLine
  readonly #borrowed: Borrowed
  #ids: number[] = []

  /** `tell`: sends what is to be dropped over the line; else the pool's workers do. */
  constructor(realm: Realm, source: SyncSource, caller: SyncCaller, tell: ((ids: number[]) => void) | undefined, line: SyncLine) {
    this.realm = realm
    this.#line = line
    this.#borrowed = new Borrowed(
      () => line.inProcess,
      () => {}, // the worker of sync calls hears nothing between them
    )
    try {
      if (!this.#borrowed.open(line.pid, line.memory)) line.tell(frame(KIND.INLINE))
    } catch (error) {
      line.kill()
      throw error
    }
    this.#source = source
    this.#caller = caller
    this.#tell = tell
  }

  get naiveDates(): NaiveDates {
    return this.#source.naiveDates
  }

  object(id: number, type: string, traits: number): unknown {
    return syncObject(this.#caller, new Handle(this, id, type, traits))
  }

  local(number: number): unknown {
    return this.realm.home(number)
  }

  memory(loan: Loan): ArrayBuffer {
    const again = this.#borrowed.again(loan)
    if (again !== undefined) return again
    return mayBorrow(loan[0]) ? this.#borrowed.view(loan) : this.#borrowed.copy(loan)
  }

  read<T>(loan: Loan, use: (bytes: ArrayBuffer, mayChange: boolean) => T): T {
    return this.#borrowed.read(loan, use)
  }

  /** With whose end the memory is given back that it has; what has an interpreter of this process keeps it. */
  get borrower(): object | undefined {
    return this.#line.inProcess ? undefined : this
  }

  /** Its worker has ended. */
  end(): void {
    this.#borrowed.end()
    lenderMade()?.forget(this)
  }

  release(id: number): void {
    if (this.#tell === undefined) return this.#source.release(id)
    if (this.#ids.push(id) === 1) setImmediate(() => this.sendReleases())
  }

  sendReleases(): void {
    if (this.#ids.length === 0) return
    const ids = this.#ids
    this.#ids = []
    if (this.realm.ended === undefined) this.#tell?.(ids)
  }
}
