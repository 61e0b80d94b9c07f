/**
 * The Pythons of the matrix: those of the machine, those that `scripts/build-python.sh` built, and
 * in the chroot of `scripts/newest.sh` those that are too new for this system.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findAll } from '../../src/discovery/index.ts'

export const root: string = fileURLToPath(new URL('../..', import.meta.url))
const cache = join(root, '.cache')
const newest = join(root, 'scripts', 'newest.sh')
/** Where virtual environments with numpy are in the chroot. */
const CHROOT_VENVS = '/opt/smoke'

export interface MatrixPython {
  readonly executable: string
  /** The command that runs another command where this Python is. */
  readonly prefix: readonly string[]
}

/**
 * Finds the Pythons with these names, each with numpy where pip can install it. One with a
 * libpython is preferred to one without it.
 */
export async function findPythons(names: readonly string[]): Promise<Map<string, MatrixPython>> {
  const found = new Map<string, MatrixPython>()
  const bare = await machinePythons()
  for (const name of names) {
    const executable = bare.get(name)
    if (executable !== undefined) {
      found.set(name, { executable: withNumpy(name, executable), prefix: [] })
    } else if (inChroot(name)) {
      const prefix = [newest, '--run']
      found.set(name, { executable: withNumpyInChroot(name, prefix), prefix })
    }
  }
  return found
}

/** Makes what can be made here, which takes up to half an hour. */
export function prepare(): void {
  const attempts = [
    ...['3.13', '3.13t', '3.14', '3.14t'].map((tag) => ['build-python.sh', tag] as const),
    ['newest.sh', '--prepare'] as const,
  ]
  for (const [script, argument] of attempts) {
    try {
      execFileSync(join(root, 'scripts', script), [argument], {
        stdio: ['ignore', 'inherit', 'inherit'],
      })
    } catch {
      console.error(`Not there: what ${script} ${argument} makes`)
    }
  }
}

async function machinePythons(): Promise<Map<string, string>> {
  const built = ['3.13', '3.13t', '3.14', '3.14t']
    .map((tag) => join(cache, 'python', tag))
    .filter((path) => existsSync(path))
  const lists = await Promise.all([...built.map((path) => findAll(path)), findAll()])
  const best = new Map<string, { executable: string; hasLibpython: boolean }>()
  for (const { facts } of lists.flat()) {
    if (facts === undefined || facts.isWrapper === true) continue
    const name = `${facts.version[0]}.${facts.version[1]}${facts.freeThreaded ? 't' : ''}`
    const hasLibpython = facts.libpython !== null
    const known = best.get(name)
    if (known === undefined || (hasLibpython && !known.hasLibpython))
      best.set(name, { executable: facts.executable, hasLibpython })
  }
  return new Map([...best].map(([name, { executable }]) => [name, executable]))
}

/** Debian's Pythons; the free-threaded ones are not packaged. */
function inChroot(name: string): boolean {
  const chroot = join(cache, 'newest')
  return (
    process.getuid?.() === 0 &&
    existsSync(join(chroot, 'complete')) &&
    existsSync(join(chroot, 'root', 'usr', 'bin', `python${name}`))
  )
}

/** The lines for pip that name numpy. */
function numpyLines(): string[] {
  const file = readFileSync(join(root, 'test', 'python', 'requirements.txt'), 'utf8')
  return file.split('\n').filter((line) => line.startsWith('numpy'))
}

/** The executable of a virtual environment with numpy, made once; else `executable` itself. */
function withNumpy(name: string, executable: string): string {
  const venv = join(cache, 'smoke', name)
  const python = join(venv, 'bin', 'python')
  const has = () => succeeds(python, ['-c', 'import numpy'])
  if (existsSync(python) && has()) return python
  const isMade =
    succeeds(executable, ['-m', 'venv', '--clear', venv]) && succeeds(python, pip()) && has()
  return isMade ? python : executable
}

function withNumpyInChroot(name: string, prefix: readonly string[]): string {
  const venv = join(CHROOT_VENVS, name)
  const python = join(venv, 'bin', 'python')
  const script = `"$0" -c 'import numpy' 2>/dev/null ||
    { python${name} -m venv --clear "$1" && shift && "$0" "$@" && "$0" -c 'import numpy'; }`
  const [command = '', ...rest] = [...prefix, 'bash', '-c', script, python, venv, ...pip()]
  return succeeds(command, rest) ? python : `/usr/bin/python${name}`
}

function pip(): string[] {
  const quick = ['--quiet', '--retries', '1', '--disable-pip-version-check']
  return ['-m', 'pip', 'install', ...quick, '--only-binary', ':all:', ...numpyLines()]
}

function succeeds(command: string, args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
