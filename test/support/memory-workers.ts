import type { Task } from '../../src/scheduler/index.ts'
import type { Capabilities, WorkerSource } from '../../src/worker/index.ts'
import type { LinkHost, WorkerLink } from '../../src/worker/link.ts'
import { type ControlledWorker, settle } from './controlled.ts'
import type { Traits } from './fake-python.ts'

/** Workers without Python, sockets and a status page: calls wait in an array. */
export class MemoryWorkers implements WorkerSource {
  readonly name = 'memory'
  readonly loanBytes = 0
  readonly maxMemoryMb = null
  readonly isShared: boolean
  readonly isKillable: boolean
  readonly capabilities: Capabilities
  readonly #launch: () => Promise<void>
  readonly #note: (link: MemoryLink) => void

  constructor(
    traits: Traits,
    launch: () => Promise<void>,
    note: (link: MemoryLink) => void,
    capabilities: Partial<Capabilities> = {},
  ) {
    this.isShared = traits.isShared
    this.isKillable = traits.isKillable
    this.#launch = launch
    this.#note = note
    const none = { callbacks: false, objects: false, output: false }
    this.capabilities = { ...none, sessions: true, takingBack: true, ...capabilities }
  }

  link(host: LinkHost): WorkerLink {
    return new MemoryLink(host, this.#launch, this.#note)
  }

  accept(): undefined {}
}

/** One of them: its thread does what a test says. */
export class MemoryLink implements WorkerLink, ControlledWorker {
  readonly pid = undefined
  readonly inProcess = true
  readonly times = { busyMs: 0, cpuMs: 0 }
  readonly lastRead = 0
  readonly lastWords = ''
  readonly begun: number[] = []
  readonly cancelled: number[] = []
  hasEnded = false
  readonly host: LinkHost
  readonly #launch: () => Promise<void>
  readonly #note: (link: MemoryLink) => void
  #isThere = false
  #waiting: Task[] = []
  #running: Task | undefined
  #coroutines: Task[] = []
  #resolveGone: () => void = () => {}
  readonly #gone = new Promise<void>((resolve) => {
    this.#resolveGone = resolve
  })

  constructor(host: LinkHost, launch: () => Promise<void>, note: (link: MemoryLink) => void) {
    this.host = host
    this.#launch = launch
    this.#note = note
  }

  async start(): Promise<void> {
    await this.#launch()
    if (this.host.life.isEnding) throw new Error('it was not wanted any more')
    this.#isThere = true
    this.#note(this)
  }

  submit(task: Task): void {
    this.#waiting.push(task)
    this.#next()
  }

  takeBack(_running: Task, behind: readonly Task[]): Task[] {
    this.#waiting = this.#waiting.filter((task) => !behind.includes(task))
    return [...behind]
  }

  stop(): number {
    this.#waiting = []
    return this.lastBegun
  }

  interrupt({ id }: Task): void {
    this.cancelled.push(id)
  }

  kill(): void {
    if (!this.#isThere || this.hasEnded) return
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
    return this.#isThere ? this.#gone : Promise.resolve()
  }

  get lastBegun(): number {
    return this.begun.at(-1) ?? 0
  }

  failed(): void {}
  giveUpCallback(): void {}
  keepAlive(): void {}
  keepAliveForCoroutines(): void {}
  letGo(): void {}
  release(): void {}
  trim(): void {}

  #next(): void {
    if (this.#running !== undefined) return
    this.#running = this.#waiting.shift()
    if (this.#running !== undefined) this.begun.push(this.#running.id)
  }

  // What a test can have it do.

  get running(): number | undefined {
    return this.#running?.id
  }

  get works(): boolean {
    return this.#running !== undefined || this.#coroutines.length > 0
  }

  get lives(): boolean {
    return !this.hasEnded
  }

  async finish(us: number = 1_000): Promise<void> {
    const task = this.#leave()
    this.host.held.finish(task, us, () => task.resolve(null))
    await settle()
  }

  async pend(): Promise<void> {
    const task = this.#leave()
    this.#coroutines.push(task)
    this.host.held.pend(task, 1_000)
    await settle()
  }

  async drain(): Promise<void> {
    while (this.#running !== undefined) await this.finish()
    for (const task of this.#coroutines.splice(0))
      this.host.held.finishBeside(task, () => task.resolve(null))
    await settle()
  }

  die(): void {
    this.kill()
  }

  #leave(): Task {
    const task = this.#running
    if (task === undefined) throw new Error('nothing runs that could finish')
    this.#running = undefined
    this.#next()
    return task
  }
}
