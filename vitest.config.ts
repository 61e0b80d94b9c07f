import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/pythons.setup.ts'],
    runner: './test/support/runner.ts',
    // Not among what the user's own programs remember.
    env: { PYTHREADS_CACHE: fileURLToPath(new URL('build/cache', import.meta.url)) },
    // A process can hold only one Python: each test file gets a process of its own.
    pool: 'forks',
    maxWorkers: 2,
    // Ends what hangs. A slow test is no failure: much else may run on the machine.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // How soon something comes true is up to the machine, on which much else may run.
    expect: { poll: { timeout: 120_000 } },
    reporters: ['default', './test/support/closing-reporter.ts'],
    retry: 0,
    passWithNoTests: false,
    allowOnly: !process.env['CI'],
  },
})
