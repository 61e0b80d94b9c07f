import type { Flags } from './flags.ts'
import type { Interrupt } from './interrupt.ts'

/** The exports of a command's file in `commands/`. */
export interface CommandModule<T> {
  readonly name: string
  readonly summary: string
  /** In commander's notation, e.g. `<target>` and `[arguments...]`. */
  readonly positionals: readonly Positional[]
  readonly flags: Flags<T>
  readonly examples: readonly Example[]
  /** More lines of the help text. */
  readonly notes?: string
  /** Returns the exit status. */
  run(flags: T, positionals: readonly string[], interrupt: Interrupt): Promise<number>
}

export interface Positional {
  readonly name: string
  readonly description: string
}

/** A line for a shell, with an explanation. */
export interface Example {
  readonly line: string
  readonly does: string
}

export const TARGET: Positional = {
  name: '<target>',
  description: 'module:function (json:dumps), or file.py:function (./rules.py:score)',
}
