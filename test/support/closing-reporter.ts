import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Reporter, TestCase, TestModule, Vitest } from 'vitest/node'
import { findChromium } from '../../bench/report/browser.ts'
import { moduleName, writePassed } from './passed.ts'
import { missingSandboxes } from './sandboxes.ts'

const isFull = process.env['PYTHREADS_TESTS'] === 'full'

/** Written by scripts/python-tools.js. */
const TOOLS = fileURLToPath(new URL('../../.cache/tools/requirements.txt', import.meta.url))

/**
 * Ends a run with what failed and what this machine cannot test, in a few lines, and the counts.
 */
export default class ClosingReporter implements Reporter {
  #vitest: Vitest | undefined

  onInit(vitest: Vitest): void {
    this.#vitest = vitest
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly { message?: string }[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const left = tests.filter((test) => test.meta().left === true).length
    const count = (state: string) => tests.filter((test) => test.result().state === state).length
    const failed = tests.filter((test) => test.result().state === 'failed').map(described)
    const broken = modules.flatMap((module) =>
      module.errors().map((error) => `${nameOf(module)}: ${error.message}`),
    )
    const lines = [
      ...failed,
      ...broken,
      ...errors.map(({ message }) => `outside of tests: ${message}`),
    ].map((line) => `FAILED ${line}`)
    const counts = `${count('passed')} passed, ${lines.length} failed, ${count('skipped') - left} skipped`
    console.log(`\n${[...lines, ...this.#notTested(left)].join('\n')}\n${counts}`)
    if (!isFull)
      writePassed(Object.fromEntries(modules.map((module) => [nameOf(module), passedOf(module)])))
  }

  /** One line that names what this machine lacks. */
  #notTested(left: number): string[] {
    const { missing: lacking } = this.#vitest?.getRootProject().getProvidedContext() ?? {}
    // Unit tests need nothing, so nobody looked for it.
    if (lacking === undefined) return []
    const missing = [...lacking]
    if (!existsSync(TOOLS))
      missing.push('the style of the Python code (pip cannot install ruff and mypy)')
    if (findChromium() === undefined)
      missing.push('the report of the benchmark in a browser (no Chromium)')
    missing.push(...missingSandboxes())
    if (isFull) return left > 0 ? [`${left} tests are left out, which npm test has passed.`] : []
    if (left > 0) missing.push(`${left} combinations and repetitions`)
    if (missing.length === 0) return []
    return [
      `Not tested here: ${missing.join(', ')}. npm run test:full does that, and builds what is missing.`,
    ]
  }
}

function nameOf(module: TestModule): string {
  return moduleName(module.project.name, module.relativeModuleId)
}

/** The tests that passed and of which the full suite does no more. */
function passedOf(module: TestModule): string[] {
  const isScaled = (task: TestCase['parent'] | TestCase): boolean =>
    task.meta().scaled === true || (task.type !== 'module' && isScaled(task.parent))
  return [...module.children.allTests('passed')]
    .filter((test) => !isScaled(test))
    .map((test) => test.fullName)
}

function described(test: TestCase): string {
  const { errors = [] } = test.result()
  const message = errors
    .map((error) => error.message.replaceAll('\n', ' ').slice(0, 400))
    .join('; ')
  return `${nameOf(test.module)} > ${test.fullName}: ${message}`
}
