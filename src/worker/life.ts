/**
 * Where a worker is in its life:
 * - `launching`: its thread or process is being made. `starting`: it imports what it has to.
 * - `settingUp`: it runs what each worker runs first. It has no calls of the pool yet.
 * - `serving`: it takes calls. `retiring`: it ends as soon as nothing needs it, and takes only
 *   calls that name it.
 * - `wedged`: its thread does not come back from a cancelled call, and cannot be ended.
 * - `closing`: it was asked to end, and has no calls. `ending`: it was made to end, whatever it
 *   had. `gone`.
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
 * The life of one worker, and the only place that knows where in it the worker is. All others ask.
 *
 * A worker that closes or ends still has calls and a number for a while. What happens to it then
 * (it is to retire, it turns out to be wedged) changes what it was before its end, by the same
 * table; its end stays its end.
 */
export class WorkerLife {
  #state: LifeState = 'launching'
  /** The last state in which it was alive. */
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

  /** Whether frames go both ways: from READY until it closes or ends. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Whether it is not ready yet. */
  get isStarting(): boolean {
    return this.#state === 'launching' || this.#state === 'starting'
  }

  /**
   * Whether the pool counts on it: from the end of its set-up until it closes or is gone. One that
   * is made to end counts until it is gone, as its calls do.
   */
  get isServing(): boolean {
    return this.#isServing
  }

  /** Whether it was ever ready. */
  get hasStarted(): boolean {
    return this.#alive !== 'launching' && this.#alive !== 'starting'
  }

  /** Whether it has ever taken calls of the pool. */
  get hasServed(): boolean {
    return this.#hasServed
  }

  /** Whether the pool counted on it when it was gone. */
  get servedLast(): boolean {
    return this.#servedLast
  }

  /** Whether it ends as soon as nothing needs it, or did until it ended. */
  get isRetiring(): boolean {
    return this.#alive === 'retiring'
  }

  /** Whether its thread does not come back, or did not until it ended. */
  get isWedged(): boolean {
    return this.#alive === 'wedged'
  }

  /** Whether it was asked or made to end, and is not gone. */
  get isEnding(): boolean {
    return this.#state === 'closing' || this.#state === 'ending'
  }

  get isGone(): boolean {
    return this.#state === 'gone'
  }

  /** Why it is to be recycled, once that is known: also when it serves on meanwhile. */
  get due(): string | undefined {
    return this.#due
  }

  /** Whether there are more workers than needed, and it is the one to go. */
  get isSurplus(): boolean {
    return this.#isSurplus
  }

  /** Why its pool made it end, in words. */
  get endedAs(): string | undefined {
    return this.#endedAs
  }

  /** What was wrong with it: the error of its start, and of the calls that it had. */
  get failure(): unknown {
    return this.#failure
  }

  launched(): void {
    this.#transition('starting')
  }

  /** It has started. */
  ready(): void {
    this.#transition('settingUp')
  }

  /** It is set up, and takes calls. */
  serve(): void {
    this.#transition('serving')
  }

  /** It is to end as soon as nothing needs it. */
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

  /** It takes calls of all again, until it is due for something else. */
  stay(): void {
    if (this.#alive === 'retiring') this.#transition('serving')
  }

  wedge(): void {
    this.#transition('wedged')
  }

  /** It was asked to end. */
  close(): void {
    if (this.#state !== 'closing') this.#transition('closing')
  }

  /** Why it is about to be made to end. */
  endAs(how: string): void {
    this.#endedAs = how
  }

  fail(error: unknown): void {
    this.#failure = error
  }

  /** It was made to end. */
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
