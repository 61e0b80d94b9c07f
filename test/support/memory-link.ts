import type { Task } from '../../src/scheduler/index.ts'
import type { LinkHost, WorkerLink } from '../../src/worker/link.ts'

/** The least that a worker needs: its calls wait in an array, and no Python runs them. */
export class MemoryLink implements WorkerLink {
  readonly pid = undefined
  readonly inProcess = true
  readonly times = { busyMs: 0, cpuMs: 0 }
  readonly lastRead = 0
  readonly lastWords = ''
  readonly host: LinkHost
  lastBegun = 0
  hasEnded = false
  protected waiting: Task[] = []
  #resolveGone: () => void = () => {}
  #gone: Promise<void> = Promise.resolve()

  constructor(host: LinkHost) {
    this.host = host
  }

  async start(): Promise<void> {
    if (this.host.life.isEnding) throw new Error('it was not wanted any more')
    this.#gone = new Promise((resolve) => {
      this.#resolveGone = resolve
    })
  }

  submit(task: Task): void {
    this.waiting.push(task)
  }
  takeBack(_running: Task, behind: readonly Task[]): Task[] {
    this.waiting = this.waiting.filter((task) => !behind.includes(task))
    return [...behind]
  }
  stop(): number {
    this.waiting = []
    return this.lastBegun
  }
  kill(): void {
    if (this.hasEnded) return
    this.hasEnded = true
    setImmediate(() => {
      this.host.ended({ how: 'it was told to', status: 1, signal: null })
      this.#resolveGone()
    })
  }
  close(): Promise<void> {
    this.kill()
    return this.exited
  }
  get exited(): Promise<void> {
    return this.#gone
  }

  interrupt(_task: Task): void {}
  failed(): void {}
  giveUpCallback(): void {}
  keepAlive(): void {}
  keepAliveForCoroutines(): void {}
  letGo(): void {}
  release(): void {}
  trim(): void {}
}
