/**
 * The states of a worker:
 * - `launching`: its thread or process is being made. `starting`: it imports its modules.
 * - `settingUp`: it runs the set-up of the pool. It has no calls yet.
 * - `serving`: it takes calls. `retiring`: it ends as soon as nothing needs it, and takes only
 *   calls that name it.
 * - `wedged`: its thread does not come back from a cancelled call, and cannot be ended.
 * - `closing`: it was asked to end, and has no calls. `ending`: it was killed, whatever calls it
 *   had. `gone`: it has ended.
 */
export type LifeState =
  | 'launching'
  | 'starting'
  | 'settingUp'
  | 'serving'
  | 'retiring'
  | 'wedged'
  | 'closing'
  | 'ending'
  | 'gone'

const ALIVE = ['launching', 'starting', 'settingUp', 'serving', 'retiring', 'wedged'] as const
type AliveState = (typeof ALIVE)[number]

/** From which states each state can be reached. */
const FROM: Readonly<Record<LifeState, readonly LifeState[]>> = {
  launching: [],
  starting: ['launching'],
  settingUp: ['launching', 'starting'],
  serving: ['settingUp', 'retiring'],
  retiring: ['serving'],
  wedged: ['settingUp', 'serving', 'retiring'],
  closing: [...ALIVE, 'ending'],
  ending: ALIVE,
  gone: [...ALIVE, 'closing', 'ending'],
}

/**
 * The state of one worker. No other object stores the state.
 *
 * A worker that closes or ends keeps its number, and perhaps calls, for a while. Meanwhile it may
 * be found to retire or to be wedged. That changes `#alive`, the state before its end, by the same
 * table; `#state` stays.
 */
export class WorkerLife {
  #state: LifeState = 'launching'
  /** The last state in which the worker was alive. */
  #alive: AliveState = 'launching'
  #isServing = false
  #isOpen = false
  #hasServed = false
  #servedLast = false
  #due: string | undefined
  #isSurplus = false
  #endedAs: string | undefined
  #failure: unknown

  get state(): LifeState {
    return this.#state
  }

  /** Whether frames go both ways: from READY until the worker closes or ends. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Whether the worker is not ready yet. */
  get isStarting(): boolean {
    return this.#state === 'launching' || this.#state === 'starting'
  }

  /**
   * Whether the pool counts the worker as serving: from the end of its set-up until it closes or is
   * gone. A worker that is killed counts until it is gone, because its calls do.
   */
  get isServing(): boolean {
    return this.#isServing
  }

  /** Whether the worker was ever ready. */
  get hasStarted(): boolean {
    return this.#alive !== 'launching' && this.#alive !== 'starting'
  }

  /** Whether the worker has ever served. */
  get hasServed(): boolean {
    return this.#hasServed
  }

  /** Whether the worker was serving when it ended. */
  get servedLast(): boolean {
    return this.#servedLast
  }

  /** Whether the worker ends as soon as nothing needs it. After its end: whether that was so. */
  get isRetiring(): boolean {
    return this.#alive === 'retiring'
  }

  /** Whether the worker's thread does not come back. After its end: whether that was so. */
  get isWedged(): boolean {
    return this.#alive === 'wedged'
  }

  /** Whether the worker was asked to end or killed, and is not gone. */
  get isEnding(): boolean {
    return this.#state === 'closing' || this.#state === 'ending'
  }

  get isGone(): boolean {
    return this.#state === 'gone'
  }

  /** Why the worker is to be recycled, also while it still serves; `undefined`: it is not. */
  get due(): string | undefined {
    return this.#due
  }

  /** Whether the worker retires because the pool has more workers than it needs. */
  get isSurplus(): boolean {
    return this.#isSurplus
  }

  /** Why the pool killed the worker, in words. */
  get endedAs(): string | undefined {
    return this.#endedAs
  }

  /** The error that ended the worker; its start and its calls fail with it. */
  get failure(): unknown {
    return this.#failure
  }

  launched(): void {
    this.#transition('starting')
  }

  /** The worker has started. */
  ready(): void {
    this.#transition('settingUp')
  }

  /** The worker is set up, and takes calls. */
  serve(): void {
    this.#transition('serving')
  }

  /** The worker is to end as soon as nothing needs it. */
  retire(): void {
    if (this.#alive !== 'retiring') this.#transition('retiring')
  }

  retireAsDue(why: string): void {
    this.#due = why
    this.retire()
  }

  retireAsSurplus(): void {
    this.#isSurplus = true
    this.retire()
  }

  /** A retiring worker takes all calls again, until it is to be recycled for another reason. */
  stay(): void {
    if (this.#alive === 'retiring') this.#transition('serving')
  }

  wedge(): void {
    this.#transition('wedged')
  }

  /** The worker was asked to end. */
  close(): void {
    if (this.#state !== 'closing') this.#transition('closing')
  }

  /** Notes why the worker is about to be killed. */
  endAs(how: string): void {
    this.#endedAs = how
  }

  fail(error: unknown): void {
    this.#failure = error
  }

  /** The worker was killed. */
  end(): void {
    if (!this.isEnding && !this.isGone) this.#transition('ending')
  }

  gone(): void {
    this.#transition('gone')
  }

  /** The one place that changes the state. @throws for a step that the table does not have */
  #transition(to: LifeState): void {
    const isPastEnd = this.isEnding && isAlive(to)
    const from = isPastEnd ? this.#alive : this.#state
    if (!FROM[to].includes(from)) throw new Error(`a worker became ${to} that was ${from}`)
    if (to === 'gone') this.#servedLast = this.#isServing
    if (isAlive(to)) this.#alive = to
    if (!isPastEnd) this.#state = to
    const counts = this.#alive === 'serving' || this.#alive === 'retiring'
    this.#isServing = counts && this.#state !== 'closing' && this.#state !== 'gone'
    this.#hasServed ||= counts
    this.#isOpen = isAlive(this.#state) && !this.isStarting
  }
}

function isAlive(state: LifeState): state is AliveState {
  return (ALIVE as readonly LifeState[]).includes(state)
}
