import { inject, type RunnerTask, type RunnerTestFile, TestRunner } from 'vitest'
import { moduleName, readPassed } from './passed.ts'
import { isFull, type Part } from './scale.ts'

/**
 * Leaves out what this machine cannot do; in the full suite the tests that `npm test` has passed
 * just before (passed.ts); in the quick one what a `describe` leaves to the full one
 * (`partOfEach`). A file or `describe` without tests is a failure, except where the machine lacks
 * something: all its placements may be missing.
 */
export default class SuiteRunner extends TestRunner {
  onCollected(files: RunnerTestFile[]): void {
    // The project `unit` has no set-up, which looks for Pythons.
    if ((inject('missing') ?? []).length > 0) this.config.passWithNoTests = true
    const passed = isFull ? readPassed() : {}
    for (const file of files) {
      if (file.result?.errors?.every(({ name }) => name === 'NotHereError')) {
        delete file.result
        file.mode = 'skip'
        continue
      }
      // It could not be imported: there is nothing to leave out.
      if (file.result?.state === 'fail') continue
      skipPassed(file, new Set(passed[moduleName(file.projectName, file.name)]), [], false)
      // Who names tests or projects wants all of them.
      if (this.config.testNamePattern === undefined && inject('inParts')) skipParts(file, undefined)
      dropHooks(file)
    }
  }
}

function skipPassed(
  task: RunnerTask,
  passed: ReadonlySet<string>,
  names: readonly string[],
  isScaled: boolean,
): void {
  const scaled = isScaled || task.meta.scaled === true
  const path = 'filepath' in task ? names : [...names, task.name]
  if (task.type === 'suite') for (const one of task.tasks) skipPassed(one, passed, path, scaled)
  else if (!scaled && passed.has(path.join(' > '))) skip(task)
}

function skipParts(task: RunnerTask, inherited: Part | undefined): void {
  if (task.type === 'test') return
  const part = task.meta.part ?? inherited
  const tests = task.tasks.filter((one) => one.type === 'test' && one.mode === 'run')
  tests.forEach((test, index) => {
    if (part !== undefined && index % part.of !== part.part % Math.min(part.of, tests.length))
      skip(test)
  })
  for (const one of task.tasks) skipParts(one, part)
}

function skip(task: RunnerTask): void {
  task.mode = 'skip'
  task.meta.left = true
  task.result = { state: 'skip' }
}

/** Nobody needs what hooks prepare where no test is left. Returns whether one is. */
function dropHooks(task: RunnerTask): boolean {
  if (task.type === 'test') return task.mode === 'run'
  const isNeeded = task.tasks.map(dropHooks).includes(true)
  if (!isNeeded) for (const hooks of Object.values(TestRunner.getSuiteHooks(task))) hooks.length = 0
  return isNeeded
}
