import type { Locals } from './locals.ts'

/**
 * What JavaScript and one interpreter hold of each other. Rules:
 * 1. A {@link Handle} stands for one reference that Python holds for us. It is given back once, by `dispose` or by the
 *    garbage collector, to the interpreter that it belongs to, over the channel of its owner.
 * 2. A crossing of one of our values is counted when it is encoded, and belongs to the realm from the moment its frame is
 *    sent. Python gives crossings back when it drops a value; when a realm ends, all that are left are taken back.
 * 3. Python may say that it has dropped a value before a frame is read in which the value came home, as frames go over several
 *    sockets. It says how often that happened; the value is kept until as many have been read.
 */
export class Realm {
  /** Why nothing of it can be used any more. */
  ended: string | undefined
  /** Objects in Python that JavaScript holds. */
  objects = 0
  readonly #locals: Locals
  readonly #crossings = new Map<number, number>()
  readonly #homecomings = new Map<number, number>()
  readonly #dropped = new Map<number, { crossings: number; homecomings: number }>()

  constructor(locals: Locals) {
    this.#locals = locals
  }

  /** A frame with these values has been sent (rule 2). */
  sent(numbers: readonly number[]): void {
    for (const number of numbers) this.#crossings.set(number, (this.#crossings.get(number) ?? 0) + 1)
  }

  /** Such a frame was taken back before anybody read it. */
  unsent(numbers: readonly number[]): void {
    for (const number of numbers) {
      const held = (this.#crossings.get(number) ?? 0) - 1
      if (held > 0) this.#crossings.set(number, held)
      else this.#crossings.delete(number)
    }
  }

  /** One of our values comes home in a frame that is being read. @throws `ERR_PYTHREADS_PROTOCOL` when it is not ours */
  home(number: number): unknown {
    const value = this.#locals.get(number)
    this.#homecomings.set(number, (this.#homecomings.get(number) ?? 0) + 1)
    this.#drop(number)
    return value
  }

  /** Python has dropped values: the number of each, how often it crossed, and how often it went home meanwhile. */
  dropped(notes: readonly (readonly [number, number, number])[]): void {
    for (const [number, crossings, homecomings] of notes) {
      const waiting = this.#dropped.get(number) ?? { crossings: 0, homecomings: 0 }
      waiting.crossings += crossings
      waiting.homecomings += homecomings
      this.#dropped.set(number, waiting)
      this.#drop(number)
    }
  }

  /** Drops a value that Python has dropped, once every frame in which it came home has been read (rule 3). */
  #drop(number: number): void {
    const note = this.#dropped.get(number)
    const seen = this.#homecomings.get(number) ?? 0
    if (note === undefined || seen < note.homecomings) return
    this.#dropped.delete(number)
    const held = this.#crossings.get(number) ?? 0
    const count = Math.min(note.crossings, held) // a worker that makes up numbers harms nobody
    if (count === held) this.#crossings.delete(number)
    else this.#crossings.set(number, held - count)
    if (seen === note.homecomings) this.#homecomings.delete(number)
    else this.#homecomings.set(number, seen - note.homecomings)
    this.#locals.drop(number, count)
  }

  end(reason: string): void {
    if (this.ended !== undefined) return
    this.ended = reason
    this.objects = 0
    for (const [number, count] of this.#crossings) this.#locals.drop(number, count)
    for (const counts of [this.#crossings, this.#homecomings, this.#dropped]) counts.clear()
  }
}

/** Who can give an object back to Python: a worker, or a line for sync calls. */
export interface Owner {
  readonly realm: Realm
  /** Has the reference with this id dropped, soon. */
  release(id: number): void
}

/** A reference to an object in Python. */
export class Handle {
  readonly owner: Owner
  readonly id: number
  /** What it is, e.g. `sqlite3.Connection object`. */
  readonly type: string
  /** Bits of `TRAIT`. */
  readonly traits: number
  #released = false
  /** Calls that name it and have not arrived. */
  #uses = 0

  constructor(owner: Owner, id: number, type: string, traits: number) {
    this.owner = owner
    this.id = id
    this.type = type
    this.traits = traits
    owner.realm.objects++
  }

  /** Why it cannot be used any more, if so. */
  get unusable(): string | undefined {
    return this.#released ? 'it was released' : this.owner.realm.ended
  }

  release(): void {
    if (this.#released || this.owner.realm.ended !== undefined) return
    this.#released = true
    this.owner.realm.objects--
    if (this.#uses === 0) this.owner.release(this.id)
  }

  /** A call names it. */
  use(): void {
    this.#uses++
  }

  /** That call has arrived, or was dropped. */
  unuse(): void {
    if (--this.#uses === 0 && this.#released && this.owner.realm.ended === undefined) this.owner.release(this.id)
  }
}

const handles = new WeakMap<object, Handle>()
const targets = new WeakMap<object, string>()
const collected = new FinalizationRegistry<Handle>((handle) => handle.release())

/** Makes `standIn` stand for an object in Python: passed as an argument it is that object; collected, it releases it. */
export function standForObject<T extends object>(standIn: T, handle: Handle): T {
  handles.set(standIn, handle)
  collected.register(standIn, handle)
  return standIn
}

/** Makes `standIn` stand for what a target names, in every worker. */
export function standForTarget<T extends object>(standIn: T, target: string): T {
  targets.set(standIn, target)
  return standIn
}

export function handleOf(value: object): Handle | undefined {
  return handles.get(value)
}

export function targetOf(value: object): string | undefined {
  return targets.get(value)
}
