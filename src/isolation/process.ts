import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { closeFd, SOCK_STREAM, socketpair } from '../capi/index.ts'
import type { PythonFacts } from '../discovery/index.ts'
import { KERNEL_FOLDER } from '../kernel.ts'
import type { Ending, Isolation, Launched, WorkerSettings } from './isolation.ts'
import { Ledger } from './ledger.ts'
import { encodeSettings } from './settings.ts'
import { SocketLine, type SyncLine, type SyncTools } from './sync-line.ts'

const CHANNEL_FD = 3
const SIDE_FD = 4
const LEDGER_FD = 5

const PRINT = { inherit: 'inherit', ignore: 'ignore', lines: 'pipe' } as const

/** The children of this JavaScript thread that are alive: none of them may outlive it. */
const children = new Set<ChildProcess>()
let watching = false

/** How a child process is started. */
export interface ChildOptions {
  /** Its current folder; `undefined`: this process's. */
  readonly cwd?: string | undefined
  /** Its environment; `undefined`: this process's. */
  readonly env?: NodeJS.ProcessEnv | undefined
}

/** Workers in child processes. */
export class ProcessIsolation implements Isolation {
  readonly kind = 'process'
  readonly shared = false
  readonly killable = true
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
    const ledger = new Ledger()
    const child = this.#spawn(['ignore', print, print, 'pipe', 'pipe', ledger.fd], LEDGER_FD)
    const ended = new Promise<Ending>((resolve) => {
      child.once('error', (error) => resolve({ how: `it could not be started: ${error.message}`, status: null, signal: null }))
      child.once('exit', (status, signal) => {
        const how = signal === null ? `it ended with status ${status}` : `it was ended by ${signal}`
        resolve({ how, status, signal })
      })
    })
    const socket = child.stdio[CHANNEL_FD] as Socket
    const side = (child.stdio as unknown as Socket[])[SIDE_FD] as Socket
    // The channel alone decides whether the process stays alive; once it is closed, how the child ended is still to come.
    child.unref()
    socket.once('close', () => child.ref())
    const { stdout, stderr } = child
    const prints = stdout === null || stderr === null ? undefined : { stdout, stderr }
    if (prints !== undefined) for (const stream of [stdout, stderr] as Socket[]) stream.unref()
    const kill = () => void child.kill('SIGKILL')
    return { ...(prints === undefined ? {} : { prints }), socket, side, inProcess: false, ledger, ended, kill }
  }

  openSyncLine(_ready: unknown, tools: SyncTools): SyncLine {
    const [ours, theirs] = socketpair(SOCK_STREAM)
    const [ourSide, theirSide] = socketpair(SOCK_STREAM)
    const print = this.#settings.output === 'ignore' ? 'ignore' : 'inherit'
    this.#spawn(['ignore', print, print, theirs, theirSide], -1).unref()
    closeFd(theirs)
    closeFd(theirSide)
    return new SocketLine([ours, ourSide], encodeSettings(this.#settings, true), tools, false)
  }

  #spawn(stdio: StdioOptions, ledger: number): ChildProcess {
    const main =
      `import sys; sys.path[:1] = filter(None, sys.path[:1]); sys.path.append(${JSON.stringify(KERNEL_FOLDER)});` +
      ` from pythreads_kernel.child import main; main(${CHANNEL_FD}, ${SIDE_FD}, ${ledger}, ${process.pid})`
    const { cwd, env } = this.#options
    const child = spawn(this.#facts.executable, ['-X', 'utf8', '-c', main], { stdio, cwd, env, windowsHide: true })
    children.add(child)
    child.once('exit', () => children.delete(child))
    child.once('error', () => children.delete(child))
    endWithThisThread()
    return child
  }
}

/**
 * A child ends when its channel closes, and on Linux when its parent does. This covers the child that is in C code with
 * the GIL, on other platforms too, whenever this thread gets to say so.
 */
function endWithThisThread(): void {
  if (watching) return
  watching = true
  process.once('exit', () => {
    for (const child of children) child.kill('SIGKILL')
  })
}
