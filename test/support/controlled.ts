import { setImmediate as turn } from 'node:timers/promises'

/** A worker without Python: its thread does what a test says. */
export interface ControlledWorker {
  /** The request that it runs. */
  readonly running: number | undefined
  /** Whether it has anything to do. */
  readonly works: boolean
  /** Whether it has not ended. */
  readonly lives: boolean
  /** The ids of requests that it was asked to cancel. */
  readonly cancelled: readonly number[]
  /** The ids of requests, in the order in which they were begun. */
  readonly begun: readonly number[]
  /** The request that runs is done. */
  finish(us?: number): Promise<void>
  /** The request that runs turns out to be a coroutine, which goes on beside others. */
  pend(): Promise<void>
  /** Does all that it has to. */
  drain(): Promise<void>
  die(): void
}

/** Lets everything be read that was written. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await turn()
}
