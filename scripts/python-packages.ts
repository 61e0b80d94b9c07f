// Provides a Python with the packages of test/python/requirements.txt: a virtual environment in
// .cache/packages.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** A Python as it is found. */
export interface BarePython {
  readonly executable: string
  readonly version: readonly [number, number, number]
  readonly freeThreaded: boolean
}

/** The last minor version for which the pinned packages have wheels. */
const NEWEST = 13

/**
 * The virtual environment's executable; `null` for a Python that is too new for the pinned
 * packages. Made once. @throws when pip cannot
 */
export function withPackages({ executable, version, freeThreaded }: BarePython): string | null {
  if (version[1] > NEWEST) return null
  const venv = join(root, '.cache', 'packages', `${version.join('.')}${freeThreaded ? 't' : ''}`)
  const python = join(venv, 'bin', 'python')
  const marker = join(venv, 'requirements.txt')
  const lines = readFileSync(join(root, 'test', 'python', 'requirements.txt'), 'utf8').split('\n')
  // pip has no marker for free-threaded builds, for which not every package has wheels.
  const wanted = lines.filter(
    (line) => /^\w/.test(line) && !(freeThreaded && line.endsWith('# not free-threaded')),
  )
  const made = wanted.join('\n')
  // The executable is a link to the Python that made it, which may be gone.
  const isThere = () =>
    existsSync(python) && existsSync(marker) && readFileSync(marker, 'utf8') === made
  if (isThere()) return python
  // Made beside its place, as another run may make the same one.
  const own = `${venv}.${process.pid}`
  const run = (program: string, ...args: string[]) =>
    execFileSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  try {
    run(executable, '-m', 'venv', own)
    const packages = wanted.map((line) => line.replace(/ +#.*/, ''))
    const pip = [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--retries',
      '1',
      '--disable-pip-version-check',
      '--only-binary',
      ':all:',
    ]
    run(join(own, 'bin', 'python'), ...pip, ...packages)
    writeFileSync(join(own, 'requirements.txt'), made)
    if (isThere()) return python
    rmSync(venv, { recursive: true, force: true })
    renameSync(own, venv)
  } finally {
    rmSync(own, { recursive: true, force: true })
  }
  return python
}
