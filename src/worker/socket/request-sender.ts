import type { Task } from '../../scheduler/index.ts'
import type { LinkHost } from '../link.ts'
import type { Connection } from './connection.ts'

/**
 * Sends calls to one worker, and takes them back. A call behind others waits in the outbox until
 * the end of the turn, so that one system call writes all of them.
 */
export class RequestSender {
  readonly #host: LinkHost
  readonly #connection: Connection
  /** The calls that the next flush writes together. */
  #outbox: Task[] = []
  /** Requests that were taken back, until Python reports that it skipped them. */
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

  /** Drops the calls that are not written yet: the worker ends. */
  clear(): void {
    this.#outbox = []
  }

  /** Takes back the calls behind `running`; returns those that Python will not begin. */
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

  /** Takes back requests that were written; returns those that Python will not begin. */
  #takeBackSent(running: number, sent: readonly Task[]): readonly Task[] {
    const [first, last] = [sent[0]?.id, sent.at(-1)?.id]
    if (first === undefined || last === undefined) return []
    const { statusPage } = this.#connection.launched
    // The status page has one range of requests. It may change only after Python has skipped the
    // requests of the old range, so after a later request has begun.
    const before = statusPage.begun
    if (before < running || before >= first) return []
    if (!statusPage.takeBack(before, last)) return []
    this.#lastTakenBack = last
    const { begun } = statusPage
    // Python has begun the others, or reports later that it skipped them.
    return sent.filter(({ id }) => id > begun)
  }

  /** Python skipped a request. Returns whether that was already known to happen. */
  skipped(id: number): boolean {
    return this.#takenBack.delete(id)
  }

  /** Whether Python was told to skip a request. */
  mayBeSkipped(id: number): boolean {
    return id <= this.#lastTakenBack
  }
}
