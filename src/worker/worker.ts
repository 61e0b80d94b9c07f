import type { Ending, WorkerTimes } from '../isolation/index.ts'
import { type Activity, activityOf } from '../platform/index.ts'
import { Peer, type PeerTools, type ReferenceCounts } from '../references/index.ts'
import { DispatchNotes, type DispatchTarget, type Task } from '../scheduler/index.ts'
import type { Gil } from './gil.ts'
import { HeldCalls } from './held-calls.ts'
import type { InFlightCalls } from './in-flight-calls.ts'
import { WorkerLife } from './life.ts'
import type { LinkHost, WorkerLink } from './link.ts'
import { MemoryUse } from './memory-use.ts'
import { type WorkerEvents, WorkerReports } from './reports.ts'
import type { SupervisedWorker } from './supervised.ts'
import { ThreadTimes } from './thread-times.ts'

/** What the workers of a pool share. */
export interface WorkerTools extends PeerTools {
  readonly events: WorkerEvents<Worker>
  /** Makes the link of a new worker. */
  readonly link: (worker: LinkHost) => WorkerLink
  /** How long a cancelled call may go on before its worker counts as stuck. */
  readonly graceMs: number
}

/** One worker: its life, its calls and its counts. The link reaches Python. */
export class Worker extends Peer implements DispatchTarget, SupervisedWorker, LinkHost {
  readonly index: number
  readonly life: WorkerLife = new WorkerLife()
  readonly notes: DispatchNotes = new DispatchNotes()
  readonly held: HeldCalls
  readonly #tools: WorkerTools
  readonly #link: WorkerLink
  readonly #inFlight: InFlightCalls
  readonly #times: ThreadTimes
  readonly #memory: MemoryUse
  readonly #ownsCounts: boolean
  #ready: Readonly<Record<string, unknown>> = {}
  /** The id of the last set-up request: calls of the pool have higher ids. */
  #firstBegun = 0

  /** `ownsCounts`: the worker has an interpreter, and so the reference counts, of its own. */
  constructor(index: number, counts: ReferenceCounts, ownsCounts: boolean, tools: WorkerTools) {
    super(counts, tools)
    this.index = index
    this.#ownsCounts = ownsCounts
    this.#tools = tools
    const reports = new WorkerReports(this, tools.events)
    this.#link = tools.link(this)
    this.held = new HeldCalls(counts, reports, this.#link, tools.graceMs)
    this.#inFlight = this.held.inFlight
    this.#times = new ThreadTimes(this.#inFlight, this.#link)
    this.#memory = new MemoryUse(this.#link)
  }

  // As the dispatcher sees it.

  get serving(): boolean {
    return this.life.isServing
  }

  get retiring(): boolean {
    return this.life.isRetiring
  }

  get idle(): boolean {
    return this.life.isOpen && this.#inFlight.isIdle
  }

  get waits(): boolean {
    return this.life.isOpen && this.#inFlight.callback !== undefined
  }

  get isWithinCallback(): boolean {
    return this.#inFlight.isWithinCallback
  }

  get depth(): number {
    return this.#inFlight.depth
  }

  get runningSince(): number {
    return this.#inFlight.since
  }

  isBehind(task: Task): boolean {
    return task.worker === this && this.#inFlight.isBehind(task)
  }

  /**
   * Sends a call to the worker. It is idle, or it waits for the callback that made the call, or it
   * has room behind short calls.
   */
  send(task: Task): void {
    const isNext = this.#inFlight.isIdle || this.#inFlight.callback !== undefined
    this.held.add(task)
    this.#link.submit(task, isNext)
  }

  /** Takes back the calls behind the running call that have not begun. */
  takeBack(): Task[] {
    const { behind, running } = this.#inFlight
    const last = behind.at(-1)
    if (last === undefined || running === undefined || last.id < running.id) return []
    const taken = this.#link.takeBack(running, behind)
    this.held.forget(taken)
    return taken.sort((one, other) => one.order - other.order)
  }

  cancel(task: Task): void {
    this.held.cancel(task)
  }

  // As its supervisor sees it.

  get calls(): number {
    return this.held.calls
  }

  get servingSince(): number {
    return this.#times.servingSince
  }

  get idleSince(): number {
    return this.#times.idleSince
  }

  get residentMb(): number {
    return this.#memory.residentMb
  }

  get freshMb(): number {
    return this.#memory.freshMb
  }

  /** Whether anything needs this worker: calls, coroutines, or objects that live only there. */
  get isNeeded(): boolean {
    return this.held.any || (this.#ownsCounts && this.counts.objects > 0)
  }

  measure(): void {
    this.#memory.measure()
  }

  measureFresh(): void {
    this.#memory.measureFresh()
  }

  heldMb(limitMb: number): number {
    return this.#memory.heldMb(limitMb, this.borrowed.descriptor)
  }

  /** Starts the worker; resolves when its modules are imported and it can take requests. */
  async start(): Promise<void> {
    await this.#link.start()
    this.life.ready()
  }

  /** The worker is set up: from now on the pool gives it calls. */
  serve(): void {
    this.#times.serve()
    this.#firstBegun = this.#link.lastBegun
    this.life.serve()
  }

  /** The worker's thread does not come back. Calls that it has begun may still end. */
  wedge(): void {
    this.life.wedge()
    this.#link.letGo()
  }

  /** Asks the worker to end, and kills it after a time. Resolves when the pool knows the end. */
  async close(): Promise<void> {
    if (this.life.isGone) return
    this.life.close()
    await this.#link.close()
  }

  kill(): void {
    this.life.end()
    this.#link.kill()
  }

  endAs(how: string): void {
    this.life.endAs(how)
    this.kill()
  }

  // As its pool sees it.

  /** The facts of the READY frame: pid, version, executable. */
  get ready(): Readonly<Record<string, unknown>> {
    return this.#ready
  }

  get errors(): number {
    return this.held.errors
  }

  /** The process that the worker runs in, once it is started. */
  get pid(): number | undefined {
    return this.#link.pid
  }

  /** Whether the worker's interpreter has a GIL, and which module turned it on. */
  get gil(): Gil {
    const { gil, gil_culprit: culprit } = this.#ready
    return {
      enabled: gil !== false,
      culprit: typeof culprit === 'string' && culprit !== '' ? culprit : null,
    }
  }

  /** What the worker's thread does at this moment, according to the system. */
  get activity(): Activity {
    const { thread } = this.#ready
    return typeof thread === 'number' && this.pid !== undefined
      ? activityOf(this.pid, thread)
      : 'unknown'
  }

  get times(): WorkerTimes {
    return this.#times.times
  }

  get ageMs(): number {
    return this.#times.ageMs
  }

  get utilisation(): number {
    return this.#times.utilisation
  }

  get lastWords(): string {
    return this.#link.lastWords
  }

  get exited(): Promise<void> {
    return this.#link.exited
  }

  look(): void {
    this.#times.look()
  }

  /** The worker has become idle. */
  becameIdle(): void {
    this.#times.becameIdle()
  }

  /** Returns the counts of calls and errors, and sets them to zero. */
  takeCounts(): { calls: number; errors: number } {
    return this.held.takeCounts()
  }

  /** Whether the worker was serving when it ended, and has begun no call of the pool. */
  get isFresh(): boolean {
    return this.life.servedLast && this.#link.stop() <= this.#firstBegun
  }

  /**
   * Takes all calls from a worker that has ended. `begun`: those that it had begun, as far as is
   * known. `waiting`: the others. `suspect`: the waiting call that may have ended the worker: the
   * call whose large frame it was reading, or the first call if it had begun none.
   */
  abandon(): { begun: Task[]; waiting: Task[]; suspect: Task | undefined } {
    const begun: Task[] = []
    const waiting: Task[] = []
    const last = this.#link.stop()
    const { isFresh } = this
    const { lastRead } = this.#link
    for (const task of this.held.clear()) {
      if (!task.coroutine && task.id > last) waiting.push(task)
      else begun.push(task)
    }
    return {
      begun,
      waiting,
      suspect: waiting.find(({ id }) => id === lastRead) ?? (isFresh ? waiting[0] : undefined),
    }
  }

  // As its link sees it.

  learned(facts: Readonly<Record<string, unknown>>): void {
    this.#ready = facts
  }

  gilEnabled(culprit: string): void {
    this.#ready = { ...this.#ready, gil: true, gil_culprit: culprit }
    this.#tools.events.gilEnabled(this)
  }

  refused(module: string): void {
    this.#tools.events.refused(module)
  }

  fail(error: unknown): void {
    this.#link.failed(error)
    this.life.fail(error)
    this.kill()
  }

  ended(ending: Ending): void {
    if (!this.life.isGone) this.life.gone()
    this.borrowed.end()
    this.#tools.events.exited(this, ending)
  }

  // As the base class needs it.

  protected get inProcess(): boolean {
    return this.#link.inProcess
  }

  protected trim(): void {
    this.#link.trim()
  }

  protected sendReleased(ids: readonly number[]): void {
    if (this.life.isOpen) this.#link.release(ids)
  }
}
