// Provides a Python with the packages of test/python/requirements.txt: a virtual environment in .cache/packages.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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

/** The virtual environment's executable; `null` for a Python that is too new for the pinned packages. Made once. */
export function withPackages({ executable, version, freeThreaded }: BarePython): string | null {
  if (version[1] > NEWEST) return null
  const venv = join(root, '.cache', 'packages', `${version.join('.')}${freeThreaded ? 't' : ''}`)
  const python = join(venv, 'bin', 'python')
  const marker = join(venv, 'requirements.txt')
  const lines = readFileSync(join(root, 'test', 'python', 'requirements.txt'), 'utf8').split('\n')
  // pip has no marker for free-threaded builds, for which not every package has wheels.
  const wanted = lines.filter((line) => /^\w/.test(line) && !(freeThreaded && line.endsWith('# not free-threaded')))
  const made = wanted.join('\n')
  // The executable is a link to the Python that made it, which may be gone.
  if (existsSync(python) && existsSync(marker) && readFileSync(marker, 'utf8') === made) return python
  rmSync(venv, { recursive: true, force: true })
  const run = (program: string, ...args: string[]) => execFileSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  run(executable, '-m', 'venv', venv)
  const packages = wanted.map((line) => line.replace(/ +#.*/, ''))
  run(python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--only-binary', ':all:', ...packages)
  writeFileSync(marker, made)
  return python
}
