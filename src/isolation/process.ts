import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { closeFd, SOCK_STREAM, socketpair } from '../capi/index.ts'
import type { PythonFacts } from '../discovery/index.ts'
import type { Isolation, Launched, WorkerSettings } from './isolation.ts'
import { encodeSettings } from './settings.ts'
import { SocketLine, type SyncLine, type SyncTools } from './sync-line.ts'

const KERNEL_FOLDER = fileURLToPath(new URL('../../kernel', import.meta.url))
const CHANNEL_FD = 3
const SIDE_FD = 4

const PRINT = { inherit: 'inherit', ignore: 'ignore', lines: 'pipe' } as const

/** The children of this JavaScript thread that are alive: none of them may outlive it. */
const children = new Set<ChildProcess>()
let watching = false

/** Workers in child processes. */
export class ProcessIsolation implements Isolation {
  readonly kind = 'process'
  readonly shared = false
  readonly #facts: PythonFacts
  readonly #settings: WorkerSettings

  constructor(facts: PythonFacts, settings: WorkerSettings) {
    this.#facts = facts
    this.#settings = settings
  }

  async launch(): Promise<Launched> {
    const print = PRINT[this.#settings.output]
    const child = this.#spawn(['ignore', print, print, 'pipe', 'pipe'])
    const ended = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(`it could not be started: ${error.message}`))
      child.once('exit', (code, signal) =>
        resolve(signal === null ? `it ended with status ${code}` : `it was ended by ${signal}`),
      )
    })
    const socket = child.stdio[CHANNEL_FD] as Socket
    const side = (child.stdio as unknown as Socket[])[SIDE_FD] as Socket
    // The channel alone decides whether the process stays alive; once it is closed, how the child ended is still to come.
    child.unref()
    socket.once('close', () => child.ref())
    const { stdout, stderr } = child
    const prints = stdout === null || stderr === null ? undefined : { stdout, stderr }
    if (prints !== undefined) for (const stream of [stdout, stderr] as Socket[]) stream.unref()
    return { ...(prints === undefined ? {} : { prints }), socket, side, ended, kill: () => void child.kill('SIGKILL') }
  }

  openSyncLine(_ready: unknown, tools: SyncTools): SyncLine {
    const [ours, theirs] = socketpair(SOCK_STREAM)
    const [ourSide, theirSide] = socketpair(SOCK_STREAM)
    const print = this.#settings.output === 'ignore' ? 'ignore' : 'inherit'
    this.#spawn(['ignore', print, print, theirs, theirSide]).unref()
    closeFd(theirs)
    closeFd(theirSide)
    return new SocketLine([ours, ourSide], encodeSettings(this.#settings, true), tools)
  }

  #spawn(stdio: StdioOptions): ChildProcess {
    const main =
      `import sys; sys.path[:1] = filter(None, sys.path[:1]); sys.path.append(${JSON.stringify(KERNEL_FOLDER)});` +
      ` from pythreads_kernel.child import main; main(${CHANNEL_FD}, ${SIDE_FD}, ${process.pid})`
    const child = spawn(this.#facts.executable, ['-X', 'utf8', '-c', main], { stdio, windowsHide: true })
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
