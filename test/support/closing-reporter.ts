import type { Reporter, TestCase, TestModule } from 'vitest/node'

/** Ends a run with what failed, in a few lines, and the counts. */
export default class ClosingReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly { message?: string }[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const count = (state: string) => tests.filter((test) => test.result().state === state).length
    const failed = tests.filter((test) => test.result().state === 'failed').map(described)
    const broken = modules.flatMap((module) => module.errors().map((error) => `${module.relativeModuleId}: ${error.message}`))
    const lines = [...failed, ...broken, ...errors.map(({ message }) => `outside of tests: ${message}`)].map(
      (line) => `FAILED ${line}`,
    )
    console.log(`\n${lines.join('\n')}\n${count('passed')} passed, ${lines.length} failed, ${count('skipped')} skipped`)
  }
}

function described(test: TestCase): string {
  const { errors = [] } = test.result()
  const message = errors.map((error) => error.message.replaceAll('\n', ' ').slice(0, 400)).join('; ')
  return `${test.module.relativeModuleId} > ${test.fullName}: ${message}`
}
