import { PythonError, type PythonErrorDetails, PythreadsError } from '../errors/index.ts'
import type { SyncLine } from '../isolation/index.ts'
import { modulePath, type RunOptions, resolveRunOptions, resolveTarget } from '../options/index.ts'
import { FrameEncoder, type Write } from '../pool/index.ts'
import { decode, KIND, type Kind } from '../wire/index.ts'
import { callRequest, evalRequest, execRequest, textRequest } from './requests.ts'
import { readSource, type SourceArguments } from './source.ts'
import { syncModule } from './sync-module.ts'
import type { SyncModule } from './types.ts'

/** What sync calls need of the pool. */
export interface SyncSource {
  /** Opens the line; called when the first sync call is made. Throws when the pool is closed. */
  open(): SyncLine
  /** What `exec` has run in every worker so far; entries that failed are `undefined`. */
  readonly setup: readonly (Write | undefined)[]
  /** Whether sync calls go to the interpreter that all workers share. */
  readonly shared: boolean
}

/**
 * Python on this JavaScript thread, which waits until Python answers: for start-up code, scripts and `worker_threads`.
 * In thread isolation it shares modules and variables with the workers; otherwise a worker of its own, started by the first
 * call, serves it.
 */
export class SyncPython {
  readonly #source: SyncSource
  readonly #encoder = new FrameEncoder()
  #line: SyncLine | undefined
  #replayed = 0

  constructor(source: SyncSource) {
    this.#source = source
  }

  /** Imports a module or a file. @throws `ERR_PYTHREADS_MODULE_NOT_FOUND`, `ERR_PYTHREADS_IMPORT_FAILED` */
  import(module: string | URL): SyncModule {
    const name = modulePath(module)
    this.#request(KIND.IMPORT, textRequest(name))
    return syncModule(
      {
        call: (target, args, kwargs) => this.#request(KIND.CALL, callRequest(target, args, kwargs)),
        get: (target) => this.#request(KIND.GET, textRequest(target)),
      },
      name,
    )
  }

  /** Calls `module:attribute`. The option `worker` is not for sync calls. */
  run<R = unknown>(target: string, args: readonly unknown[] = [], options: Pick<RunOptions, 'kwargs'> = {}): R {
    const { kwargs } = resolveRunOptions(options, 0)
    return this.#request(KIND.CALL, callRequest(resolveTarget(target), args, kwargs)) as R
  }

  /** Evaluates a Python expression. */
  eval<R = unknown>(...source: SourceArguments): R {
    return this.#request(KIND.EVAL, evalRequest(readSource(source, '_v'))) as R
  }

  /** Runs Python statements where sync calls run; see {@link SyncPython}. */
  exec(...source: SourceArguments): void {
    this.#request(KIND.EXEC, execRequest(readSource(source, '_s'), '<pythreads exec>'))
  }

  /** Ends the worker that serves sync calls, if there is one. */
  close(): void {
    this.#line?.close()
    this.#line = undefined
    this.#replayed = 0
  }

  #request(kind: Kind, write: Write): unknown {
    this.#line ??= this.#source.open()
    try {
      if (!this.#source.shared) this.#replay(this.#line)
      return this.#send(this.#line, kind, write)
    } catch (error) {
      // The next call starts another worker.
      if (error instanceof PythreadsError && error.code === 'ERR_PYTHREADS_WORKER_DIED') this.close()
      throw error
    }
  }

  /** Runs what `exec` has run in the workers since the last sync call. */
  #replay(line: SyncLine): void {
    const { setup } = this.#source
    while (this.#replayed < setup.length) {
      const write = setup[this.#replayed++]
      if (write !== undefined) this.#send(line, KIND.EXEC, write)
    }
  }

  #send(line: SyncLine, kind: Kind, write: Write): unknown {
    const reply = line.request(kind, this.#encoder.payload(kind, write))
    const value = decode(reply.bytes, reply.start)
    if (reply.kind === KIND.RESULT) return value
    const error = new PythonError(value as PythonErrorDetails)
    throw error.joinStack((error.stack ?? '').slice(error.stack?.indexOf('\n    at ')).trimStart().replace(/^at/, '    at'))
  }
}
