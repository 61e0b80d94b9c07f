import type { Ending, WorkerTimes } from '../isolation/index.ts'
import type { Borrowed } from '../memory/index.ts'
import type { CallbackHost, FrameReferences } from '../references/index.ts'
import type { Task } from '../scheduler/index.ts'
import type { Reviver } from '../wire/index.ts'
import type { Gil } from './gil.ts'
import type { CallLink, HeldCalls } from './held-calls.ts'
import type { WorkerLife } from './life.ts'

/** A worker, as its link sees it: the link tells it what happens at the far side. */
export interface LinkHost extends CallbackHost, Reviver {
  readonly index: number
  readonly life: WorkerLife
  /** Its calls: what happens to one of them is told there. */
  readonly held: HeldCalls
  readonly gil: Gil
  /** What the far side lends. */
  readonly borrowed: Borrowed
  /** Who borrows what is lent to the far side; `undefined`: this process. */
  readonly borrower: object | undefined
  /** A frame with these references is about to be sent. */
  noteSent(references: FrameReferences): void
  /** The far side has started, and says of itself what is in `facts`. */
  learned(facts: Readonly<Record<string, unknown>>): void
  /** A module has turned the GIL of a free-threaded build on. */
  gilEnabled(culprit: string): void
  /** Its interpreter has refused to load an extension module. */
  refused(module: string): void
  /** What came from the far side cannot be used: the worker is made to end. */
  fail(error: unknown): void
  /** It is made to end. */
  kill(): void
  /** The far side is gone, and all that it said has been told. */
  ended(ending: Ending): void
}

/**
 * How a worker reaches the Python that runs its calls: sockets and a status page, or something
 * else. A worker has one, for its whole life.
 */
export interface WorkerLink extends CallLink {
  /** The process that Python runs in, once there is one. */
  readonly pid: number | undefined
  /** Whether that is this process. */
  readonly inProcess: boolean
  /** Whether Python is gone, though there may be more to read of it. */
  readonly hasEnded: boolean
  /** What its thread has done. */
  readonly times: WorkerTimes
  /** The last request that it has begun; and the last large one that it has read, 0: none. */
  readonly lastBegun: number
  readonly lastRead: number
  /** What it printed last. */
  readonly lastWords: string
  /** Resolves when the far side is gone and that has been told, if it ever was there. */
  readonly exited: Promise<void>
  /** Resolves when the far side can take requests. */
  start(): Promise<void>
  /**
   * Sends a call. `isNext`: its thread has nothing else to do. What crosses in the call counts as
   * sent from here on.
   */
  submit(task: Task, isNext: boolean): void
  /** Takes calls back that stand behind `running`; returns those that will not be begun. */
  takeBack(running: Task, behind: readonly Task[]): Task[]
  /** Begins no more requests; returns the last one that it has begun or ever will. */
  stop(): number
  /** Has objects dropped in Python. */
  release(ids: readonly number[]): void
  /** Has Python keep no memory that is free. */
  trim(): void
  /** It is wedged: the process need not wait for it. */
  letGo(): void
  /** Asks it to end, and after a while makes it. Resolves when it is gone. */
  close(): Promise<void>
  /** Makes it end. */
  kill(): void
  /** What came from it cannot be used: the error of its start, if it has not started. */
  failed(error: unknown): void
}
