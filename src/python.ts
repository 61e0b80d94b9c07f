import { AsyncResource } from 'node:async_hooks'
import { EventEmitter } from 'node:events'
import { dirname } from 'node:path'
import { types } from 'node:util'
import { type FoundPython, findPython } from './discovery/index.ts'
import { nameTarget, PythreadsError, raise } from './errors/index.ts'
import {
  type Choice,
  choose,
  createIsolation,
  type Isolation,
  type IsolationKind,
  processInstead,
  type WorkerSettings,
} from './isolation/index.ts'
import { allocate, type TypedArrayConstructor } from './memory/index.ts'
import { Observer, type PoolEvents } from './observe/index.ts'
import {
  type CallOptions,
  check,
  type MapOptions,
  modulePath,
  NO_OPTIONS,
  type PythonOptions,
  type ResolvedPythonOptions,
  type RunOptions,
  resolveCallOptions,
  resolveMapOptions,
  resolvePythonOptions,
  resolveRunOptions,
  resolveTarget,
  resolveWorkers,
  targetName,
  type WorkerRange,
} from './options/index.ts'
import {
  emitWarning,
  type Handle,
  type Listeners,
  mapItems,
  NO_SUBMIT_OPTIONS,
  type OutputListener,
  Pool,
  type PoolStats,
  toStream,
} from './pool/index.ts'
import {
  type Caller,
  callerOf,
  callRequest,
  evalRequest,
  execRequest,
  type Importable,
  importedModule,
  moduleFile,
  moduleRequest,
  type Remote,
  type RemoteModule,
  readSource,
  remoteModule,
  remoteObject,
  runRequest,
  Session,
  type SourceArguments,
  SyncPython,
} from './remote/index.ts'
import { copyFlags, FLAG, KIND, PythonBytes, PythonFloat } from './wire/index.ts'

/** What {@link Python.stats} answers. */
export interface PythonStats extends PoolStats {
  /** What the pool is called. */
  readonly name: string
  readonly python: {
    readonly executable: string
    /** As Python prints it, e.g. `3.13.5`. */
    readonly version: string
    readonly freeThreaded: boolean
    /** Where it was found, e.g. `VIRTUAL_ENV`. */
    readonly source: string
    /**
     * A sentence for each environment that comes before it and is not used: it belongs to another user, or is of another version
     * than the option `python` asks for. They are also emitted as warnings of the process.
     */
    readonly passedOver: readonly string[]
  }
  readonly isolation: IsolationKind
  /**
   * Why this isolation: a sentence for each that was considered. In subinterpreters then a sentence for each extension module that
   * refused to load, also where a package caught that error.
   */
  readonly reasons: readonly string[]
}

/** What a pool tells its listeners. */
export type PythonEvents = { [K in keyof PoolEvents]: [details: PoolEvents[K]] }

interface Decided {
  readonly options: ResolvedPythonOptions
  readonly reasons: readonly string[]
  readonly onLine: OutputListener | undefined
  readonly listeners: Listeners
}

let sources = 0
let pools = 0

/**
 * A pool of Python workers.
 *
 * @example
 * ```ts
 * import { Python } from 'pythreads'
 *
 * const py = await Python.start({ workers: 20 })
 * const json = py.import('json')
 * console.log(await Promise.all(Array.from({ length: 20 }, (_, id) => json.dumps({ id }))))
 * ```
 */
export class Python extends EventEmitter<PythonEvents> implements AsyncDisposable {
  /** What the pool is called. */
  readonly name: string
  /** Python on this JavaScript thread, which waits for the answer. */
  readonly sync: SyncPython
  readonly #pool: Pool
  readonly #found: FoundPython
  readonly #isolation: Isolation
  readonly #reasons: readonly string[]
  readonly #caller: Caller
  readonly #copy: number

  private constructor(found: FoundPython, isolation: Isolation, settings: WorkerSettings, decided: Decided) {
    super()
    const { options, onLine, listeners } = decided
    const { workers: size, maxQueue, graceMs, closeGraceMs, startTimeoutMs, maxWedged, recycle, copy } = options
    const { timeoutMs, queueTimeoutMs, readonly, exact, naiveDates, initialize: first } = options
    const initialize = first === undefined ? undefined : callRequest(first.target, first.args, first.kwargs)
    const standIn = (handle: Handle) => remoteObject(this.#caller, handle)
    const pool = new Pool({
      ...{
        isolation,
        settings,
        size,
        initialize,
        maxQueue,
        graceMs,
        closeGraceMs,
        startTimeoutMs,
        maxWedged,
        recycle,
        readonly,
        exact,
        naiveDates,
        standIn,
        onLine,
        listeners,
      },
      patience: { timeoutMs, queueTimeoutMs },
      observer: new Observer(this),
    })
    this.name = settings.name ?? ''
    this.#pool = pool
    this.#caller = callerOf((...request) => pool.submit(...request), { copy })
    this.#found = found
    this.#isolation = isolation
    this.#reasons = decided.reasons
    this.#copy = copy
    this.sync = new SyncPython({
      open: (tools, calledBack) => {
        if (!pool.isOpen) throw new PythreadsError('ERR_PYTHREADS_CLOSED', 'The pool is closed: it takes no more calls')
        return isolation.openSyncLine(pool.ready, { ...tools, startTimeoutMs }, calledBack)
      },
      setup: pool.setup,
      locals: pool.locals,
      realm: pool.realm,
      refused: (module) => pool.noteRefused(module),
      release: (id) => pool.release(id),
      ...{ copy, readonly, exact, naiveDates, onLine, listeners },
    })
  }

  /**
   * Finds Python and starts the workers; resolves when all of them can take calls.
   *
   * @throws `ERR_PYTHREADS_UNKNOWN_OPTION`, `ERR_PYTHREADS_OPTION`, `ERR_PYTHREADS_PYTHON_NOT_FOUND`,
   * `ERR_PYTHREADS_PYTHON_BROKEN`, `ERR_PYTHREADS_PYTHON_TOO_OLD`, `ERR_PYTHREADS_LIBPYTHON_NOT_FOUND`,
   * `ERR_PYTHREADS_ISOLATION_UNAVAILABLE`, `ERR_PYTHREADS_OTHER_PYTHON`, `ERR_PYTHREADS_RUNTIME`,
   * `ERR_PYTHREADS_WORKER_START`, and what importing a module of `preload` raises.
   */
  static async start(options: PythonOptions = {}): Promise<Python> {
    const resolved = resolvePythonOptions(options)
    const { python, preload, path, output, warnings, logging, errors, limits, cwd, env, sharedMemoryMb, threadsPerWorker } =
      resolved
    const found = await findPython(python)
    warnOfPassedOver(found)
    const choice = await decide(found, resolved)
    // Handlers run in the context of whoever starts the pool: what a worker says comes at any time.
    const listener = typeof output === 'function' ? output : typeof output === 'string' ? undefined : toStream(output)
    const onLine = listener === undefined ? undefined : AsyncResource.bind(listener)
    const onWarning = warnings === 'emit' ? emitWarning : warnings === 'inherit' ? undefined : AsyncResource.bind(warnings)
    const onLog = logging === undefined ? undefined : AsyncResource.bind(logging.handler)
    const { name = `pool-${++pools}` } = resolved
    const settings: WorkerSettings = {
      ...{ name, errors, logging: logging?.level ?? null, folders: [process.cwd(), dirname(process.argv[1] ?? '.')] },
      ...{ path, preload, limits, scope: 1 + Math.floor(Math.random() * (2 ** 31 - 1)), warnings: onWarning !== undefined },
      output: typeof output === 'string' ? output : 'lines',
      memory: sharedMemoryMb * 2 ** 20,
      python: [found.facts.libpython, found.facts.prefix],
      closeGraceMs: resolved.closeGraceMs,
      flags: copyFlags(resolved.copy) | (resolved.exact ? FLAG.EXACT : 0),
    }
    const open = async (choice: Pick<Choice, 'isolation' | 'reasons'>) => {
      const isolation = createIsolation(choice.isolation, found.facts, settings, { cwd, env, threadsPerWorker })
      const py = new Python(found, isolation, settings, {
        options: resolved,
        reasons: choice.reasons,
        onLine,
        listeners: { onWarning, onLog },
      })
      await py.#pool.start().catch(raise)
      return py
    }
    if (resolved.isolation !== 'auto' || choice.isolation === 'process') return open(choice)
    return open(choice).catch((error: unknown) => {
      if (!isImpossibleHere(error)) throw error
      return open(processInstead(found.facts, error.message))
    })
  }

  /**
   * A module, or a file given by URL or by a path that ends in `.py`. Nothing is sent yet. Awaited, it imports it. `options`
   * are those of every call that is made through it.
   *
   * @typeParam T - What is in the module: its functions, classes and values. See {@link Remote}.
   * @example
   * ```ts
   * const rules = py.import<{ score(event: object): number }>(new URL('./rules.py', import.meta.url))
   * ```
   */
  import(module: string | URL, options?: CallOptions): Importable<RemoteModule>
  import<T>(module: string | URL, options?: CallOptions): Importable<Remote<T>>
  import(module: string | URL, options?: CallOptions): unknown {
    const caller = options === undefined ? this.#caller : this.#caller.with(resolveCallOptions('import', options))
    return remoteModule(caller, modulePath(module))
  }

  /**
   * Calls a function: `module:attribute`, `file.py:attribute`, or the URL of a file with `#attribute`.
   *
   * @example
   * ```ts
   * await py.run(new URL('./rules.py#score', import.meta.url), [{ id: 1 }])
   * const item = await py.run<Remote<Item>>('shop:make', ['tea']) // an object that stays in Python
   * ```
   * @typeParam R - What arrives; nothing checks it. {@link Remote} and {@link RemoteGenerator} for what stays in Python.
   * @throws {@link PythonError} with what Python raised, or one of the codes `ERR_PYTHREADS_ARGUMENT`,
   * `ERR_PYTHREADS_VALUE`, `ERR_PYTHREADS_QUEUE_FULL`, `ERR_PYTHREADS_CLOSED`, `ERR_PYTHREADS_DESTROYED`,
   * `ERR_PYTHREADS_ABORTED`, `ERR_PYTHREADS_TIMEOUT`, `ERR_PYTHREADS_QUEUE_TIMEOUT`, `ERR_PYTHREADS_WEDGED`, or a
   * {@link WorkerDiedError}.
   */
  run<R = unknown>(target: string | URL, args: readonly unknown[] = [], options: RunOptions = NO_OPTIONS): Promise<R> {
    try {
      const resolved = resolveRunOptions(options, this.#pool.size)
      const { name, write } = runRequest(target, args, resolved.kwargs)
      const call = resolved.copy === undefined && this.#copy > 0 ? { ...resolved, copy: this.#copy } : resolved
      return this.#pool.submit(KIND.CALL, write, call, name).catch(raise) as Promise<R>
    } catch (error) {
      return Promise.reject(nameTarget(error, targetName(target))) // not an async function: what each call that waits holds would be twice as much
    }
  }

  /**
   * Calls a function for each item of an iterable or async iterable, on every worker. Items are pulled as workers need
   * them, so neither the source nor the results have to fit into memory. When an item fails, the results before it come
   * first, then its {@link PythonError}, whose `index` says which it was.
   */
  map<R = unknown>(
    target: string | URL,
    items: Iterable<unknown> | AsyncIterable<unknown>,
    options: MapOptions = {},
  ): AsyncGenerator<R, void, undefined> {
    try {
      const { copy = this.#copy, timeoutMs = null, ...resolved } = resolveMapOptions(options)
      const { exact, readonly, queueTimeoutMs, priority, retry } = resolved
      const iterable = typeof items === 'object' && items !== null && (Symbol.iterator in items || Symbol.asyncIterator in items)
      if (!iterable) throw new PythreadsError('ERR_PYTHREADS_ARGUMENT', 'map takes an array or another iterable object')
      const total = Array.isArray(items) ? items.length : undefined
      const call = { copy, exact, readonly, queueTimeoutMs, priority, retry }
      const plan = { ...resolved, call, timeoutMs, target: resolveTarget(target), total }
      return mapItems(this.#pool, plan, items) as AsyncGenerator<R, void, undefined>
    } catch (error) {
      throw nameTarget(error, targetName(target))
    }
  }

  /**
   * Evaluates a Python expression on any worker. Values in a template are passed to Python, never pasted into the text.
   *
   * @example
   * ```ts
   * await py.eval`sum(${[1, 2, 3]})`
   * ```
   */
  async eval<R = unknown>(...source: SourceArguments): Promise<R> {
    const read = readSource(source, '_v')
    return (await this.#pool
      .submit(KIND.EVAL, evalRequest(read), { ...NO_SUBMIT_OPTIONS, copy: this.#copy }, read.text)
      .catch(raise)) as R
  }

  /**
   * Runs Python statements in every worker, and in those that come later; once where workers share an interpreter.
   * What they define can be used by `eval` and `exec`.
   */
  async exec(...source: SourceArguments): Promise<void> {
    const number = ++sources
    const name = `<pythreads exec ${number}>`
    await this.#pool.broadcast(KIND.EXEC, execRequest(readSource(source, `_x${number}_`), name), name).catch(raise)
  }

  /**
   * Makes a module of source text in every worker, and in those that come later. Made again under the same name, it runs in
   * the module that is there.
   *
   * @example
   * ```ts
   * const rules = await py.module('def score(event): return len(event)', 'rules')
   * await rules.score({ id: 1 })
   * ```
   * @throws `ERR_PYTHREADS_ARGUMENT` when there is another module of that name
   */
  module(source: string, name: string): Promise<RemoteModule>
  module<T>(source: string, name: string): Promise<Remote<T>>
  async module(source: string, name: string): Promise<unknown> {
    const dotted = /^[\p{ID_Start}_][\p{ID_Continue}]*$/u
    if (typeof name !== 'string' || !dotted.test(name)) {
      throw new PythreadsError('ERR_PYTHREADS_ARGUMENT', `The name of a module is a Python identifier; got ${String(name)}`)
    }
    const { text } = readSource([source], '')
    await this.#pool.broadcast(KIND.MODULE, moduleRequest(name, text), moduleFile(name)).catch(raise)
    return importedModule(this.#caller, name)
  }

  /** One worker to yourself, as soon as one is idle. */
  async session(): Promise<Session> {
    return new Session(this.#pool, await this.#pool.lease(), this.#copy)
  }

  /** A number that arrives as a float, whole or not: `py.float(5)` is `5.0` in Python. */
  float(value: number): PythonFloat {
    if (typeof value !== 'number') {
      throw new PythreadsError('ERR_PYTHREADS_ARGUMENT', `float takes a number; got a value of type ${typeof value}`)
    }
    return new PythonFloat(value)
  }

  /** Bytes that arrive as a `bytes` object, which nobody can change: a copy. Without it they arrive as a `memoryview`. */
  bytes(value: Uint8Array | ArrayBuffer): PythonBytes {
    if (types.isUint8Array(value) || types.isArrayBuffer(value)) return new PythonBytes(new Uint8Array(value))
    throw new PythreadsError(
      'ERR_PYTHREADS_ARGUMENT',
      `bytes takes a Uint8Array or an ArrayBuffer; got a value of type ${typeof value}`,
    )
  }

  /**
   * A typed array of `length` zeros, in memory that this process and all its worker processes see: as an argument it is never copied,
   * and what either side writes, the other one reads. It is given back when both have let go of it.
   *
   * @example
   * ```ts
   * const pixels = py.alloc(Float32Array, 1920 * 1080)
   * await py.run('filters:blur', [pixels]) // in place
   * ```
   * @throws `ERR_PYTHREADS_ARGUMENT`; `ERR_PYTHREADS_MEMORY` when there is no room for it
   */
  alloc<K extends TypedArrayConstructor>(kind: K, length: number): InstanceType<K> {
    return allocate(kind, length)
  }

  /** The name under which errors know a class, `module:Class`; see {@link PythonError.is}. */
  async className(target: string | URL): Promise<string> {
    return (await this.#caller.operate('class', resolveTarget(target), [])) as string
  }

  /** Changes how many workers there are; resolves when those that are missing can take calls. Others end when they are free. */
  async resize(workers: number | WorkerRange): Promise<void> {
    await this.#pool.resize(resolveWorkers(workers))
  }

  /** What the pool is and has done so far. */
  stats(): PythonStats {
    const { facts, source, passedOver } = this.#found
    return {
      name: this.name,
      python: { executable: facts.executable, version: facts.release, freeThreaded: facts.freeThreaded, source, passedOver },
      isolation: this.#isolation.kind,
      reasons: [...this.#reasons, ...[...this.#pool.refused].map(refusedReason)],
      ...this.#pool.stats(),
    }
  }

  /**
   * Takes no more calls, waits for those that were made, and ends the workers. Resolves when they have ended: their last
   * events have been told by then, and what they printed has been delivered. After `destroy`, it waits for that alone.
   */
  async close(): Promise<void> {
    await this.#pool.close()
    this.sync.close()
  }

  /** Rejects the calls that were made with `ERR_PYTHREADS_DESTROYED`, and ends the workers without waiting for them. */
  destroy(reason?: unknown): void {
    this.#pool.destroy(reason)
    this.sync.close()
  }

  /** As {@link close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

const warned = new Set<string>()

/** Says once what a user may wonder about: why their virtual environment is not used. */
function warnOfPassedOver({ passedOver }: FoundPython): void {
  for (const sentence of passedOver) {
    if (!warned.has(sentence)) process.emitWarning(sentence, { code: 'PYTHREADS_PASSED_OVER' })
    warned.add(sentence)
  }
}

function refusedReason(module: string): string {
  return `refused in a subinterpreter: ${module} (use isolation 'process')`
}

/** Whether an error says that this process cannot run the Python that was chosen, while processes of its own can. */
function isImpossibleHere(error: unknown): error is PythreadsError {
  return error instanceof PythreadsError && ['ERR_PYTHREADS_OTHER_PYTHON', 'ERR_PYTHREADS_RUNTIME'].includes(error.code)
}

/** Which isolation, and why. @throws `ERR_PYTHREADS_OPTION` when an option does not go with it */
async function decide(found: FoundPython, options: ResolvedPythonOptions): Promise<Pick<Choice, 'isolation' | 'reasons'>> {
  const { isolation, preload, path, processOnly } = options
  const names = processOnly.map((name) => `\`${name}\``).join(', ')
  if (isolation === 'auto') {
    if (processOnly.length === 0) return choose(found.facts, preload, path)
    return { isolation: 'process', reasons: [`process: ${names} can only be set for a process`] }
  }
  check(isolation === 'process' || processOnly.length === 0, 'isolation', `'process' or 'auto' for ${names}`, isolation)
  return { isolation, reasons: [`${isolation}: asked for by name`] }
}
