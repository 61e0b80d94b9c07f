import type { ReferenceCounts } from './counts.ts'

/** The worker, or the connection for sync calls, over which Python's references are released. */
export interface Owner {
  readonly counts: ReferenceCounts
  /** Releases the reference with this id in Python, soon: ids are collected and sent together. */
  release(id: number): void
}

/** The most characters of a type's name that are kept for messages. */
const MOST_OF_TYPE = 1_000

/** A reference to an object in Python. */
export class Handle {
  readonly owner: Owner
  readonly id: number
  /** A description of the object, e.g. `sqlite3.Connection object`. */
  readonly type: string
  /** Bits of `TRAIT`. */
  readonly traits: number
  #released = false
  /** How many calls with this object have not arrived in Python. */
  #uses = 0

  constructor(owner: Owner, id: number, type: string, traits: number) {
    this.owner = owner
    this.id = id
    this.type = type.length > MOST_OF_TYPE ? `${type.slice(0, MOST_OF_TYPE)}...` : type
    this.traits = traits
    owner.counts.objects++
  }

  /** Why the object cannot be used any more; `undefined` while it can. */
  get unusable(): string | undefined {
    return this.#released ? 'it was released' : this.owner.counts.ended
  }

  release(): void {
    if (this.#released || this.owner.counts.ended !== undefined) return
    this.#released = true
    this.owner.counts.objects--
    if (this.#uses === 0) this.owner.release(this.id)
  }

  /** A call has this object as an argument: it is not released before `unuse`. */
  use(): void {
    this.#uses++
  }

  /** The call has arrived, or was dropped. */
  unuse(): void {
    if (--this.#uses === 0 && this.#released && this.owner.counts.ended === undefined)
      this.owner.release(this.id)
  }
}

const handles = new WeakMap<object, Handle>()
const targets = new WeakMap<object, string>()
const collected = new FinalizationRegistry<Handle>((handle) => handle.release())

/**
 * Binds a proxy to an object in Python: as an argument, the proxy is that object. When the proxy is
 * collected, the object is released.
 */
export function bindToObject<T extends object>(proxy: T, handle: Handle): T {
  handles.set(proxy, handle)
  collected.register(proxy, handle)
  return proxy
}

/** Binds a proxy to a target: as an argument, the proxy is what the target names in any worker. */
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
