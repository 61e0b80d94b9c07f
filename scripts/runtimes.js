/**
 * Runs the suites of process isolation in Bun and in Deno, from the npm packages that have only their
 * binaries, which it keeps in .cache/nodes/.
 *
 *   runtimes.js [--install] [bun|deno]... [-- VITEST ARGUMENT...]
 *
 * `--install`: only installs them. Where a package cannot be installed, that runtime is left out; a
 * failure if CI is set.
 */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** When a run has hung: no test that blocks the thread can be ended by Vitest. */
const HANGS_MS = 30 * 60_000

/** What neither runtime carries, by the titles of tests: docs/platforms.md says it in words. */
const NEITHER = [
  // `py.alloc` makes an ordinary array, and what Python returns is a copy.
  'is the same memory when it was allocated',
  'keeps its memory (while|when)',
  'is as it is alone: ',
  'is what a function returns, and what it is called with',
  'is what an iterable gives, and what a generator of Python gives',
  'takes no memory for long when it is dropped',
  'with limited memory arrays cross',
  'are written to in place where that is promised',
  'of memory count what is borrowed',
  // `triggerAsyncId` is 0.
  'names the call as the one that has triggered a function',
]

const [system, processor] = [process.platform, process.arch]
const glibc = system === 'linux' ? '-glibc' : ''
const RUNTIMES = {
  bun: {
    package: `@oven/bun-${system}-${processor === 'arm64' ? 'aarch64' : processor}`,
    version: '1',
    binary: 'bin/bun',
    run: ['--bun'],
    cannot: [
      // Its stacks have no callers beyond an `await` or a native function.
      'has the frames of Python in its stack, the innermost first',
      'throws what Python raises, with the frames of both',
      // Its garbage collector keeps what the stack seems to refer to, here remote objects.
      'is not held by Python after its call',
      // Its buffers have no pool.
      "may be a part of Node's pool",
      // Its `isDeepStrictEqual` takes exponential time for a Set in a Set.
      'from Python: .*nested\\(.*frozenset',
    ],
  },
  deno: {
    package: `@deno/${system}-${processor}${glibc}`,
    version: '2',
    binary: 'deno',
    run: ['run', '-A'],
    cannot: [
      'do not keep it from ending, and functions', // starts a program by Node's own options
    ],
  },
}

/** Installs a runtime, or takes the one that is there. Returns its path. */
function install(name) {
  const { package: what, version, binary } = RUNTIMES[name]
  const folder = join(root, '.cache', 'nodes', name)
  mkdirSync(folder, { recursive: true })
  const manifest = join(folder, 'package.json')
  if (!existsSync(manifest)) writeFileSync(manifest, '{ "private": true }\n')
  const quiet = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']
  const args = ['install', '--prefix', folder, ...quiet, `${what}@${version}`]
  spawnSync('npm', args, { stdio: ['ignore', 2, 2] })
  const path = join(folder, 'node_modules', what, binary)
  try {
    accessSync(path, constants.X_OK)
    return path
  } catch {
    return undefined
  }
}

function runSuites(path, { run, cannot }, args) {
  const without = `^(?!.*(${[...NEITHER, ...cannot].join('|')})).*$`
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const config = ['--config', 'test/api/vitest.config.ts', '--project', 'process']
  const { status } = spawnSync(path, [...run, vitest, 'run', ...config, '-t', without, ...args], {
    cwd: root,
    stdio: 'inherit',
    timeout: HANGS_MS,
    env: {
      ...process.env,
      // What the suites start by name is this runtime, too.
      PATH: `${dirname(path)}:${process.env.PATH}`,
      // In CI the set-up of the tests insists on Pythons for threads, which there are none of here.
      CI: '',
    },
  })
  return status === 0
}

const given = process.argv.slice(2)
const end = given.indexOf('--') < 0 ? given.length : given.indexOf('--')
const names = given.slice(0, end).filter((name) => name !== '--install')
let failed = false
for (const name of names.length > 0 ? names : Object.keys(RUNTIMES)) {
  const runtime = RUNTIMES[name]
  if (runtime === undefined) throw new Error(`runtimes.js knows no ${name}`)
  const path = install(name)
  if (path === undefined) {
    console.error(`Not tested here: ${name} (npm cannot install ${runtime.package})`)
    failed ||= process.env.CI !== undefined
  } else if (!given.includes('--install')) {
    console.log(spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout.trim())
    if (!runSuites(path, runtime, given.slice(end + 1))) failed = true
  }
}
process.exitCode = failed ? 1 : 0
