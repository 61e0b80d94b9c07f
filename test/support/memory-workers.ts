import type { Task } from '../../src/scheduler/index.ts'
import type { Capabilities, WorkerSource } from '../../src/worker/index.ts'
import type { LinkHost } from '../../src/worker/link.ts'
import { type ControlledWorker, settle } from './controlled.ts'
import type { Traits } from './fake-python.ts'
import { MemoryLink } from './memory-link.ts'

/** Workers without Python, sockets and a status page, whose threads do what a test says. */
export class MemoryWorkers implements WorkerSource {
  readonly name = 'memory'
  readonly loanBytes = 0
  readonly maxMemoryMb = null
  readonly isShared: boolean
  readonly isKillable: boolean
  readonly capabilities: Capabilities
  readonly #launch: () => Promise<void>
  readonly #note: (link: ControlledLink) => void

  constructor(
    traits: Traits,
    launch: () => Promise<void>,
    note: (link: ControlledLink) => void,
    capabilities: Partial<Capabilities> = {},
  ) {
    this.isShared = traits.isShared
    this.isKillable = traits.isKillable
    this.#launch = launch
    this.#note = note
    const none = { callbacks: false, objects: false, output: false }
    this.capabilities = { ...none, sessions: true, takingBack: true, ...capabilities }
  }

  link(host: LinkHost): ControlledLink {
    return new ControlledLink(host, this.#launch, this.#note)
  }

  accept(): undefined {}
}

/** One of them. */
export class ControlledLink extends MemoryLink implements ControlledWorker {
  readonly begun: number[] = []
  readonly cancelled: number[] = []
  readonly #launch: () => Promise<void>
  readonly #note: (link: ControlledLink) => void
  #running: Task | undefined
  #coroutines: Task[] = []
  #isThere = false

  constructor(host: LinkHost, launch: () => Promise<void>, note: (link: ControlledLink) => void) {
    super(host)
    this.#launch = launch
    this.#note = note
  }

  override async start(): Promise<void> {
    await this.#launch()
    await super.start()
    this.#isThere = true
    this.#note(this)
  }

  override submit(task: Task): void {
    super.submit(task)
    this.#next()
  }

  override interrupt({ id }: Task): void {
    this.cancelled.push(id)
  }

  override kill(): void {
    if (this.#isThere) super.kill()
  }

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

  #next(): void {
    if (this.#running !== undefined) return
    this.#running = this.waiting.shift()
    if (this.#running === undefined) return
    this.lastBegun = this.#running.id
    this.begun.push(this.lastBegun)
  }

  #leave(): Task {
    const task = this.#running
    if (task === undefined) throw new Error('nothing runs that could finish')
    this.#running = undefined
    this.#next()
    return task
  }
}
