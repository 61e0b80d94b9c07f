import { TestRunner } from 'vitest'
import { isCi } from './ci.ts'

/** Thrown while a file is collected: the runner leaves that file out. */
export class NotHereError extends Error {
  override readonly name = 'NotHereError'
}

/**
 * Leaves out the test or the whole file that calls it, because something is not installed: a
 * Python, numpy. In CI that test or file fails. The end of the run names what is missing (`missing`
 * of pythons.setup.ts).
 */
export function notHere(what: string): never {
  if (isCi()) throw new Error(`This machine has no ${what}. Where CI is set, that is a failure.`)
  notPossible(what)
}

/**
 * Leaves out the test or the whole file that calls it, also in CI: its system or its rights do not
 * allow what the test needs.
 */
export function notPossible(what: string): never {
  TestRunner.getCurrentTest()?.context.skip(`This machine has no ${what}`)
  throw new NotHereError(`This machine has no ${what}`)
}
