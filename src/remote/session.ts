import { nameTarget, PythreadsError, raise } from '../errors/index.ts'
import {
  type CallOptions,
  DEFAULT_CALL,
  modulePath,
  NO_OPTIONS,
  type ResolvedCallOptions,
  type RunOptions,
  resolveCallOptions,
  resolveRunOptions,
  targetName,
} from '../options/index.ts'
import type { Pool } from '../pool/index.ts'
import type { Write } from '../references/index.ts'
import { type Lease, nameOf } from '../scheduler/index.ts'
import { KIND, type Kind } from '../wire/index.ts'
import { type Caller, callerOf } from './caller.ts'
import { remoteModule } from './remote-module.ts'
import { evalRequest, execRequest, numberRequest, runRequest, type Target } from './requests.ts'
import { readSource, type SourceArguments } from './source.ts'
import type { Remote } from './typed.ts'
import type { Importable, RemoteModule } from './types.ts'

let sessions = 0

/**
 * The exclusive use of one worker of a pool, with variables of its own: only `eval` and `exec` of
 * this session see them. Other calls go to the other workers; in a pool of one worker they wait.
 * {@link Python.session} makes a session. `await using` closes it at the end of a block.
 *
 * @example
 * ```ts
 * const session = await py.session()
 * await session.exec('total = 0')
 * await session.exec`total += ${5}`
 * await session.eval('total') // 5
 * ```
 */
export class Session implements AsyncDisposable {
  readonly #pool: Pool
  readonly #lease: Lease
  readonly #caller: Caller
  readonly #number = ++sessions
  #runs = 0
  #closed = false

  /** @internal */
  constructor(pool: Pool, lease: Lease) {
    this.#pool = pool
    this.#lease = lease
    this.#caller = callerOf((kind, write, options, _, target) =>
      this.#submit(kind, write, target, options),
    )
  }

  /** The number of its worker. */
  get worker(): number {
    return this.#lease.workerIndex
  }

  /**
   * Makes an object that stands for a Python module, like {@link Python.import}. Its calls go to
   * this worker.
   *
   * @typeParam T - What is in the module. See {@link Remote}.
   * @param module - The dotted name of a module, or a file: a URL, or a path that ends in `.py`.
   * @param options - Options of every call that is made through the object.
   * @returns The module. `await` imports it.
   * @throws The errors of {@link Python.import}.
   */
  import(module: string | URL, options?: CallOptions): Importable<RemoteModule>
  import<T>(module: string | URL, options?: CallOptions): Importable<Remote<T>>
  import(module: string | URL, options: CallOptions = {}): unknown {
    return remoteModule(
      this.#caller.with(resolveCallOptions('import', options)),
      modulePath(module),
    )
  }

  /**
   * Calls a Python function on this worker, like {@link Python.run}.
   *
   * @typeParam R - The type of the result; nothing checks it.
   * @param target - `module:attribute`, `file.py:attribute`, or the URL of a file with
   * `#attribute`.
   * @param args - Positional arguments.
   * @param options - Keyword arguments, a signal and limits.
   * @returns The result.
   * @throws The errors of {@link Python.run}. `ERR_PYTHREADS_CLOSED`: the session is closed.
   * `ERR_PYTHREADS_WORKER_DIED`: the worker of the session has ended, and the variables are lost.
   */
  async run<R = unknown>(
    target: string | URL,
    args: readonly unknown[] = [],
    options: Omit<RunOptions, 'worker'> = NO_OPTIONS,
  ): Promise<R> {
    try {
      const resolved = resolveRunOptions(options, 0)
      const { name, write } = runRequest(target, args, resolved.kwargs)
      return (await this.#submit(KIND.CALL, write, name, resolved).catch(raise)) as R
    } catch (error) {
      throw nameTarget(error, targetName(target))
    }
  }

  /**
   * Evaluates an expression with the variables of the session.
   *
   * @typeParam R - The type of the result; nothing checks it.
   * @param source - A text, or a template whose values are passed to Python, never pasted into it.
   * @returns The value of the expression.
   * @throws The errors of {@link Session.run}.
   */
  async eval<R = unknown>(...source: SourceArguments): Promise<R> {
    const read = readSource(source, '_v')
    return (await this.#submit(KIND.EVAL, evalRequest(read, this.#number), read.text).catch(
      raise,
    )) as R
  }

  /**
   * Runs statements. Their variables belong to the session.
   *
   * @param source - A text, or a template whose values are passed to Python, never pasted into it.
   * @throws The errors of {@link Session.run}.
   */
  async exec(...source: SourceArguments): Promise<void> {
    const run = ++this.#runs
    const name = `<pythreads session ${this.#number} exec ${run}>`
    await this.#submit(
      KIND.EXEC,
      execRequest(readSource(source, `_x${run}_`), name, this.#number),
      name,
    ).catch(raise)
  }

  /** Deletes the variables and returns the worker to the pool. A second call does nothing. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const { isAlive, giveBack } = this.#lease
    try {
      if (isAlive() && this.#pool.isOpen)
        await this.#submitTo(KIND.END_SESSION, numberRequest(this.#number))
    } finally {
      giveBack()
    }
  }

  /** Like {@link close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #submit(
    kind: Kind,
    write: Write,
    target: Target,
    options: ResolvedCallOptions = DEFAULT_CALL,
  ): Promise<unknown> {
    if (this.#closed) {
      return Promise.reject(
        new PythreadsError('ERR_PYTHREADS_CLOSED', 'The session is closed', {
          target: nameOf(target),
        }),
      )
    }
    if (!this.#lease.isAlive()) {
      return Promise.reject(
        new PythreadsError(
          'ERR_PYTHREADS_WORKER_DIED',
          'The worker of this session has ended, and the variables of the session are lost',
          {
            target: nameOf(target),
          },
        ),
      )
    }
    return this.#submitTo(kind, write, options, target)
  }

  /** Makes a call on the worker of the session, closed or not. */
  #submitTo(
    kind: Kind,
    write: Write,
    options?: ResolvedCallOptions,
    target?: Target,
  ): Promise<unknown> {
    return this.#pool.submit(kind, write, options, undefined, target, this.#lease)
  }
}
