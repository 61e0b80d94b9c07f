import type { Readable } from 'node:stream'
import type { SyncEntry } from '../native/index.ts'
import type { Channel } from '../platform/index.ts'
import type { StatusPage } from './status-page.ts'
import type { SyncSockets } from './sync-sockets.ts'

/** A worker's end as the pool sees it. */
export interface Launched {
  /** The channel: frames both ways. It keeps the process alive unless it is unreferenced. */
  readonly socket: Channel
  /**
   * The side channel: frames of threads other than the one that serves, and of coroutines. Closed
   * with the channel.
   */
  readonly side: Channel
  /**
   * What C code and child processes print, where it is asked for and belongs to this worker alone.
   */
  readonly pipes?: { readonly stdout: Readable; readonly stderr: Readable }
  /** Whether it runs in this process. */
  readonly inProcess: boolean
  /**
   * The process that it runs in: what the system said when it was started, never what the worker
   * says.
   */
  readonly pid: number
  /** Whether it has its START frame already. */
  readonly hasStartFrame?: boolean
  /** What it writes down. Closed by whoever launched it. */
  readonly statusPage: StatusPage
  /** Resolves when the worker is gone, with how it ended. */
  readonly ended: Promise<Ending>
  /** Ends the worker by force where that is possible; otherwise only its channel closes. */
  kill(): void
}

/** How a worker ended. */
export interface Ending {
  /** In words, e.g. `it was ended by SIGKILL`. */
  readonly how: string
  /** The exit status of its process; `null`: it has none, or a signal ended it. */
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
}

/** Launches the workers of one isolation. */
export interface Launcher {
  /** Launches the worker of this number. */
  launch(index: number): Promise<Launched>
  /**
   * Checks the facts that a new worker sends; throws if it is not the expected Python. Some
   * isolations have nothing to check.
   */
  verify?(ready: Readonly<Record<string, unknown>>): void
  /**
   * Opens what serves the sync calls of this JavaScript thread. `ready`: the facts of a worker that
   * serves. `calledBack`: Python may call functions.
   */
  openSync(
    ready: Readonly<Record<string, unknown>>,
    startTimeoutMs: number,
    calledBack: boolean,
  ): SyncEndpoint
}

/**
 * Where sync calls go: a native function of this process, or a worker behind sockets. The room
 * `sync` speaks with it.
 */
export type SyncEndpoint = SyncFunction | SyncSocketWorker

export interface SyncFunction {
  readonly entry: SyncEntry
  readonly scope: number
}

/** A worker that serves the sync calls of one JavaScript thread and nobody else. */
export interface SyncSocketWorker {
  /** Owned by the caller: the worker ends when they are closed. */
  readonly sockets: SyncSockets
  /** The payload of its START frame. */
  readonly settings: Buffer
  readonly inProcess: boolean
  readonly pid: number
  /** Ends it by force, where it has a process of its own. */
  end(): void
}

/** Limits that the operating system keeps. */
export interface Limits {
  readonly memoryMb: number | null
  readonly cpuSeconds: number | null
  readonly openFiles: number | null
}

export const NO_LIMITS: Limits = Object.freeze({
  memoryMb: null,
  cpuSeconds: null,
  openFiles: null,
})

/** The settings that every worker gets in its first frame. */
export interface WorkerSettings {
  /** Folders that come first in `sys.path`. */
  readonly path: readonly string[]
  /** Modules to import before the first call. */
  readonly preload: readonly string[]
  /** The number by which the workers of one pool know that they belong together. */
  readonly scope: number
  /**
   * How values are written that functions of JavaScript get: `FLAG.EXACT`, and `FLAG.COPY` with its
   * depth.
   */
  readonly flags?: number
  /** Whether what is printed goes to JavaScript. */
  readonly output: 'inherit' | 'ignore' | 'lines'
  /** Whether warnings go to JavaScript. */
  readonly warnings: boolean
  /** What a worker process may use; `null`: as much as this one. */
  readonly limits: Limits
  /** How many bytes a worker may lend at a time, where it lends copies. */
  readonly memory: number
  /**
   * The library and the prefix of the Python that is wanted: another one that is in this process
   * already runs nothing.
   */
  readonly python?: readonly [libpython: string | null, prefix: string]
  /** What errors tell besides what all do; `null`: nothing. */
  readonly errors?: { readonly attributes: readonly string[]; readonly exception: boolean } | null
  /** The lowest level of the records of `logging` that go to JavaScript; `null`: none do. */
  readonly logging?: number | null
  /** What the pool is called. */
  readonly name?: string
  /** Where a module may be that was asked for by name, though it can only be found by its path. */
  readonly folders?: readonly string[]
  /**
   * How long Python may take for its end in this process, when Node ends; for those that run in
   * this process.
   */
  readonly closeGraceMs?: number
}
