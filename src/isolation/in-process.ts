import { Socket } from 'node:net'
import { duplicateFd, type InProcessKind, SyncEntry, startInProcess, startInProcessNow } from '../capi/index.ts'
import { checkEnvironment, type PythonFacts } from '../discovery/index.ts'
import { PythreadsError } from '../errors/index.ts'
import type { Ending, Isolation, Launched, WorkerSettings } from './isolation.ts'
import { Ledger } from './ledger.ts'
import { encodeSettings } from './settings.ts'
import { EntryLine, SocketLine, type SyncLine, type SyncTools } from './sync-line.ts'

/** Workers on threads of the Python in this process: all in its main interpreter, or an interpreter each. */
export class InProcessIsolation implements Isolation {
  readonly kind: InProcessKind
  readonly shared: boolean
  readonly killable = false
  readonly #facts: PythonFacts
  readonly #settings: WorkerSettings
  #checked: Promise<void> | undefined

  constructor(kind: InProcessKind, facts: PythonFacts, settings: WorkerSettings) {
    this.kind = kind
    this.shared = kind === 'thread'
    this.#facts = facts
    this.#settings = settings
  }

  async launch(): Promise<Launched> {
    this.#checked ??= checkEnvironment(this.#facts.executable)
    await this.#checked
    const ledger = new Ledger()
    const fds = await startInProcess(this.kind, this.#facts, () => duplicateFd(ledger.fd)).catch((error: unknown) => {
      ledger.close()
      throw error
    })
    const [socket, side] = fds.map((fd) => new Socket({ fd, readable: true, writable: true })) as [Socket, Socket]
    const ended = new Promise<Ending>((resolve) =>
      socket.once('close', () => resolve({ how: 'its channel closed', status: null, signal: null })),
    )
    return { socket, side, inProcess: true, ledger, ended, kill: () => socket.destroy() }
  }

  openSyncLine(ready: Readonly<Record<string, unknown>>, tools: SyncTools, calledBack: boolean): SyncLine {
    const address = ready['sync_entry']
    if (!calledBack && this.kind === 'thread' && typeof address === 'number' && address !== 0) {
      return new EntryLine(new SyncEntry(address), this.#settings.scope)
    }
    return new SocketLine(startInProcessNow(this.kind), encodeSettings(this.#settings, true), tools, true)
  }

  /** Refuses the Python that is there already if it is another one. @throws `ERR_PYTHREADS_OTHER_PYTHON` */
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
