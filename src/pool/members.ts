import { callbackContext } from '../references/index.ts'
import type { DispatchTarget } from '../scheduler/index.ts'
import type { Gil, Worker } from '../worker/index.ts'
import type { GilSource } from './gil-monitor.ts'

/** The workers of a pool that have a number. */
export class Members implements GilSource {
  /** By number; there may be holes. */
  readonly #byIndex: readonly (Worker | undefined)[]

  constructor(byIndex: readonly (Worker | undefined)[]) {
    this.#byIndex = byIndex
  }

  at(index: number): Worker | undefined {
    return this.#byIndex[index]
  }

  get all(): Worker[] {
    return this.#byIndex.filter((worker) => worker !== undefined)
  }

  get serving(): Worker[] {
    return this.all.filter((worker) => worker.serving)
  }

  get firstServing(): Worker | undefined {
    return this.#byIndex.find((worker) => worker?.serving === true)
  }

  /** Whether a worker is one of them now. */
  includes(worker: DispatchTarget | undefined): boolean {
    return worker !== undefined && this.#byIndex[worker.index] === worker
  }

  /** The one whose callback runs this code, if one does. */
  get callingBack(): Worker | undefined {
    const host = callbackContext()?.host
    return host === undefined ? undefined : this.#byIndex.find((worker) => worker === host)
  }

  get gil(): Gil {
    const gils = this.all.map((worker) => worker.gil)
    return gils.find(({ enabled }) => enabled) ?? gils[0] ?? { enabled: true, culprit: null }
  }

  /** Those that have calls; notes since when they have the one that runs. */
  look(): readonly Worker[] {
    const busy = this.serving.filter((worker) => !worker.idle)
    for (const worker of busy) worker.look()
    return busy
  }
}
