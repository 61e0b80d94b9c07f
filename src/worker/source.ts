import { type ErrorCode, PythreadsError } from '../errors/index.ts'
import type { Access } from '../memory/index.ts'
import type { CallbackReplies, ExportedValues } from '../references/index.ts'
import type { LinkHost, WorkerLink } from './link.ts'
import type { Listeners } from './records.ts'
import type { OutputListener } from './socket/output-lines.ts'

/** What workers of one kind can carry beside plain values. */
export interface Capabilities {
  /** Functions and iterables of JavaScript, which Python calls. */
  readonly callbacks: boolean
  /** Objects that stay in Python. */
  readonly objects: boolean
  /** Sessions: a session has a worker to itself, and its variables stay there. */
  readonly sessions: boolean
  /** Lines that Python prints, its warnings, and its records of `logging`. */
  readonly output: boolean
  /**
   * Whether calls that a worker has not begun can be taken back. Without this, no call is sent
   * behind another.
   */
  readonly takingBack: boolean
}

/** What a pool lends to the links of its workers. */
export interface LinkTools {
  readonly exported: ExportedValues
  readonly callbackReplies: CallbackReplies
  /** The longest time that a worker may take to end, from the moment that it begins to. */
  readonly closeGraceMs: number
  /** The longest time that a worker may take to start. */
  readonly startTimeoutMs: number
  /** Gets the lines that Python prints, if the option `output` asks for them. */
  readonly onLine?: OutputListener | undefined
  /** Gets warnings, and records of `logging`. */
  readonly listeners: Listeners
}

/** Makes the links of a pool's workers: all that a pool knows of how workers run. */
export interface WorkerSource {
  /** The name of the source in errors, e.g. `isolation 'process'`. */
  readonly name: string
  readonly capabilities: Capabilities
  /** Whether workers share modules and the namespace of `exec`. */
  readonly isShared: boolean
  /** Whether a worker that does not react can be killed. */
  readonly isKillable: boolean
  /** The most bytes of copies that may be lent to workers at a time. */
  readonly loanBytes: number
  /** The memory above which a worker is ended, in megabytes; `null`: there is no limit. */
  readonly maxMemoryMb: number | null
  /** Makes the link of a new worker. */
  link(host: LinkHost, tools: LinkTools): WorkerLink
  /**
   * Checks the facts that a new worker sends, and throws if it is not the expected Python. Returns
   * how the worker sees memory of this process; `undefined`: it does not, so frames contain the
   * bytes of arrays.
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
