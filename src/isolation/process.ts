import { type ChildProcess, type SpawnOptions, type StdioOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import type { Socket } from 'node:net'
import { isMainThread } from 'node:worker_threads'
import { attempt } from '../attempt.ts'
import { type PythonFacts, reserveDescriptors, startupShadows } from '../discovery/index.ts'
import { startFailure } from '../errors/index.ts'
import { bootSource, kernelVariable } from '../kernel.ts'
import {
  avoidsNativeCalls,
  checkDescriptorCalls,
  closeFd,
  connectionOf,
  makeRoomForListeners,
  makesNativeCalls,
  reap,
  reapOnMainThread,
  SOCK_STREAM,
  socketpair,
  stopReading,
} from '../native/index.ts'
import { own } from '../own.ts'
import {
  describeEnd,
  javascriptRuntime,
  leavesZombies,
  ownVariables,
  workerChannels,
} from '../platform/index.ts'
import type { Ending, Launched, Launcher, SyncEndpoint, WorkerSettings } from './isolation.ts'
import { withLibraryThreads } from './library-threads.ts'
import { encodeSettings } from './settings.ts'
import { openStandardOutput } from './standard-output.ts'
import { StatusPage } from './status-page.ts'
import { startRelayed } from './sync-relay.ts'
import { polledSockets, readSockets, type SyncSockets } from './sync-sockets.ts'

/** The channels of each child of this process. */
const CHANNELS = workerChannels()
/** How long a child that this process may not kill has to end by itself. */
const UNKILLABLE_MS = 2_000

const PRINT = { inherit: 'inherit', ignore: 'ignore', lines: 'pipe' } as const

/** How long a thread that ends waits for its children, which were killed. */
const REAP_MS = 500

/** The children of this JavaScript thread that are alive: none of them may outlive it. */
const children = new Set<ChildProcess>()
let watching = false

/** How a child process is started. */
export interface ChildOptions {
  /** Its current folder; `undefined`: this process's. */
  readonly cwd?: string | undefined
  /** Its environment; `undefined`: this process's. */
  readonly env?: NodeJS.ProcessEnv | undefined
  /** How many threads a library for numbers starts in it, unless its environment says so. */
  readonly threadsPerWorker?: number | undefined
}

/** What starts a child process, as `spawn` gets it. */
interface Command {
  readonly file: string
  readonly args: readonly string[]
  readonly options: SpawnOptions
}

/** Workers in child processes. */
export class ProcessIsolation implements Launcher {
  readonly #facts: PythonFacts
  readonly #settings: WorkerSettings
  readonly #options: ChildOptions

  constructor(facts: PythonFacts, settings: WorkerSettings, options: ChildOptions) {
    this.#facts = facts
    this.#settings = settings
    this.#options = options
  }

  async launch(): Promise<Launched> {
    const print = PRINT[this.#settings.output]
    const statusPage = new StatusPage()
    const child = await this.#start(
      ['ignore', print, print, ...CHANNELS.stdio, statusPage.fd],
      CHANNELS.next,
    ).catch((error: unknown) => {
      statusPage.close()
      throw error
    })
    const ended = new Promise<Ending>((resolve) => {
      child.on('error', ({ message }) => {
        // It cannot be killed, as this process has other rights by now. It ends by itself, as its
        // channel has, unless it hangs.
        const giveUp = () => {
          child.unref()
          resolve({ how: `it cannot be ended: ${message}`, status: null, signal: null })
        }
        setTimeout(giveUp, UNKILLABLE_MS)
      })
      child.once('exit', (status, signal) => {
        const how = describeEnd(status, signal)
        const shadows =
          status === 1 ? startupShadows(ownVariables(this.#options.env ?? process.env)) : []
        resolve({ how: [how, ...shadows].join('\n'), status, signal })
      })
    })
    const { main: socket, side } = CHANNELS.take(child.stdio)
    // While the channel is open, it alone keeps this process alive. After it has closed, the child
    // does so until Node knows how it ended.
    child.unref()
    socket.once('close', () => child.ref())
    const { stdout, stderr } = child
    const pipes = stdout === null || stderr === null ? undefined : { stdout, stderr }
    if (pipes !== undefined) for (const stream of [stdout, stderr] as Socket[]) stream.unref()
    const pid = child.pid as number // `#start` returns only a child that runs
    return {
      ...(pipes === undefined ? {} : { pipes }),
      socket,
      side,
      inProcess: false,
      pid,
      statusPage,
      ended,
      kill: () => kill(child),
    }
  }

  openSync(_: unknown, startTimeoutMs: number): SyncEndpoint {
    if (!CHANNELS.canBlock) return this.#startOnThread(startTimeoutMs)
    const { sockets, child } = makesNativeCalls() ? this.#spawnOnSockets() : this.#spawnOnPipes()
    child.unref()
    const end = () => kill(child)
    return {
      sockets,
      settings: encodeSettings(this.#settings),
      inProcess: false,
      pid: child.pid as number,
      end,
    }
  }

  #spawnOnSockets(): { sockets: SyncSockets; child: ChildProcess } {
    const fds: number[] = []
    let child: ChildProcess
    try {
      fds.push(...socketpair(SOCK_STREAM))
      fds.push(...socketpair(SOCK_STREAM))
      child = this.#spawnSync([fds[1], fds[3]])
    } catch (error) {
      for (const fd of fds) closeFd(fd)
      throw error
    }
    const [ours, theirs, ourSide, theirSide] = fds as [number, number, number, number]
    closeFd(theirs)
    closeFd(theirSide)
    return { sockets: polledSockets([ours, ourSide]), child }
  }

  /** With the sockets that Node makes, where no native calls can be made. */
  #spawnOnPipes(): { sockets: SyncSockets; child: ChildProcess } {
    checkDescriptorCalls()
    const child = this.#spawnSync(['pipe', 'pipe'])
    const { main, side } = CHANNELS.take(child.stdio)
    stopReading(main)
    return { sockets: readSockets([connectionOf(main), connectionOf(side as Socket)]), child }
  }

  /** On a thread that passes on what comes, where this thread cannot read it while it waits. */
  #startOnThread(startTimeoutMs: number): SyncEndpoint {
    const stdio = [...this.#inherited(), ...CHANNELS.stdio]
    const command = { ...this.#command(stdio, -1), pipes: CHANNELS.pipes }
    const settings = encodeSettings(this.#settings)
    return { ...startRelayed(command, startTimeoutMs), settings, inProcess: false }
  }

  /** The entries of `stdio` for a worker of sync calls. */
  #inherited(): ['ignore', 'ignore' | 'inherit', 'ignore' | 'inherit'] {
    const print = this.#settings.output === 'ignore' ? 'ignore' : 'inherit'
    return ['ignore', print, print]
  }

  #spawnSync(channels: (number | 'pipe' | undefined)[]): ChildProcess {
    const child = this.#spawn([...this.#inherited(), ...channels], -1)
    if (child.pid !== undefined) return child
    for (const stream of child.stdio ?? []) stream?.destroy()
    throw startFailure(`${this.#facts.executable} cannot be run`, this.#why())
  }

  /** Starts a child. @throws `ERR_PYTHREADS_WORKER_START` with what the system said as `cause` */
  async #start(stdio: StdioOptions & unknown[], statusPage: number): Promise<ChildProcess> {
    const child = this.#spawn(stdio, statusPage)
    if (child.pid !== undefined) return child
    const [cause] = await once(child, 'error')
    // none, where there was no descriptor for them
    for (const stream of child.stdio ?? []) stream?.destroy()
    throw startFailure(`${this.#facts.executable} cannot be run`, cause)
  }

  /** Why no child was started, as far as that can be seen at once. */
  #why(): Error {
    try {
      accessSync(this.#options.cwd ?? '.', constants.X_OK)
      accessSync(this.#facts.executable, constants.X_OK)
      return new Error('the system has no process or no memory to give')
    } catch (error) {
      return error as Error
    }
  }

  /** What starts a worker, as `spawn` gets it. */
  #command(stdio: StdioOptions & unknown[], statusPage: number): Command {
    // A sandbox has processes of its own in between, and other numbers for all of them: whether its
    // host is still there, a worker cannot see by that.
    const { main, side } = CHANNELS
    const isWrapper = this.#facts.isWrapper === true
    const parent = isWrapper ? -process.pid : process.pid
    const begin = bootSource(`child(${main}, ${side}, ${statusPage}, ${parent})`)
    const program = `import sys; sys.path[:1] = filter(None, sys.path[:1])\n${begin}`
    const { cwd, threadsPerWorker } = this.#options
    const given = this.#options.env ?? process.env
    const env = threadsPerWorker === undefined ? given : withLibraryThreads(given, threadsPerWorker)
    openStandardOutput()
    const variables = own({ ...env, ...(isWrapper ? kernelVariable() : {}) })
    return {
      file: this.#facts.executable,
      args: ['-X', 'utf8', '-c', program],
      options: own({ stdio, cwd, env: variables, windowsHide: true }),
    }
  }

  #spawn(stdio: StdioOptions & unknown[], statusPage: number): ChildProcess {
    const { file, args, options } = this.#command(stdio, statusPage)
    let child: ChildProcess
    try {
      reserveDescriptors(stdio.length * 3 + 4) // two for each pipe, and a copy of each in the child
      child = spawn(file, args, options)
    } catch (error) {
      throw startFailure(`${this.#facts.executable} cannot be run`, error)
    }
    child.on('error', () => {}) // one that cannot be killed says so each time
    // nobody may listen before it is ready
    for (const stream of child.stdio ?? []) stream?.on('error', () => {})
    if (child.pid === undefined) return child
    children.add(child)
    child.once('exit', () => children.delete(child))
    endWithThisThread()
    return child
  }
}

/**
 * Kills a child. Deno's `child.kill` would say afterwards that the child was killed, though it has
 * ended by itself before.
 */
function kill(child: ChildProcess): void {
  const { pid, exitCode, signalCode } = child
  if (javascriptRuntime() !== 'deno') child.kill('SIGKILL')
  else if (pid !== undefined && exitCode === null && signalCode === null)
    attempt(() => process.kill(pid, 'SIGKILL'))
}

/**
 * A child ends when its channel closes, and on Linux when its parent does. This covers the child
 * that is in C code with the GIL, on other platforms too, whenever this thread gets to say so.
 */
function endWithThisThread(): void {
  if (watching) return
  watching = true
  makeRoomForListeners(1)
  process.once('exit', () => {
    for (const child of children) kill(child)
    if (isMainThread || !leavesZombies()) return
    const pids = [...children].flatMap(({ pid }) => pid ?? [])
    if (pids.length === 0 || (avoidsNativeCalls && reapOnMainThread(pids))) return
    attempt(() => reap(pids, REAP_MS)) // without koffi they stay zombies until this process ends
  })
}
