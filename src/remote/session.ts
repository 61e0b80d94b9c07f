import { nameTarget, PythreadsError, raise } from '../errors/index.ts'
import {
  type CallOptions,
  modulePath,
  NO_OPTIONS,
  type RunOptions,
  resolveCallOptions,
  resolveRunOptions,
  targetName,
} from '../options/index.ts'
import { type Lease, NO_SUBMIT_OPTIONS, nameOf, type Pool, type SubmitOptions, type Write } from '../pool/index.ts'
import { KIND, type Kind } from '../wire/index.ts'
import { type Caller, callerOf, given } from './caller.ts'
import { remoteModule } from './remote-module.ts'
import { evalRequest, execRequest, numberRequest, runRequest, type Target } from './requests.ts'
import { readSource, type SourceArguments } from './source.ts'
import type { Remote } from './typed.ts'
import type { Importable, RemoteModule } from './types.ts'

let sessions = 0

/**
 * One worker to yourself, with variables of its own: what `exec` defines here, `eval` and later `exec`s here see, and nobody
 * else. Other calls go to the other workers meanwhile; a pool of one worker lets them wait. Made by {@link Python.session}.
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
  readonly #copy: number
  readonly #caller: Caller
  readonly #number = ++sessions
  #runs = 0
  #closed = false

  constructor(pool: Pool, lease: Lease, copy: number) {
    this.#pool = pool
    this.#lease = lease
    this.#copy = copy
    this.#caller = callerOf((kind, write, options, _, target) => this.#submit(kind, write, target, options), {})
  }

  /** The number of its worker. */
  get worker(): number {
    return this.#lease.slot
  }

  /** As {@link Python.import}, for calls that go to this worker. */
  import(module: string | URL, options?: CallOptions): Importable<RemoteModule>
  import<T>(module: string | URL, options?: CallOptions): Importable<Remote<T>>
  import(module: string | URL, options: CallOptions = {}): unknown {
    return remoteModule(this.#caller.with(resolveCallOptions('import', options)), modulePath(module))
  }

  /** As {@link Python.run}, on this worker. */
  async run<R = unknown>(
    target: string | URL,
    args: readonly unknown[] = [],
    options: Omit<RunOptions, 'worker'> = NO_OPTIONS,
  ): Promise<R> {
    try {
      const { kwargs, slot: _, ...call } = resolveRunOptions(options, 0)
      const { name, write } = runRequest(target, args, kwargs)
      return (await this.#submit(KIND.CALL, write, name, given(call)).catch(raise)) as R
    } catch (error) {
      throw nameTarget(error, targetName(target))
    }
  }

  /** Evaluates an expression with the session's variables. */
  async eval<R = unknown>(...source: SourceArguments): Promise<R> {
    const read = readSource(source, '_v')
    return (await this.#submit(KIND.EVAL, evalRequest(read, this.#number), read.text).catch(raise)) as R
  }

  /** Runs statements; their variables belong to the session. */
  async exec(...source: SourceArguments): Promise<void> {
    const run = ++this.#runs
    const name = `<pythreads session ${this.#number} exec ${run}>`
    await this.#submit(KIND.EXEC, execRequest(readSource(source, `_x${run}_`), name, this.#number), name).catch(raise)
  }

  /** Forgets its variables and gives the worker back. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const { isThere, giveBack } = this.#lease
    try {
      if (isThere() && this.#pool.isOpen)
        await this.#pool.submit(KIND.END_SESSION, numberRequest(this.#number), { ...NO_SUBMIT_OPTIONS, lease: this.#lease })
    } finally {
      giveBack()
    }
  }

  /** As {@link close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #submit(kind: Kind, write: Write, target: Target, options: SubmitOptions = NO_SUBMIT_OPTIONS): Promise<unknown> {
    if (this.#closed) {
      return Promise.reject(new PythreadsError('ERR_PYTHREADS_CLOSED', 'The session is closed', { target: nameOf(target) }))
    }
    if (!this.#lease.isThere()) {
      return Promise.reject(
        new PythreadsError('ERR_PYTHREADS_WORKER_DIED', 'The worker of this session ended, and its variables with it', {
          target: nameOf(target),
        }),
      )
    }
    return this.#pool.submit(
      kind,
      write,
      { ...NO_SUBMIT_OPTIONS, ...options, copy: options.copy ?? this.#copy, lease: this.#lease },
      undefined,
      target,
    )
  }
}
