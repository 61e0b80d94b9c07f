import { EventEmitter } from 'node:events'
import type { FoundPython } from './discovery/index.ts'
import { nameTarget, PythreadsError, raise } from './errors/index.ts'
import type { Isolation } from './isolation/index.ts'
import { allocate, type TypedArrayConstructor } from './memory/index.ts'
import { Observer, type PoolEvents } from './observe/index.ts'
import {
  type CallOptions,
  type MapOptions,
  modulePath,
  NO_OPTIONS,
  type PythonOptions,
  type RunOptions,
  resolveCallOptions,
  resolveMapOptions,
  resolveRunOptions,
  resolveTarget,
  resolveWorkers,
  targetName,
  type WorkerRange,
} from './options/index.ts'
import { checkItems, mapItems, Pool } from './pool/index.ts'
import { type PythonEvents, type PythonStats, pythonStats, refusedReason } from './python-stats.ts'
import type { Handle } from './references/index.ts'
import {
  type Caller,
  callerOf,
  checkModuleName,
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
} from './remote/index.ts'
import { inIsolation, planStart, type StartPlan } from './start.ts'
import { SyncPython, syncSource } from './sync/index.ts'
import { KIND, type PythonBytes, type PythonFloat, toBytes, toFloat } from './wire/index.ts'
import { SocketWorkers } from './worker/index.ts'

let sources = 0

/**
 * A pool of Python workers. {@link Python.start} makes one. A pool is an `EventEmitter`; its events
 * are {@link PoolEvents}. `await using` closes it at the end of a block.
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
  /** The name of the pool: the option `name`, or `pool-1` and so on. */
  readonly name: string
  /** Sync calls: this JavaScript thread waits until Python returns. */
  readonly sync: SyncPython
  readonly #pool: Pool
  readonly #found: FoundPython
  readonly #isolation: Isolation
  readonly #reasons: readonly string[]
  readonly #caller: Caller

  private constructor(plan: StartPlan, isolation: Isolation, reasons: readonly string[]) {
    super()
    const { found, settings, options, onLine, listeners } = plan
    // The options go down whole: the pool takes those of its type, so a new one is not named here.
    const pool = new Pool({
      ...options,
      source: new SocketWorkers(isolation, settings),
      size: options.workers,
      initialize: plan.initialize,
      proxyFor: (handle: Handle) => remoteObject(this.#caller, handle),
      onLine,
      listeners,
      observer: new Observer(this),
    })
    this.name = settings.name ?? ''
    this.#pool = pool
    this.#caller = callerOf((...request) => pool.submit(...request))
    this.#found = found
    this.#isolation = isolation
    this.#reasons = reasons
    this.sync = new SyncPython(syncSource(pool, isolation, { ...options, onLine, listeners }))
  }

  /**
   * Finds Python and starts the workers.
   *
   * @param options - Which Python, how many workers, and how they run. All options are optional.
   * @returns The pool, as soon as all of its first workers can take calls.
   * @throws `ERR_PYTHREADS_UNKNOWN_OPTION`, `ERR_PYTHREADS_OPTION`,
   * `ERR_PYTHREADS_PYTHON_NOT_FOUND`, `ERR_PYTHREADS_PYTHON_BROKEN`,
   * `ERR_PYTHREADS_PYTHON_TOO_OLD`, `ERR_PYTHREADS_ENVIRONMENT`, `ERR_PYTHREADS_LOCK`,
   * `ERR_PYTHREADS_LIBPYTHON_NOT_FOUND`, `ERR_PYTHREADS_ISOLATION_UNAVAILABLE`,
   * `ERR_PYTHREADS_OTHER_PYTHON`, `ERR_PYTHREADS_RUNTIME`, `ERR_PYTHREADS_WORKER_START`, and the
   * exceptions of importing `preload` and calling `initialize`.
   */
  static async start(options: PythonOptions = {}): Promise<Python> {
    const plan = await planStart(options)
    return inIsolation(plan, async (isolation, reasons) => {
      const py = new Python(plan, isolation, reasons)
      await py.#pool.start().catch(raise)
      return py
    })
  }

  /**
   * Makes an object that stands for a Python module. Nothing is sent yet: a call through the object
   * imports the module, and so does `await`.
   *
   * @typeParam T - The functions, classes and values of the module. See {@link Remote}.
   * @param module - The dotted name of a module, or a file: a URL, or a path that ends in `.py`.
   * @param options - Options of every call that is made through the object.
   * @returns The module. `await` imports it, and rejects with `ERR_PYTHREADS_MODULE_NOT_FOUND`,
   * `ERR_PYTHREADS_IMPORT_FAILED` or `ERR_PYTHREADS_MODULE_REFUSED` if the import fails.
   * @throws `ERR_PYTHREADS_ARGUMENT` for an invalid name; `ERR_PYTHREADS_OPTION` and
   * `ERR_PYTHREADS_UNKNOWN_OPTION` for options.
   * @example
   * ```ts
   * const rules = py.import<{ score(event: object): number }>(new URL('./rules.py', import.meta.url))
   * ```
   */
  import(module: string | URL, options?: CallOptions): Importable<RemoteModule>
  import<T>(module: string | URL, options?: CallOptions): Importable<Remote<T>>
  import(module: string | URL, options?: CallOptions): unknown {
    const caller =
      options === undefined
        ? this.#caller
        : this.#caller.with(resolveCallOptions('import', options))
    return remoteModule(caller, modulePath(module))
  }

  /**
   * Calls a Python function on a worker.
   *
   * @example
   * ```ts
   * await py.run(new URL('./rules.py#score', import.meta.url), [{ id: 1 }])
   * const item = await py.run<Remote<Item>>('shop:make', ['tea']) // an object that stays in Python
   * ```
   * @typeParam R - The type of the result; nothing checks it. {@link Remote} and
   * {@link RemoteGenerator} are for results that stay in Python.
   * @param target - `module:attribute`, `file.py:attribute`, or the URL of a file with
   * `#attribute`.
   * @param args - Positional arguments.
   * @param options - Keyword arguments, a signal, limits, and the worker that runs the call.
   * @returns The result. A value that JavaScript cannot represent is a {@link RemoteObject}.
   * @throws {@link PythonError} when Python raises, {@link WorkerDiedError}, or a
   * {@link PythreadsError} with one of the codes `ERR_PYTHREADS_ARGUMENT`, `ERR_PYTHREADS_OPTION`,
   * `ERR_PYTHREADS_UNKNOWN_OPTION`, `ERR_PYTHREADS_VALUE`, `ERR_PYTHREADS_QUEUE_FULL`,
   * `ERR_PYTHREADS_CLOSED`, `ERR_PYTHREADS_DESTROYED`, `ERR_PYTHREADS_ABORTED`,
   * `ERR_PYTHREADS_TIMEOUT`, `ERR_PYTHREADS_QUEUE_TIMEOUT`, `ERR_PYTHREADS_WEDGED`. The promise
   * rejects; the function itself never throws.
   */
  run<R = unknown>(
    target: string | URL,
    args: readonly unknown[] = [],
    options: RunOptions = NO_OPTIONS,
  ): Promise<R> {
    try {
      const resolved = resolveRunOptions(options, this.#pool.size)
      const { name, write } = runRequest(target, args, resolved.kwargs)
      return this.#pool.submit(KIND.CALL, write, resolved, name).catch(raise) as Promise<R>
    } catch (error) {
      // not an async function: a waiting call would take twice the memory
      return Promise.reject(nameTarget(error, targetName(target)))
    }
  }

  /**
   * Calls a function for each item of an iterable, on every worker. Items are pulled as workers
   * need them, so neither the source nor the results have to fit into memory.
   *
   * @example
   * ```ts
   * for await (const score of py.map<number>('rules:score', events)) console.log(score)
   * ```
   * @typeParam R - The type of a result; nothing checks it.
   * @param target - The function, as for {@link Python.run}. It gets one item as its only
   * positional argument.
   * @param items - An array, or another iterable or async iterable.
   * @param options - Keyword arguments, the size of chunks, the order of results, and limits.
   * @returns The results. When an item fails, the iteration yields the results before it, and then
   * rejects with the {@link PythonError}, whose `index` is the position of the item.
   * @throws `ERR_PYTHREADS_ARGUMENT`, `ERR_PYTHREADS_OPTION`, `ERR_PYTHREADS_UNKNOWN_OPTION` at
   * once; the iteration rejects with the errors of {@link Python.run}.
   */
  map<R = unknown>(
    target: string | URL,
    items: Iterable<unknown> | AsyncIterable<unknown>,
    options: MapOptions = {},
  ): AsyncGenerator<R, void, undefined> {
    try {
      const call = resolveMapOptions(options)
      checkItems(items)
      const total = Array.isArray(items) ? items.length : undefined
      const { timeoutMs = null } = call
      const plan = { ...call, call, timeoutMs, target: resolveTarget(target), total }
      return mapItems(this.#pool, plan, items) as AsyncGenerator<R, void, undefined>
    } catch (error) {
      throw nameTarget(error, targetName(target))
    }
  }

  /**
   * Evaluates a Python expression on any worker.
   *
   * @example
   * ```ts
   * await py.eval`sum(${[1, 2, 3]})`
   * ```
   * @typeParam R - The type of the result; nothing checks it.
   * @param source - A text, or a template whose values are passed to Python, never pasted into it.
   * @returns The value of the expression.
   * @throws The errors of {@link Python.run}.
   */
  async eval<R = unknown>(...source: SourceArguments): Promise<R> {
    const read = readSource(source, '_v')
    return (await this.#pool
      .submit(KIND.EVAL, evalRequest(read), undefined, read.text)
      .catch(raise)) as R
  }

  /**
   * Runs Python statements in every worker, and in workers that start later. Where workers share an
   * interpreter, the statements run once. Later `eval` and `exec` see their variables.
   *
   * @param source - A text, or a template whose values are passed to Python, never pasted into it.
   * @throws The errors of {@link Python.run}: the first error of a worker.
   */
  async exec(...source: SourceArguments): Promise<void> {
    const number = ++sources
    const name = `<pythreads exec ${number}>`
    await this.#pool
      .broadcast(KIND.EXEC, execRequest(readSource(source, `_x${number}_`), name), name)
      .catch(raise)
  }

  /**
   * Makes a module of source text in every worker, and in workers that start later. A second call
   * with the same name runs the text in the existing module.
   *
   * @typeParam T - The functions, classes and values of the module. See {@link Remote}.
   * @param source - The text of the module. Indentation that all of its lines share is removed.
   * @param name - A Python identifier. Python code can import the module by this name too.
   * @returns The module.
   * @example
   * ```ts
   * const rules = await py.module('def score(event): return len(event)', 'rules')
   * await rules.score({ id: 1 })
   * ```
   * @throws `ERR_PYTHREADS_ARGUMENT` when `name` is no identifier, or another module has that name;
   * {@link PythonError} when the text raises.
   */
  module(source: string, name: string): Promise<RemoteModule>
  module<T>(source: string, name: string): Promise<Remote<T>>
  async module(source: string, name: string): Promise<unknown> {
    checkModuleName(name)
    const { text } = readSource([source], '')
    await this.#pool
      .broadcast(KIND.MODULE, moduleRequest(name, text), moduleFile(name))
      .catch(raise)
    return importedModule(this.#caller, name)
  }

  /**
   * Reserves one worker of the pool, with variables of its own, until the session is closed.
   *
   * @returns The session, as soon as a worker is idle.
   * @throws `ERR_PYTHREADS_CLOSED`, `ERR_PYTHREADS_DESTROYED`, `ERR_PYTHREADS_QUEUE_FULL`,
   * `ERR_PYTHREADS_WEDGED`.
   */
  async session(): Promise<Session> {
    return new Session(this.#pool, await this.#pool.lease())
  }

  /**
   * Marks a number that Python gets as a float even if it is whole: `py.float(5)` becomes `5.0`.
   * Without the mark, a whole number becomes an `int`.
   *
   * @param value - The number.
   * @returns An argument, alone or within other values.
   * @throws `ERR_PYTHREADS_ARGUMENT` when `value` is no number.
   */
  float(value: number): PythonFloat {
    return toFloat(value)
  }

  /**
   * Copies bytes that Python gets as a `bytes` object, which is immutable. A plain `Uint8Array`
   * becomes a `memoryview`.
   *
   * @param value - The bytes. They are copied at once.
   * @returns An argument, alone or within other values.
   * @throws `ERR_PYTHREADS_ARGUMENT` when `value` is neither a `Uint8Array` nor an `ArrayBuffer`.
   */
  bytes(value: Uint8Array | ArrayBuffer): PythonBytes {
    return toBytes(value)
  }

  /**
   * Makes a typed array of zeros in memory that this process and its worker processes share. As an
   * argument the array is not copied, and each side sees the writes of the other one. The memory is
   * freed when both sides have dropped the array. Where memory cannot be shared, the array is an
   * ordinary one, which is copied.
   *
   * @param kind - The class of a typed array, e.g. `Float64Array`.
   * @param length - The number of items, from 0.
   * @returns The array.
   * @example
   * ```ts
   * const pixels = py.alloc(Float32Array, 1920 * 1080)
   * await py.run('filters:blur', [pixels]) // in place
   * ```
   * @throws `ERR_PYTHREADS_ARGUMENT` for another class or length; `ERR_PYTHREADS_MEMORY` when there
   * is no room for the array.
   */
  alloc<K extends TypedArrayConstructor>(kind: K, length: number): InstanceType<K> {
    return allocate(kind, length)
  }

  /**
   * Looks up the name by which errors know a class; {@link PythonError.is} compares it.
   *
   * @param target - The class, under any name by which Python can import it: `module:Class`.
   * @returns `module:Class` with the module in which the class is defined, e.g.
   * `json.decoder:JSONDecodeError` for `json:JSONDecodeError`.
   * @throws The errors of {@link Python.run}.
   */
  async className(target: string | URL): Promise<string> {
    return (await this.#caller.operate('class', resolveTarget(target), [])) as string
  }

  /**
   * Changes the number of workers. Resolves when new workers can take calls. Surplus workers end as
   * soon as no call needs them.
   *
   * @param workers - A number from 1 to 1000, or a range.
   * @throws `ERR_PYTHREADS_OPTION`, `ERR_PYTHREADS_CLOSED`, `ERR_PYTHREADS_WORKER_START`.
   */
  async resize(workers: number | WorkerRange): Promise<void> {
    await this.#pool.resize(resolveWorkers(workers))
  }

  /**
   * Reports the state of the pool and the counts of its calls.
   *
   * @returns A snapshot, which does not change later.
   */
  stats(): PythonStats {
    return {
      name: this.name,
      python: pythonStats(this.#found),
      isolation: this.#isolation.kind,
      reasons: [...this.#reasons, ...[...this.#pool.refused].map(refusedReason)],
      ...this.#pool.stats(),
    }
  }

  /**
   * Refuses new calls, waits for the calls that were made, and ends the workers. Resolves when the
   * workers have ended, their last events are emitted, and their output is delivered. After
   * `destroy`, `close` only waits for the workers to end.
   *
   * @throws `ERR_PYTHREADS_DEADLOCK` in a callback from Python: `close` would wait for its call.
   */
  async close(): Promise<void> {
    await this.#pool.close()
    this.sync.close()
  }

  /**
   * Rejects the calls that were made with `ERR_PYTHREADS_DESTROYED`, and ends the workers without
   * waiting for them.
   *
   * @param reason - The `cause` of these errors.
   */
  destroy(reason?: unknown): void {
    this.#pool.destroy(reason)
    this.sync.close()
  }

  /** Like {@link close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
