import { HeldMemory, residentMb } from '../platform/index.ts'

/** The process of a worker, as far as its memory can be looked at. */
export interface MeasuredProcess {
  readonly pid: number | undefined
  /** Whether it is gone: another process may have its number. */
  readonly hasEnded: boolean
}

/** How much memory the process of one worker holds. */
export class MemoryUse {
  readonly #process: MeasuredProcess
  readonly #held = new HeldMemory()
  #residentMb = 0
  #freshMb = 0

  constructor(process: MeasuredProcess) {
    this.#process = process
  }

  /** The resident memory at the last measurement. */
  get residentMb(): number {
    return this.#residentMb
  }

  /** The resident memory before the first call. */
  get freshMb(): number {
    return this.#freshMb
  }

  measure(): void {
    const { pid } = this.#process
    if (pid !== undefined) this.#residentMb = residentMb(pid)
  }

  measureFresh(): void {
    this.measure()
    this.#freshMb = this.#residentMb
  }

  /**
   * How many MB count against a limit of this number: what it holds, and what it has elsewhere.
   * `memfd`: a descriptor of this process, of any file of `memfd_create`.
   */
  heldMb(limitMb: number, memfd: number | undefined): number {
    const { pid, hasEnded } = this.#process
    return pid === undefined || hasEnded ? 0 : this.#held.look(pid, limitMb, memfd)
  }
}
