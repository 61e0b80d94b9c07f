import { AsyncResource } from 'node:async_hooks'
import { DEFAULT_CALL, type ResolvedCallOptions } from '../options/index.ts'
import type { ReferenceCounts, Write } from '../references/index.ts'
import type { Kind } from '../wire/index.ts'
import type { Members } from './members.ts'

/** A request that every interpreter has to get, those of later workers too. */
export interface SetupStep {
  readonly kind: Kind
  readonly write: Write
}

interface Parts {
  readonly members: Members
  /** The reference counts of an interpreter that all workers share. */
  readonly shared: ReferenceCounts | undefined
}

/** Makes calls: the pool. */
interface Caller {
  submit(
    kind: Kind,
    write: Write,
    options: ResolvedCallOptions,
    key: undefined,
    target: string | undefined,
  ): Promise<unknown>
}

/** A step to run in every interpreter. */
export interface Broadcast extends SetupStep {
  /** The name of the step in errors. */
  readonly target: string | undefined
}

/** Calls that are made in every interpreter, and again by workers that come later. */
export class Broadcasts {
  readonly #parts: Parts
  /** The steps that have run, in order; a step that failed is `undefined`. */
  readonly #steps: (SetupStep | undefined)[] = []
  /** How many are not over, and where they run in a shared interpreter. */
  #running = 0
  #index = 0

  constructor(parts: Parts) {
    this.#parts = parts
  }

  get steps(): readonly (SetupStep | undefined)[] {
    return this.#steps
  }

  /** Makes the same call in every interpreter, and in those of workers that come later. */
  async broadcast(caller: Caller, { kind, write, target }: Broadcast): Promise<void> {
    const step = { kind, write: AsyncResource.bind(write) } // later workers run it, too
    this.#steps.push(step)
    const { members, shared } = this.#parts
    const indexes =
      shared === undefined ? members.serving.map((worker) => worker.index) : [this.#indexInOrder()]
    this.#running++
    const calls = indexes.map(async (workerIndex) => {
      try {
        const options = { ...DEFAULT_CALL, workerIndex, copy: 0 }
        await caller.submit(kind, write, options, undefined, target)
      } catch (error) {
        // At once: a worker that replaces one which it ended must not get it.
        const at = this.#steps.indexOf(step)
        if (at >= 0) this.#steps[at] = undefined
        throw error
      }
    })
    const results = await Promise.allSettled(calls)
    this.#running--
    const failed = results.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  /**
   * The worker for what has to run once in a shared interpreter, in the order in which it was asked
   * for.
   */
  #indexInOrder(): number {
    const { members } = this.#parts
    if (this.#running === 0) {
      const idle = members.serving.find((worker) => worker.idle)
      this.#index = (idle ?? members.callingBack ?? members.firstServing)?.index ?? 0
    }
    return this.#index
  }
}
