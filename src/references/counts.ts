import { PythreadsError } from '../errors/index.ts'
import type { ExportedValues } from './exported-values.ts'

/** The notes by which Python has dropped one value: their sums. */
interface Dropped {
  /** How many references Python has dropped. */
  sent: number
  /** How often Python sent the value back to JavaScript meanwhile (rule 3). */
  returns: number
  /** How many of the notes still wait for the event loop to read all sockets (rule 5). */
  waiting: number
}

/**
 * The event loop polls all sockets once between two turns. The third turn is for reads that Node
 * puts off.
 */
const QUIET_TURNS = 3
/** The pause before a turn. */
const TURN_MS = 5

/**
 * The references between JavaScript and one interpreter, in both directions. Rules:
 * 1. A `Handle` stands for one reference that Python holds for JavaScript. `$dispose` or the
 *    garbage collector releases it once, over the channel of its owner.
 * 2. Each time a JavaScript value is sent, a reference to it is counted when it is encoded. The
 *    reference belongs to the interpreter from the moment the frame is sent. Python returns its
 *    references when it drops a value. When an interpreter ends, all its references are dropped.
 * 3. Frames go over several sockets, so a note that Python has dropped a value may arrive before a
 *    frame in which Python sent the value back. The note says how often Python sent the value
 *    back; the value is kept until that number of frames has been read.
 * 4. An interpreter can call, return and drop only values that were sent to it, not those of
 *    another interpreter.
 * 5. A note may also arrive before a frame that calls the dropped function. Python wrote that frame
 *    earlier, so the function is kept until the event loop has read all sockets.
 */
export class ReferenceCounts {
  /** Why the interpreter has ended; `undefined` while it runs. */
  ended: string | undefined
  /** How many Python objects JavaScript holds. */
  objects = 0
  readonly #exported: ExportedValues
  /** How many references Python has to each value, by the value's number. */
  readonly #sent = new Map<number, number>()
  /** How often each value was read in a frame from Python. */
  readonly #returns = new Map<number, number>()
  readonly #dropped = new Map<number, Dropped>()
  /** The values dropped in each of the last turns of the event loop, the oldest first (rule 5). */
  readonly #turns: number[][] = Array.from({ length: QUIET_TURNS }, () => [])
  /** How many notes wait, of all values. */
  #waiting = 0
  #isTurning = false
  /** How many sockets of the interpreter are paused, and not read. */
  #paused = 0

  constructor(exported: ExportedValues) {
    this.#exported = exported
  }

  /** A frame with these values has been sent (rule 2). */
  sent(numbers: readonly number[]): void {
    for (const number of numbers) this.#sent.set(number, (this.#sent.get(number) ?? 0) + 1)
  }

  /** A frame with these values was taken back before Python read it. */
  retract(numbers: readonly number[]): void {
    for (const number of numbers) {
      const held = (this.#sent.get(number) ?? 0) - 1
      if (held > 0) this.#sent.set(number, held)
      else this.#sent.delete(number)
    }
  }

  /** How many JavaScript values Python holds. */
  get held(): number {
    return this.#sent.size
  }

  /**
   * @throws `ERR_PYTHREADS_PROTOCOL` when Python does not hold the value with this number (rule 4)
   */
  check(number: number): void {
    if (!this.#sent.has(number))
      refuse(`it refers to the JavaScript value ${number}, which it does not hold`)
  }

  /**
   * Returns the JavaScript value that Python sends back in the frame that is being read.
   *
   * @throws `ERR_PYTHREADS_PROTOCOL` when Python does not hold the value
   */
  take(number: number): unknown {
    if (this.ended !== undefined) return undefined // the call of this frame has been rejected
    this.check(number)
    const value = this.#exported.get(number)
    this.#returns.set(number, (this.#returns.get(number) ?? 0) + 1)
    this.#drop(number)
    return value
  }

  /**
   * Python has dropped values. A note has the number of a value, how many references are dropped,
   * and how often Python sent the value back meanwhile.
   *
   * @throws `ERR_PYTHREADS_PROTOCOL` when Python has fewer references than it drops
   */
  dropped(notes: unknown): void {
    if (this.ended !== undefined) return
    if (!Array.isArray(notes)) refuse('dropped values that are no list')
    for (const note of notes) {
      if (!isDropNote(note)) refuse('a dropped value without its counts')
      const [number, sent, returns] = note
      const dropped = this.#dropped.get(number) ?? { sent: 0, returns: 0, waiting: 0 }
      if (dropped.sent + sent > (this.#sent.get(number) ?? 0))
        refuse(`it drops the JavaScript value ${number} more often than it got the value`)
      dropped.sent += sent
      dropped.returns += returns
      dropped.waiting++
      this.#waiting++
      this.#dropped.set(number, dropped)
      this.#exported.noteDropping(number, sent)
      this.#turns.at(-1)?.push(number)
    }
    this.#turnSoon()
  }

  /** The event loop has polled all sockets once more (rule 5). */
  eventLoopTurned(): void {
    if (this.#waiting === 0) return
    const oldest = this.#turns.shift() ?? []
    this.#turns.push([])
    for (const number of oldest) {
      const dropped = this.#dropped.get(number)
      if (dropped === undefined) continue
      this.#waiting--
      dropped.waiting--
      this.#drop(number)
    }
  }

  /** A socket of the interpreter is paused (`step` 1), or resumed (`step` -1). */
  paused(step: number): void {
    this.#paused += step
    this.#turnSoon()
  }

  #turnSoon(): void {
    if (this.#isTurning || this.#paused > 0 || this.#waiting === 0) return
    this.#isTurning = true
    const turn = () => {
      this.#isTurning = false
      this.eventLoopTurned()
      this.#turnSoon()
    }
    // Not in the next turn: a turn that never sleeps costs more than most callbacks. `setImmediate`
    // runs after the poll that follows the timer.
    setTimeout(() => setImmediate(turn), TURN_MS).unref()
  }

  /** Drops a value that Python has dropped, once rules 3 and 5 allow it. */
  #drop(number: number): void {
    const dropped = this.#dropped.get(number)
    const read = this.#returns.get(number) ?? 0
    if (dropped === undefined || dropped.waiting > 0 || read < dropped.returns) return
    this.#dropped.delete(number)
    this.#exported.noteDropping(number, -dropped.sent)
    const held = this.#sent.get(number) ?? 0
    const count = Math.min(dropped.sent, held) // a call may have been taken back meanwhile
    if (count === held) this.#sent.delete(number)
    else this.#sent.set(number, held - count)
    if (read === dropped.returns) this.#returns.delete(number)
    else this.#returns.set(number, read - dropped.returns)
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
    this.#waiting = 0
  }
}

function isDropNote(
  note: unknown,
): note is readonly [number: number, sent: number, returns: number] {
  if (!Array.isArray(note) || note.length !== 3) return false
  const [number, sent, returns] = note
  return Number.isSafeInteger(number) && Number.isSafeInteger(sent) && sent > 0 && isCount(returns)
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function refuse(what: string): never {
  throw new PythreadsError('ERR_PYTHREADS_PROTOCOL', `Malformed value from Python: ${what}`)
}
