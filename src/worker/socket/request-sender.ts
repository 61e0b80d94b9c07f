import type { Task } from '../../scheduler/index.ts'
import type { LinkHost } from '../link.ts'
import type { Connection } from './connection.ts'

/**
 * Sends calls to one worker, and takes them back. A call that stands behind others waits in the
 * outbox until the end of the turn, so that the system is asked once for all of them.
 */
export class RequestSender {
  readonly #host: LinkHost
  readonly #connection: Connection
  /** Calls that are to be sent together. */
  #outbox: Task[] = []
  /** Requests that were taken back, which Python has yet to say that it skipped. */
  readonly #takenBack = new Set<number>()
  /** The highest request that was taken back. */
  #lastTakenBack = 0

  constructor(host: LinkHost, connection: Connection) {
    this.#host = host
    this.#connection = connection
  }

  /** `isNext`: the thread has nothing else to do. */
  submit(task: Task, isNext: boolean): void {
    const { references } = task
    const connection = this.#connection
    this.#host.noteSent(references)
    // Python may say that it has dropped values, or ask for the bytes of what it is lent.
    if (references.numbers !== undefined || references.lends) connection.openSide()
    if (isNext) return connection.write(task.frame())
    if (this.#outbox.push(task) === 1) process.nextTick(() => this.#flush())
  }

  #flush(): void {
    const tasks = this.#outbox
    this.#outbox = []
    const socket = this.#connection.opened?.socket
    if (socket === undefined || tasks.length === 0) return
    socket.cork()
    for (const task of tasks) socket.write(task.frame())
    socket.uncork()
  }

  /** Nothing is sent any more. */
  clear(): void {
    this.#outbox = []
  }

  /** Takes calls back that stand behind `running`; returns those that will not be begun. */
  takeBack(running: Task, behind: readonly Task[]): Task[] {
    const unsent = new Set(this.#outbox)
    this.#outbox = []
    const taken = behind.filter((task) => unsent.has(task))
    const sent = behind.filter((task) => !unsent.has(task))
    for (const task of this.#takeBackSent(running.id, sent)) {
      this.#takenBack.add(task.id)
      taken.push(task)
    }
    return taken
  }

  /** Those of some requests behind another one that Python has not begun, and will not any more. */
  #takeBackSent(running: number, sent: readonly Task[]): readonly Task[] {
    const [first, last] = [sent[0]?.id, sent.at(-1)?.id]
    if (first === undefined || last === undefined) return []
    const { statusPage } = this.#connection.launched
    // What was taken back before must be skipped before the range changes: it is, once a later
    // request has begun.
    const before = statusPage.begun
    if (before < running || before >= first) return []
    if (!statusPage.takeBack(before, last)) return []
    this.#lastTakenBack = last
    const { begun } = statusPage
    // the others have begun, or will be reported as skipped
    return sent.filter(({ id }) => id > begun)
  }

  /** Python skipped a request. Returns whether it was known that it would. */
  skipped(id: number): boolean {
    return this.#takenBack.delete(id)
  }

  /** Whether Python was told to skip a request. */
  mayBeSkipped(id: number): boolean {
    return id <= this.#lastTakenBack
  }
}
