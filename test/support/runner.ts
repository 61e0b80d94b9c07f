import { inject, type RunnerTask, type RunnerTestFile, TestRunner } from 'vitest'
import { readPassed } from './passed.ts'
import { isFull } from './scale.ts'

/**
 * Leaves out what this machine cannot do, and in the full suite the tests that `npm test` has passed just before (passed.ts).
 * A file or `describe` without tests is a failure, except where the machine lacks something: all its placements may be missing.
 */
export default class SuiteRunner extends TestRunner {
  onCollected(files: RunnerTestFile[]): void {
    if (inject('missing').length > 0) this.config.passWithNoTests = true
    const passed = isFull ? readPassed() : {}
    for (const file of files) {
      if (file.result?.errors?.every(({ name }) => name === 'NotHereError')) delete file.result
      leaveOut(file, new Set(passed[file.name]), [], false)
    }
  }
}

/** Skips tests that have passed. Returns whether anything below the task is left to run. */
function leaveOut(task: RunnerTask, passed: ReadonlySet<string>, names: readonly string[], isScaled: boolean): boolean {
  const scaled = isScaled || task.meta.scaled === true
  if (task.type === 'test') {
    if (scaled || !passed.has([...names, task.name].join(' > '))) return task.mode === 'run'
    task.mode = 'skip'
    task.result = { state: 'skip' }
    return false
  }
  const path = task.type === 'suite' && 'filepath' in task ? names : [...names, task.name]
  const remaining = task.tasks.filter((one) => leaveOut(one, passed, path, scaled))
  // Nobody needs what the hooks of such a suite prepare.
  if (remaining.length === 0) for (const hooks of Object.values(TestRunner.getSuiteHooks(task))) hooks.length = 0
  return remaining.length > 0
}
