import { TestRunner } from 'vitest'

/** Whether this is `npm run test:full`: every Python and Node, and counts that take minutes. */
export const isFull: boolean = process.env['PYTHREADS_TESTS'] === 'full'

declare module 'vitest' {
  interface TaskMeta {
    /** The full suite does more of this than the quick one: `npm run test:full -- --rest` runs it although the quick run passed. */
    scaled?: boolean
  }
}

/**
 * How much a test does: `quick` in `npm test`, `full` in `npm run test:full`. A subject is never left out of either.
 * Call `scaled` in the test or `describe` that it concerns: at the top of a file it makes CI run every test of that file twice.
 */
export function scaled<T>(quick: T, full: T): T {
  if (quick !== full) markScaled()
  return isFull ? full : quick
}

/** Marks the test that runs, or the suite that is being collected. */
function markScaled(): void {
  const test = TestRunner.getCurrentTest()
  if (test !== undefined) {
    // Which of several concurrent tests called is not known.
    const task = test.concurrent ? (test.suite ?? test.file) : test
    task.meta.scaled = true
    return
  }
  const { suite, file } = TestRunner.getCurrentSuite()
  const task = suite ?? file
  if (task !== undefined) task.meta.scaled = true
}
