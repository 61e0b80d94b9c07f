import type { Ending, WorkerTimes } from '../isolation/index.ts'
import type { Borrowed } from '../memory/index.ts'
import type { CallbackHost, FrameReferences } from '../references/index.ts'
import type { Task } from '../scheduler/index.ts'
import type { Reviver } from '../wire/index.ts'
import type { Gil } from './gil.ts'
import type { CallLink, HeldCalls } from './held-calls.ts'
import type { WorkerLife } from './life.ts'

/**
 * A worker, as its link sees it. The link calls these methods when something happens in Python, the
 * far side of the link.
 */
export interface LinkHost extends CallbackHost, Reviver {
  readonly index: number
  readonly life: WorkerLife
  /** The calls of the worker. The link reports their results there. */
  readonly held: HeldCalls
  readonly gil: Gil
  /** The memory that Python lends to JavaScript. */
  readonly borrowed: Borrowed
  /** The process that borrows the memory which JavaScript lends; `undefined`: this process. */
  readonly borrower: object | undefined
  /** A frame with these references is about to be sent. */
  noteSent(references: FrameReferences): void
  /** Python has started. `facts`: the content of its READY frame. */
  learned(facts: Readonly<Record<string, unknown>>): void
  /** The module `culprit` has turned the GIL of a free-threaded build on. */
  gilEnabled(culprit: string): void
  /** The interpreter has refused to load an extension module. */
  refused(module: string): void
  /** Python sent something invalid: ends the worker with this error. */
  fail(error: unknown): void
  /** Ends the worker. */
  kill(): void
  /** Python is gone, and everything that it sent has been reported. */
  ended(ending: Ending): void
}

/**
 * How a worker reaches the Python that runs its calls: `SocketLink` does so by two sockets and a
 * status page. A worker keeps one link for its whole life.
 */
export interface WorkerLink extends CallLink {
  /** The process that Python runs in, once there is one. */
  readonly pid: number | undefined
  /** Whether Python runs in this process. */
  readonly inProcess: boolean
  /** Whether Python is gone. What it wrote before may still have to be read. */
  readonly hasEnded: boolean
  /** The times of the worker's thread. */
  readonly times: WorkerTimes
  /** The last request that Python has begun; 0: none. */
  readonly lastBegun: number
  /** The last request with a large frame that Python has read or begun to read; 0: none. */
  readonly lastRead: number
  /** The last lines that Python printed. */
  readonly lastWords: string
  /** Resolves when Python is gone and `LinkHost.ended` was called, or if Python never started. */
  readonly exited: Promise<void>
  /** Starts the worker in Python; resolves when it can take requests. */
  start(): Promise<void>
  /**
   * Sends a call. `isNext`: the worker's thread has nothing else to do. The references in the call
   * count as sent from now on.
   */
  submit(task: Task, isNext: boolean): void
  /** Takes back the calls behind `running`; returns those that Python will not begin. */
  takeBack(running: Task, behind: readonly Task[]): Task[]
  /** Makes Python begin no more requests; returns the last one that it has begun, or still may. */
  stop(): number
  /** Makes Python drop objects. */
  release(ids: readonly number[]): void
  /** Makes Python give its free shared memory back to the system. */
  trim(): void
  /** The worker is wedged: it no longer keeps this process alive. */
  letGo(): void
  /** Asks Python to end, and kills it after a time. Resolves when Python is gone. */
  close(): Promise<void>
  /** Cuts the link, and kills Python if it is a process of its own. */
  kill(): void
  /** Python sent something invalid. A start that is not over fails with `error`. */
  failed(error: unknown): void
}
