import { Socket } from 'node:net'
import { checkEnvironment, type PythonFacts } from '../discovery/index.ts'
import { PythreadsError, startFailure } from '../errors/index.ts'
import {
  avoidsNativeCalls,
  closeFd,
  connectWorker,
  connectWorkerNow,
  duplicateFd,
  type InProcessKind,
  loadNativeCalls,
  SyncEntry,
  startInProcess,
  startInProcessNow,
} from '../native/index.ts'
import { own } from '../own.ts'
import { frame, KIND } from '../wire/index.ts'
import type { Ending, Launched, Launcher, SyncEndpoint, WorkerSettings } from './isolation.ts'
import { encodeSettings } from './settings.ts'
import { openStandardOutput } from './standard-output.ts'
import { StatusPage } from './status-page.ts'
import { polledSockets, readSockets } from './sync-sockets.ts'

/**
 * Workers on threads of the Python in this process: all in its main interpreter, or an interpreter
 * each.
 */
export class InProcessIsolation implements Launcher {
  readonly #kind: InProcessKind
  readonly #facts: PythonFacts
  readonly #settings: WorkerSettings
  #checked: Promise<void> | undefined

  constructor(kind: InProcessKind, facts: PythonFacts, settings: WorkerSettings) {
    this.#kind = kind
    this.#facts = facts
    this.#settings = settings
  }

  async launch(index: number): Promise<Launched> {
    this.#checked ??= checkEnvironment(this.#facts)
    await this.#checked.catch((error: unknown) => {
      this.#checked = undefined // the next worker tries again
      throw error
    })
    openStandardOutput()
    if (!avoidsNativeCalls) loadNativeCalls() // before what may fail because it is forbidden too
    const statusPage = new StatusPage()
    const [socket, side] = await this.#open(statusPage, index).catch((error: unknown) => {
      statusPage.close()
      throw error
    })
    const ended = new Promise<Ending>((resolve) =>
      socket.once('close', () =>
        resolve({ how: 'its channel closed', status: null, signal: null }),
      ),
    )
    return {
      socket,
      side,
      inProcess: true,
      pid: process.pid,
      hasStartFrame: true,
      statusPage,
      ended,
      kill: () => socket.destroy(),
    }
  }

  /** Our ends of the channel of a new worker. */
  async #open(statusPage: StatusPage, index: number): Promise<[Socket, Socket]> {
    const start = frame(KIND.START, encodeSettings(this.#settings, index))
    const { closeGraceMs = 0 } = this.#settings
    const connected = await connectWorker(
      this.#kind,
      this.#facts,
      statusPage.fd,
      start,
      closeGraceMs,
    )
    if (connected !== undefined) return connected
    const fds = await startInProcess(
      this.#kind,
      this.#facts,
      () => duplicateFd(statusPage.fd),
      start,
      closeGraceMs,
    )
    const sockets: Socket[] = []
    try {
      for (const fd of fds) sockets.push(new Socket(own({ fd, readable: true, writable: true })))
    } catch (cause) {
      for (const socket of sockets) socket.destroy()
      for (const fd of fds.slice(sockets.length)) closeFd(fd)
      throw startFailure('its sockets cannot be used', cause)
    }
    return sockets as [Socket, Socket]
  }

  openSync(
    ready: Readonly<Record<string, unknown>>,
    startTimeoutMs: number,
    calledBack: boolean,
  ): SyncEndpoint {
    const address = ready['sync_entry']
    if (
      !avoidsNativeCalls &&
      !calledBack &&
      this.#kind === 'thread' &&
      typeof address === 'number' &&
      address !== 0
    ) {
      return { entry: new SyncEntry(address), scope: this.#settings.scope }
    }
    const settings = encodeSettings(this.#settings)
    const connected = connectWorkerNow(this.#kind)
    const sockets =
      connected === undefined
        ? polledSockets(startInProcessNow(this.#kind, startTimeoutMs))
        : readSockets(connected)
    return { sockets, settings, inProcess: true, pid: process.pid, end: () => {} }
  }

  /**
   * Refuses the Python that is there already if it is another one. @throws
   * `ERR_PYTHREADS_OTHER_PYTHON`
   */
  verify(ready: Readonly<Record<string, unknown>>): void {
    const { libpython, prefix } = ready
    if (libpython === this.#facts.libpython && prefix === this.#facts.prefix) return
    throw new PythreadsError(
      'ERR_PYTHREADS_OTHER_PYTHON',
      `This process already runs the Python of ${String(prefix)} (${String(libpython)}); a process can hold only one.` +
        ` For ${this.#facts.executable} use isolation 'process', which can be mixed freely`,
    )
  }
}
