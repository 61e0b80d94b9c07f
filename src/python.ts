import { randomInt } from 'node:crypto'
import { type FoundPython, findPython } from './discovery/index.ts'
import { PythreadsError, raise } from './errors/index.ts'
import { choose, createIsolation, type Isolation, type IsolationKind, type WorkerSettings } from './isolation/index.ts'
import {
  type MapOptions,
  modulePath,
  type PythonOptions,
  type RunOptions,
  resolveMapOptions,
  resolvePythonOptions,
  resolveRunOptions,
  resolveTarget,
} from './options/index.ts'
import { type Handle, mapItems, type OutputListener, Pool, type PoolStats, toStream } from './pool/index.ts'
import {
  type Caller,
  callRequest,
  evalRequest,
  execRequest,
  getRequest,
  importedModule,
  moduleRequest,
  operateRequest,
  type Remote,
  type RemoteModule,
  readSource,
  remoteModule,
  remoteObject,
  Session,
  type SourceArguments,
  SyncPython,
  textRequest,
} from './remote/index.ts'
import { KIND, PythonFloat } from './wire/index.ts'

/** What {@link Python.stats} answers. */
export interface PythonStats extends PoolStats {
  readonly python: {
    readonly executable: string
    /** As Python prints it, e.g. `3.13.5`. */
    readonly version: string
    readonly freeThreaded: boolean
    /** Where it was found, e.g. `VIRTUAL_ENV`. */
    readonly source: string
  }
  readonly isolation: IsolationKind
  /** Why this isolation: a sentence for each that was considered. */
  readonly reasons: readonly string[]
}

interface Decided {
  readonly onLine: OutputListener | undefined
  readonly reasons: readonly string[]
  readonly copy: boolean
}

let sources = 0

/**
 * A pool of Python workers.
 *
 * @example
 * ```ts
 * import { Python } from 'pythreads'
 *
 * await using py = await Python.start({ workers: 20 })
 * const json = py.import('json')
 * console.log(await Promise.all(Array.from({ length: 20 }, (_, id) => json.dumps({ id }))))
 * ```
 */
export class Python implements AsyncDisposable {
  /** Python on this JavaScript thread, which waits for the answer. */
  readonly sync: SyncPython
  readonly #pool: Pool
  readonly #found: FoundPython
  readonly #isolation: Isolation
  readonly #reasons: readonly string[]
  readonly #caller: Caller
  readonly #copy: boolean

  private constructor(pool: Pool, caller: Caller, found: FoundPython, isolation: Isolation, choice: Decided) {
    this.#pool = pool
    this.#caller = caller
    this.#found = found
    this.#isolation = isolation
    this.#reasons = choice.reasons
    this.#copy = choice.copy
    this.sync = new SyncPython({
      open: (tools, calledBack) => {
        if (!pool.isOpen) throw new PythreadsError('ERR_PYTHREADS_CLOSED', 'The pool is closed: it takes no more calls')
        return isolation.openSyncLine(pool.ready, tools, calledBack)
      },
      setup: pool.setup,
      locals: pool.locals,
      realm: pool.realm,
      release: (id) => pool.release(id),
      copy: choice.copy,
      onLine: choice.onLine,
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
    const { python, isolation: wanted, workers, preload, path, maxQueue, copy, output, warnings } = resolvePythonOptions(options)
    const found = await findPython(python)
    const choice =
      wanted === 'auto'
        ? await choose(found.facts, preload, path)
        : { isolation: wanted, reasons: [`${wanted}: asked for by name`] }
    const onLine = typeof output === 'string' ? undefined : typeof output === 'function' ? output : toStream(output)
    const settings: WorkerSettings = {
      ...{ path, preload, scope: randomInt(1, 2 ** 31), warnings: warnings === 'emit' },
      output: typeof output === 'string' ? output : 'lines',
    }
    const isolation = createIsolation(choice.isolation, found.facts, settings)
    const standIn = (handle: Handle) => remoteObject(caller, handle)
    const pool = new Pool({ isolation, settings, workers, maxQueue, standIn, onLine })
    const caller = callerOf(pool, copy)
    await pool.start().catch(raise)
    return new Python(pool, caller, found, isolation, { ...choice, copy, onLine })
  }

  /**
   * A module, or a file given by URL or by a path that ends in `.py`. Nothing is sent yet. Awaited, it imports it.
   *
   * @example
   * ```ts
   * const rules = py.import<{ score(event: object): number }>(new URL('./rules.py', import.meta.url))
   * ```
   */
  import(module: string | URL): RemoteModule
  import<T>(module: string | URL): Remote<T>
  import(module: string | URL): unknown {
    return remoteModule(this.#caller, modulePath(module))
  }

  /**
   * Calls a function: `module:attribute`, or `file.py:attribute`.
   *
   * @throws {@link PythonError} with what Python raised, or one of the codes `ERR_PYTHREADS_ARGUMENT`,
   * `ERR_PYTHREADS_VALUE`, `ERR_PYTHREADS_QUEUE_FULL`, `ERR_PYTHREADS_CLOSED`, `ERR_PYTHREADS_DESTROYED`,
   * `ERR_PYTHREADS_WORKER_DIED`.
   */
  async run<R = unknown>(target: string, args: readonly unknown[] = [], options: RunOptions = {}): Promise<R> {
    const { kwargs, worker, copy = this.#copy, signal } = resolveRunOptions(options, this.#pool.size)
    if (!Array.isArray(args)) {
      throw new PythreadsError(
        'ERR_PYTHREADS_ARGUMENT',
        `The arguments of run come as an array; got a value of type ${typeof args}`,
      )
    }
    const request = callRequest(resolveTarget(target), args, kwargs)
    return (await this.#pool.submit(KIND.CALL, request, { slot: worker, copy, signal, key: target }).catch(raise)) as R
  }

  /**
   * Calls a function for each item of an iterable or async iterable, on every worker. Items are pulled as workers need
   * them, so neither the source nor the results have to fit into memory. When an item fails, the results before it come
   * first, then its {@link PythonError}, whose `index` says which it was.
   */
  map<R = unknown>(
    target: string,
    items: Iterable<unknown> | AsyncIterable<unknown>,
    options: MapOptions = {},
  ): AsyncGenerator<R, void, undefined> {
    const resolved = resolveMapOptions(options)
    const iterable = typeof items === 'object' && items !== null && (Symbol.iterator in items || Symbol.asyncIterator in items)
    if (!iterable) throw new PythreadsError('ERR_PYTHREADS_ARGUMENT', 'map takes an array or another iterable object')
    const total = Array.isArray(items) ? items.length : undefined
    const plan = { ...resolved, copy: resolved.copy ?? this.#copy, target: resolveTarget(target), total }
    return mapItems(this.#pool, plan, items) as AsyncGenerator<R, void, undefined>
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
    return (await this.#pool.submit(KIND.EVAL, evalRequest(read), { copy: this.#copy, key: read.text }).catch(raise)) as R
  }

  /**
   * Runs Python statements in every worker, and in those that come later; once where workers share an interpreter.
   * What they define can be used by `eval` and `exec`.
   */
  async exec(...source: SourceArguments): Promise<void> {
    const number = ++sources
    const request = execRequest(readSource(source, `_x${number}_`), `<pythreads exec ${number}>`)
    await this.#pool.broadcast(KIND.EXEC, request).catch(raise)
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
  async module(source: string, name: string): Promise<RemoteModule> {
    const dotted = /^[\p{ID_Start}_][\p{ID_Continue}]*$/u
    if (typeof name !== 'string' || !dotted.test(name)) {
      throw new PythreadsError('ERR_PYTHREADS_ARGUMENT', `The name of a module is a Python identifier; got ${String(name)}`)
    }
    const { text } = readSource([source], '')
    await this.#pool.broadcast(KIND.MODULE, moduleRequest(name, text)).catch(raise)
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

  /** The name under which errors know a class, `module:Class`; see {@link PythonError.is}. */
  async className(target: string): Promise<string> {
    return (await this.#caller.operate('class', resolveTarget(target), [])) as string
  }

  /** What the pool is and has done so far. */
  stats(): PythonStats {
    const { facts, source } = this.#found
    return {
      python: { executable: facts.executable, version: facts.release, freeThreaded: facts.freeThreaded, source },
      isolation: this.#isolation.kind,
      reasons: this.#reasons,
      ...this.#pool.stats(),
    }
  }

  /** Takes no more calls, waits for those that were made, and ends the workers. */
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

/** What remote modules and objects need of a pool. */
function callerOf(pool: Pool, copy: boolean): Caller {
  return {
    call: (target, args, kwargs) => {
      const key = typeof target === 'string' ? target : undefined
      return pool.submit(KIND.CALL, callRequest(target, args, kwargs), { copy, key }).catch(raise)
    },
    get: (target) => pool.submit(KIND.GET, getRequest(target), { copy }).catch(raise),
    import: (name) => pool.submit(KIND.IMPORT, textRequest(name)).catch(raise),
    operate: (name, target, args, deep = copy) =>
      pool.submit(KIND.OPERATE, operateRequest(name, target, args), { copy: deep }).catch(raise),
  }
}
