import type { Kind } from '../wire/index.ts'
import type { PreparedCalls } from './prepared-calls.ts'
import type { SyncReply } from './reply.ts'

/** Sends requests to Python and waits for their replies on this JavaScript thread. */
export interface SyncConnection {
  /** Calls of targets by number, where the connection can make such calls. */
  readonly prepared?: PreparedCalls
  /** Whether Python can call JavaScript functions on it. */
  readonly callsBack: boolean
  /** Whether Python runs in this process, and otherwise in which. */
  readonly inProcess: boolean
  readonly pid: number
  /**
   * What the worker says of the descriptor of the file from which it lends, unchecked; -1: it lends
   * by address, or nothing.
   */
  readonly memory: unknown
  /** Sends a frame; its request id is written here. */
  request(bytes: Buffer): SyncReply
  /** Sends a frame that has no reply, if the connection can send such frames. */
  notify(bytes: Buffer): void
  close(): void
  /** Closes the connection, and kills the worker if it has a process of its own. */
  kill(): void
}

/** What a connection needs for frames that are not replies. */
export interface SyncTools {
  /**
   * Takes such a frame. `reply` sends frames back. `blocked`: this thread waits, so a promise could
   * never settle.
   */
  take(frame: SideFrame, reply: (bytes: Buffer) => void, blocked: boolean): void
  /** How long a worker of its own may take to start. */
  readonly startTimeoutMs: number
}

/** A frame that is not the reply to a request. */
export interface SideFrame {
  readonly kind: Kind
  readonly id: number
  readonly bytes: Buffer
}

/** What serves sync calls, as errors name it. */
export const WHO = 'The worker for sync calls'
