import type { ReferenceCounts } from './counts.ts'

/** Who can give an object back to Python: a worker, or a line for sync calls. */
export interface Owner {
  readonly counts: ReferenceCounts
  /** Has the reference with this id dropped, soon. */
  release(id: number): void
}

/** How much of the name of a type is kept, which stands in messages. */
const MOST_OF_TYPE = 1_000

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
    this.type = type.length > MOST_OF_TYPE ? `${type.slice(0, MOST_OF_TYPE)}...` : type
    this.traits = traits
    owner.counts.objects++
  }

  /** Why it cannot be used any more, if so. */
  get unusable(): string | undefined {
    return this.#released ? 'it was released' : this.owner.counts.ended
  }

  release(): void {
    if (this.#released || this.owner.counts.ended !== undefined) return
    this.#released = true
    this.owner.counts.objects--
    if (this.#uses === 0) this.owner.release(this.id)
  }

  /** A call names it. */
  use(): void {
    this.#uses++
  }

  /** That call has arrived, or was dropped. */
  unuse(): void {
    if (--this.#uses === 0 && this.#released && this.owner.counts.ended === undefined)
      this.owner.release(this.id)
  }
}

const handles = new WeakMap<object, Handle>()
const targets = new WeakMap<object, string>()
const collected = new FinalizationRegistry<Handle>((handle) => handle.release())

/**
 * Makes `proxy` stand for an object in Python: passed as an argument it is that object;
 * collected, it releases it.
 */
export function bindToObject<T extends object>(proxy: T, handle: Handle): T {
  handles.set(proxy, handle)
  collected.register(proxy, handle)
  return proxy
}

/** Makes `proxy` stand for what a target names, in every worker. */
export function bindToTarget<T extends object>(proxy: T, target: string): T {
  targets.set(proxy, target)
  return proxy
}

export function handleOf(value: object): Handle | undefined {
  return handles.get(value)
}

export function targetOf(value: object): string | undefined {
  return targets.get(value)
}
