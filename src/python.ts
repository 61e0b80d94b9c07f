import { randomInt } from 'node:crypto'
import { type FoundPython, findPython } from './discovery/index.ts'
import { PythreadsError, raise } from './errors/index.ts'
import { choose, createIsolation, type Isolation, type IsolationKind } from './isolation/index.ts'
import {
  type Kwargs,
  type MapOptions,
  modulePath,
  type PythonOptions,
  type RunOptions,
  resolveMapOptions,
  resolvePythonOptions,
  resolveRunOptions,
  resolveTarget,
} from './options/index.ts'
import { mapItems, Pool, type PoolStats } from './pool/index.ts'
import {
  callRequest,
  evalRequest,
  execRequest,
  type Remote,
  type RemoteModule,
  readSource,
  remoteModule,
  type SourceArguments,
  SyncPython,
  textRequest,
} from './remote/index.ts'
import { KIND } from './wire/index.ts'

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

  private constructor(pool: Pool, found: FoundPython, isolation: Isolation, reasons: readonly string[]) {
    this.#pool = pool
    this.#found = found
    this.#isolation = isolation
    this.#reasons = reasons
    this.sync = new SyncPython({
      open: () => {
        if (!pool.isOpen) throw new PythreadsError('ERR_PYTHREADS_CLOSED', 'The pool is closed: it takes no more calls')
        return isolation.openSyncLine(pool.ready)
      },
      setup: pool.setup,
      shared: isolation.shared,
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
    const { python, isolation: wanted, workers, preload, path, maxQueue } = resolvePythonOptions(options)
    const found = await findPython(python)
    const choice =
      wanted === 'auto'
        ? await choose(found.facts, preload, path)
        : { isolation: wanted, reasons: [`${wanted}: asked for by name`] }
    const settings = { path, preload, scope: randomInt(1, 2 ** 31) }
    const isolation = createIsolation(choice.isolation, found.facts, settings)
    const pool = new Pool({ isolation, settings, workers, maxQueue })
    await pool.start().catch(raise)
    return new Python(pool, found, isolation, choice.reasons)
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
    return remoteModule(
      {
        call: (target, args, kwargs) => this.#call(target, args, kwargs),
        get: (target) => this.#pool.submit(KIND.GET, textRequest(target)).catch(raise),
        import: (name) => this.#pool.submit(KIND.IMPORT, textRequest(name)).catch(raise),
      },
      modulePath(module),
    )
  }

  /**
   * Calls a function: `module:attribute`, or `file.py:attribute`.
   *
   * @throws {@link PythonError} with what Python raised, or one of the codes `ERR_PYTHREADS_ARGUMENT`,
   * `ERR_PYTHREADS_VALUE`, `ERR_PYTHREADS_QUEUE_FULL`, `ERR_PYTHREADS_CLOSED`, `ERR_PYTHREADS_DESTROYED`,
   * `ERR_PYTHREADS_WORKER_DIED`.
   */
  async run<R = unknown>(target: string, args: readonly unknown[] = [], options: RunOptions = {}): Promise<R> {
    const { kwargs, worker } = resolveRunOptions(options, this.#pool.size)
    if (!Array.isArray(args)) {
      throw new PythreadsError(
        'ERR_PYTHREADS_ARGUMENT',
        `The arguments of run come as an array; got a value of type ${typeof args}`,
      )
    }
    return (await this.#call(resolveTarget(target), args, kwargs, worker)) as R
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
    const plan = { ...resolved, target: resolveTarget(target), total }
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
    const request = evalRequest(readSource(source, '_v'))
    return (await this.#pool.submit(KIND.EVAL, request).catch(raise)) as R
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

  #call(target: string, args: readonly unknown[], kwargs: Kwargs, worker?: number): Promise<unknown> {
    return this.#pool.submit(KIND.CALL, callRequest(target, args, kwargs), worker).catch(raise)
  }
}
