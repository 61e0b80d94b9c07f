import { PythreadsError } from '../errors/index.ts'
import type { ExportedValues } from './exported-values.ts'

/** What Python has dropped of one value, and how many of the notes on it are young (rule 5). */
interface Dropped {
  sent: number
  returns: number
  young: number
}

/**
 * Two turns of the event loop have a whole look at the descriptors between them; one more is for
 * what Node puts off.
 */
const QUIET_TURNS = 3
/** How long a turn is waited for, at least. */
const TURN_MS = 5

/**
 * What JavaScript and one interpreter hold of each other. Rules:
 * 1. A `Handle` stands for one reference that Python holds for us. It is given back once, by
 *    `dispose` or by the garbage collector, to the interpreter that it belongs to, over the channel
 *    of its owner.
 * 2. A crossing of one of our values is counted when it is encoded, and belongs to the realm from
 *    the moment its frame is sent. Python gives crossings back when it drops a value; when a realm
 *    ends, all that are left are taken back.
 * 3. Python may say that it has dropped a value before a frame is read in which the value came
 *    home, as frames go over several sockets. It says how often that happened; the value is kept
 *    until as many have been read.
 * 4. A number is the realm's own: what was given to another one, or to none, it can neither call
 *    nor send home nor drop.
 * 5. Python may also say that it has dropped a function before the frame is read that calls it.
 *    That frame was written before; so the function stays until the event loop has looked at all
 *    sockets.
 */
export class ReferenceCounts {
  /** Why nothing of it can be used any more. */
  ended: string | undefined
  /** Objects in Python that JavaScript holds. */
  objects = 0
  readonly #exported: ExportedValues
  readonly #sent = new Map<number, number>()
  readonly #returns = new Map<number, number>()
  readonly #dropped = new Map<number, Dropped>()
  /**
   * The numbers of what was dropped in the last turns of the event loop, the oldest first (rule 5).
   */
  readonly #turns: number[][] = Array.from({ length: QUIET_TURNS }, () => [])
  /** How many notes are young. */
  #young = 0
  #isTurning = false
  /** How many of its sockets are not read for now. */
  #paused = 0

  constructor(exported: ExportedValues) {
    this.#exported = exported
  }

  /** A frame with these values has been sent (rule 2). */
  sent(numbers: readonly number[]): void {
    for (const number of numbers) this.#sent.set(number, (this.#sent.get(number) ?? 0) + 1)
  }

  /** Such a frame was taken back before anybody read it. */
  retract(numbers: readonly number[]): void {
    for (const number of numbers) {
      const held = (this.#sent.get(number) ?? 0) - 1
      if (held > 0) this.#sent.set(number, held)
      else this.#sent.delete(number)
    }
  }

  /** How many values Python holds. */
  get held(): number {
    return this.#sent.size
  }

  /**
   * @throws `ERR_PYTHREADS_PROTOCOL` when Python does not hold the value with this number (rule 4)
   */
  check(number: number): void {
    if (!this.#sent.has(number))
      refuse(`it means the JavaScript value ${number}, which it does not hold`)
  }

  /**
   * One of our values comes home in a frame that is being read. @throws `ERR_PYTHREADS_PROTOCOL`
   * when Python does not hold it
   */
  take(number: number): unknown {
    if (this.ended !== undefined) return undefined // of a call that nobody waits for
    this.check(number)
    const value = this.#exported.get(number)
    this.#returns.set(number, (this.#returns.get(number) ?? 0) + 1)
    this.#drop(number)
    return value
  }

  /**
   * Python has dropped values: the number of each, how often it crossed, and how often it went home
   * meanwhile.
   *
   * @throws `ERR_PYTHREADS_PROTOCOL` when it has not got as many
   */
  dropped(notes: unknown): void {
    if (this.ended !== undefined) return
    if (!Array.isArray(notes)) refuse('dropped values that are no list')
    for (const note of notes) {
      if (!isDropNote(note)) refuse('a dropped value without its counts')
      const [number, crossings, homecomings] = note
      const waiting = this.#dropped.get(number) ?? { sent: 0, returns: 0, young: 0 }
      if (waiting.sent + crossings > (this.#sent.get(number) ?? 0))
        refuse(`it drops the JavaScript value ${number} more often than it got it`)
      waiting.sent += crossings
      waiting.returns += homecomings
      waiting.young++
      this.#young++
      this.#dropped.set(number, waiting)
      this.#exported.noteDropping(number, crossings)
      this.#turns.at(-1)?.push(number)
    }
    this.#turnSoon()
  }

  /** All that came on its sockets has been looked at once more (rule 5). */
  eventLoopTurned(): void {
    if (this.#young === 0) return
    const old = this.#turns.shift() ?? []
    this.#turns.push([])
    for (const number of old) {
      const waiting = this.#dropped.get(number)
      if (waiting === undefined) continue
      this.#young--
      waiting.young--
      this.#drop(number)
    }
  }

  /** One of its sockets is not read for now (`step` 1), or is again (-1). */
  paused(step: number): void {
    this.#paused += step
    this.#turnSoon()
  }

  #turnSoon(): void {
    if (this.#isTurning || this.#paused > 0 || this.#young === 0) return
    this.#isTurning = true
    const turn = () => {
      this.#isTurning = false
      this.eventLoopTurned()
      this.#turnSoon()
    }
    // Not in the next turn: one that does not wait for anything costs more than most callbacks.
    // Behind the timer, the sockets are looked at.
    setTimeout(() => setImmediate(turn), TURN_MS).unref()
  }

  /**
   * Drops a value that Python has dropped, once every frame in which it came home has been read
   * (rule 3).
   */
  #drop(number: number): void {
    const note = this.#dropped.get(number)
    const seen = this.#returns.get(number) ?? 0
    if (note === undefined || note.young > 0 || seen < note.returns) return
    this.#dropped.delete(number)
    this.#exported.noteDropping(number, -note.sent)
    const held = this.#sent.get(number) ?? 0
    const count = Math.min(note.sent, held) // a call may have been taken back meanwhile
    if (count === held) this.#sent.delete(number)
    else this.#sent.set(number, held - count)
    if (seen === note.returns) this.#returns.delete(number)
    else this.#returns.set(number, seen - note.returns)
    this.#exported.drop(number, count)
  }

  end(reason: string): void {
    if (this.ended !== undefined) return
    this.ended = reason
    this.objects = 0
    for (const [number, { sent }] of this.#dropped) this.#exported.noteDropping(number, -sent)
    for (const [number, count] of this.#sent) this.#exported.drop(number, count)
    for (const counts of [this.#sent, this.#returns, this.#dropped]) counts.clear()
    for (const numbers of this.#turns) numbers.length = 0
    this.#young = 0
  }
}

function isDropNote(
  note: unknown,
): note is readonly [number: number, crossings: number, homecomings: number] {
  if (!Array.isArray(note) || note.length !== 3) return false
  const [number, crossings, homecomings] = note
  return (
    Number.isSafeInteger(number) &&
    Number.isSafeInteger(crossings) &&
    crossings > 0 &&
    isCount(homecomings)
  )
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function refuse(what: string): never {
  throw new PythreadsError('ERR_PYTHREADS_PROTOCOL', `Malformed value from Python: ${what}`)
}
