import { TestRunner } from 'vitest'

/** Thrown while a file is collected: the runner leaves that file out. */
export class NotHereError extends Error {
  override readonly name = 'NotHereError'
}

/**
 * Leaves out the test or the whole file that calls it, because this machine lacks what it needs.
 * The end of the run names what is missing (`missing` of pythons.setup.ts).
 */
export function notHere(what: string): never {
  TestRunner.getCurrentTest()?.context.skip(`This machine has no ${what}`)
  throw new NotHereError(`This machine has no ${what}`)
}
