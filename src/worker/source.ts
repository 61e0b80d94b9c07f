import { type ErrorCode, PythreadsError } from '../errors/index.ts'
import type { Access } from '../memory/index.ts'
import type { CallbackReplies, ExportedValues } from '../references/index.ts'
import type { LinkHost, WorkerLink } from './link.ts'
import type { Listeners } from './records.ts'
import type { OutputListener } from './socket/output-lines.ts'

/** What workers of one kind can carry between JavaScript and Python, beside plain values. */
export interface Capabilities {
  /** Functions and iterables of JavaScript, which Python calls. */
  readonly callbacks: boolean
  /** Objects that stay in Python. */
  readonly objects: boolean
  /** Variables that stay in one worker, for which a session has it to itself. */
  readonly sessions: boolean
  /** Lines that Python prints, its warnings, and its records of `logging`. */
  readonly output: boolean
  /**
   * Calls that a worker has and has not begun can be taken back. Without it, none is sent behind
   * another one.
   */
  readonly takingBack: boolean
}

/** What a pool lends to the links of its workers. */
export interface LinkTools {
  readonly exported: ExportedValues
  readonly callbackReplies: CallbackReplies
  /** How long a worker may take for its end, once it has begun with it. */
  readonly closeGraceMs: number
  /** How long a worker may take to start. */
  readonly startTimeoutMs: number
  /** Gets what is printed, where it is asked for. */
  readonly onLine?: OutputListener | undefined
  /** Get warnings, and records of `logging`. */
  readonly listeners: Listeners
}

/** Where the workers of a pool come from: all that a pool knows of how they run. */
export interface WorkerSource {
  /** How errors call it, e.g. `isolation 'process'`. */
  readonly name: string
  readonly capabilities: Capabilities
  /** Whether workers share modules and the namespace of `exec`. */
  readonly isShared: boolean
  /** Whether a worker that does not listen can be ended. */
  readonly isKillable: boolean
  /** How many bytes of copies may be lent to workers at a time. */
  readonly loanBytes: number
  /** The memory above which a worker is ended, in megabytes; `null`: there is no limit. */
  readonly maxMemoryMb: number | null
  /** Makes the link of a new worker. */
  link(host: LinkHost, tools: LinkTools): WorkerLink
  /**
   * Looks at what a new worker says of itself, and throws when it is not the right one. Returns how
   * it sees memory of this process; `undefined`: it does not, so the bytes of arrays go along in
   * the frames.
   */
  accept(facts: Readonly<Record<string, unknown>>): Access | undefined
}

/** The error for what workers of one kind cannot carry. */
export function cannotCarry(
  { name }: WorkerSource,
  capability: keyof Capabilities,
  code: ErrorCode,
  what: string,
): PythreadsError {
  return new PythreadsError(
    code,
    `${what} needs the capability \`${capability}\`, which workers of ${name} do not have`,
  )
}
