import { fileURLToPath } from 'node:url'
import type { TestProjectInlineConfiguration, ViteUserConfig } from 'vitest/config'
import { isCi } from './ci.ts'
import type { Role } from './roles.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** In which placement the tests of this project run. */
    role: Role['name']
  }
}

type Options = NonNullable<TestProjectInlineConfiguration['test']>

const path = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url))

/** Not among what the user's own programs remember. */
const CACHE = { PYTHREADS_CACHE: path('build/cache') }

function project(name: string, options: Options): TestProjectInlineConfiguration {
  const test: Options = {
    runner: path('test/support/runner.ts'),
    env: CACHE,
    // A process can hold only one Python: each test file gets a process of its own.
    pool: 'forks',
    // Ends what hangs. A slow test is no failure: much else may run on the machine.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // How soon something comes true is up to the machine, on which much else may run.
    expect: { poll: { timeout: 120_000 } },
    ...options,
  }
  return { test: { name, ...test } }
}

function withPythons(name: string, options: Options): TestProjectInlineConfiguration {
  return project(name, { globalSetup: [path('test/support/pythons.setup.ts')], ...options })
}

/** The subjects that every placement has: `<subject>.test.ts`. */
const SUBJECTS = 'test/api/+([a-z-]).test.ts'
const subjects = (...names: string[]) => names.map((name) => `test/api/${name}.test.ts`)
/**
 * They use numpy and the like, so another Python than the other subjects: a virtual environment.
 */
const WITH_PACKAGES = subjects('arrays', 'tables', 'packaged')
/** Only a process can die alone. */
const PROCESS_ONLY = subjects('recovery')

/**
 * What says whether the channels of Windows work, which other systems can use too: Windows itself
 * runs no tests.
 */
const ON_PIPES =
  process.env['PYTHREADS_TESTS'] === 'full'
    ? {
        include: [SUBJECTS],
        exclude: subjects('limits', 'conversions', 'values', 'made', 'mappings', 'tables'),
      }
    : { include: subjects('calls', 'callbacks', 'output', 'sync') }

/**
 * All files of a placement share its processes: they use the same Python, and to start a process
 * takes longer than many subjects.
 */
function placed(
  name: string,
  role: Role['name'],
  options: Options,
): TestProjectInlineConfiguration {
  return withPythons(name, { include: [SUBJECTS], isolate: false, provide: { role }, ...options })
}

/**
 * The projects of test/api. In-process, numpy's Python has a project of its own, as a process can
 * hold only one Python.
 */
export const apiProjects: TestProjectInlineConfiguration[] = [
  placed('thread', 'thread', { exclude: [...WITH_PACKAGES, ...PROCESS_ONLY] }),
  placed('thread-numpy', 'thread', { include: WITH_PACKAGES }),
  placed('free-threaded', 'thread without a GIL', { exclude: [...WITH_PACKAGES, ...PROCESS_ONLY] }),
  placed('free-threaded-numpy', 'thread without a GIL', { include: WITH_PACKAGES }),
  placed('subinterpreter', 'subinterpreter', {
    exclude: [...subjects('tables', 'packaged'), ...PROCESS_ONLY],
  }),
  placed('process', 'process', {}),
  placed('process-on-pipes', 'process', {
    ...ON_PIPES,
    env: { ...CACHE, PYTHREADS_INTERNAL_CHANNELS: 'pipes' },
  }),
  withPythons('api', { include: ['test/api/*.*.test.ts'] }),
]

/** The benchmark, and its report in a browser. */
const BENCH = ['test/tooling/{bench,cli.bench}.*test.ts']

export const projects: TestProjectInlineConfiguration[] = [
  // They start no Python and leave nothing behind, so they can share processes.
  project('unit', { include: ['test/unit/*.test.ts'], isolate: false }),
  ...apiProjects,
  withPythons('lifecycle', { include: ['test/lifecycle/*.test.ts'] }),
  withPythons('tooling', { include: ['test/tooling/*.test.ts'], exclude: BENCH }),
  // A run of its own: `npm run test:bench`.
  withPythons('bench', { include: BENCH }),
]

/** How a run goes, whichever its projects. */
export const RUN: ViteUserConfig['test'] = {
  maxWorkers: 2,
  reporters: ['default', path('test/support/closing-reporter.ts')],
  retry: 0,
  passWithNoTests: false,
  allowOnly: !isCi(),
}
