import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PythonFacts } from '../discovery/index.ts'
import { ownVariables, pythonIn } from '../platform/index.ts'
import { BEGINS_ERROR, wordsOf } from './failure.ts'
import { type RunOptions, run } from './run.ts'
import { indexFlags, type Uv, uvEnvironment } from './uv.ts'

/** What is to be installed where. */
export interface Installation {
  /** The folder of the new virtual environment. It is there, and empty. */
  readonly folder: string
  readonly python: PythonFacts
  /** A requirements file; `undefined`: `lines` are written into one. */
  readonly file: string | undefined
  /** What is in it. */
  readonly lines: readonly string[]
  /** To which folder relative paths in requirements belong. */
  readonly cwd: string
  readonly requireHashes: boolean
  readonly env: NodeJS.ProcessEnv
  readonly onLine: (line: string) => void
}

/** How an attempt failed. */
export interface Failure {
  /** What was tried, e.g. `uv 0.13.9 (PATH)`. */
  readonly way: string
  readonly reason: string
  /** Whether every other way would fail as this one did, e.g. there is no such package. */
  readonly isFinal: boolean
}

/** The file in an environment that has what was asked for, where that was no file. */
const REQUIREMENTS = 'pythreads-requirements.txt'
/** uv ends with this status when requirements conflict, or a package does not exist. */
const NO_SOLUTION = 1

/** Lines of uv and pip that are no news, e.g. for people who want to activate the environment. */
const CHATTER = /^(Using|Creating virtual|Activate|Looking in) /
/** What a variable of pip can change about where packages go, or which ones. */
const PIP_LEAKS =
  /^PIP_(TARGET|PREFIX|ROOT|USER|DRY_RUN|PYTHON|REQUIREMENT|CONSTRAINT|EDITABLE|NO_DEPS|UPGRADE|REPORT|QUIET|LOG|PLATFORM|PYTHON_VERSION|IMPLEMENTATION|ABI|REQUIRE_VIRTUALENV|BREAK_SYSTEM_PACKAGES)$/

/** Makes the environment by uv. `isOffline`: only from what uv has in its cache. */
export async function installByUv(
  uv: Uv,
  installation: Installation,
  isOffline: boolean,
): Promise<Failure | undefined> {
  const { folder, python, cwd, requireHashes, env, onLine } = installation
  const way = `uv ${uv.version} (${uv.source})${isOffline ? ', from its cache' : ''}`
  const options = { env: uvEnvironment(env), cwd, onLine: newsOf(onLine) }
  const common = ['--no-config', '--no-progress', ...(isOffline ? ['--offline'] : [])]
  const made = await run(
    uv.path,
    ['venv', ...common, '--no-project', '--python', python.executable, folder],
    options,
  )
  if (made.failure !== undefined)
    return { way, reason: said('uv venv', made.failure, made.stderr), isFinal: false }
  const file = requirementsFile(installation)
  if (file === undefined) return undefined
  const installed = await run(
    uv.path,
    [
      ...['pip', 'install', ...common, '--python', pythonIn(folder)],
      ...indexFlags(env),
      ...(requireHashes ? ['--require-hashes'] : []),
      ...['-r', file],
    ],
    options,
  )
  if (installed.failure === undefined) return undefined
  const isFinal = installed.status === NO_SOLUTION && !isOffline
  return { way, reason: said('uv pip install', installed.failure, installed.stderr), isFinal }
}

/** Makes the environment by the module venv and the pip of a Python. */
export async function installByPip(installation: Installation): Promise<Failure | undefined> {
  const { folder, python, cwd, requireHashes, env, onLine, lines } = installation
  const { executable } = python
  const way = `venv and pip of ${executable}`
  const options = { env: pipEnvironment(env), cwd, onLine: newsOf(onLine) }
  // The pip of this Python installs into the environment, as to put one there takes seconds, and
  // Debian keeps what that needs in a package of its own. An old pip cannot do that.
  const isBare = lines.length === 0 || (await hasNewPip(executable, options))
  const venv = ['-I', '-m', 'venv', ...(isBare ? ['--without-pip'] : []), folder]
  const made = await run(executable, venv, options)
  if (made.failure !== undefined) {
    const words = said('python -m venv', made.failure, `${made.stdout}\n${made.stderr}`)
    return { way, reason: words, isFinal: false }
  }
  const file = requirementsFile(installation)
  if (file === undefined) return undefined
  const [program, target] = isBare
    ? [executable, ['--python', pythonIn(folder)]]
    : [pythonIn(folder), []]
  const installed = await run(
    program,
    [
      ...['-I', '-m', 'pip', ...target, 'install', '--no-input', '--no-user'],
      ...['--disable-pip-version-check', '--no-warn-script-location', '--progress-bar', 'off'],
      ...(requireHashes ? ['--require-hashes'] : []),
      ...['-r', file],
    ],
    options,
  )
  if (installed.failure === undefined) return undefined
  return { way, reason: said('pip install', installed.failure, installed.stderr), isFinal: true }
}

/** Whether the pip of a Python has the option `--python`, as from version 22.3 on. */
async function hasNewPip(executable: string, options: RunOptions): Promise<boolean> {
  const { env, cwd } = options
  const { stdout } = await run(executable, ['-I', '-m', 'pip', '--version'], { env, cwd })
  const [, major, minor] = /^pip (\d+)\.(\d+)/.exec(stdout)?.map(Number) ?? []
  return major !== undefined && (major > 22 || (major === 22 && (minor ?? 0) >= 3))
}

/** Passes on what a program does, up to its errors, which the error of the start will have. */
function newsOf(onLine: (line: string) => void): (line: string) => void {
  let hasFailed = false
  return (line) => {
    hasFailed ||= BEGINS_ERROR.test(line)
    if (!hasFailed && !CHATTER.test(line)) onLine(line.trim())
  }
}

function said(what: string, failure: string, output: string): string {
  const words = wordsOf(output)
  return words === '' ? `${what}: ${failure}` : `${what}: ${words}`
}

/** The file to install from, written into the new environment if need be. */
function requirementsFile({ folder, file, lines }: Installation): string | undefined {
  if (file !== undefined || lines.length === 0) return file
  const path = join(folder, REQUIREMENTS)
  writeFileSync(path, `${lines.join('\n')}\n`)
  return path
}

/** The variables with which pip runs: where its packages come from, not where they go. */
function pipEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const entries = Object.entries(ownVariables(environment)).filter(
    ([name]) => !PIP_LEAKS.test(name) && name !== 'PYTHONHOME' && name !== 'PYTHONPATH',
  )
  return Object.fromEntries(entries)
}
