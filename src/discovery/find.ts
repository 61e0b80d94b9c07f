import { realpathSync } from 'node:fs'
import { PythreadsError } from '../errors/index.ts'
import type { PythonFacts } from './facts.ts'
import { otherPlaces, type Place, places } from './places.ts'
import { probe } from './probe.ts'

/** A Python and the reason why it is this one. */
export interface FoundPython {
  readonly facts: PythonFacts
  /** Where it was found, e.g. `VIRTUAL_ENV`. */
  readonly source: string
}

/** A place that was looked at, with the Python there or what is wrong with it. */
export interface Looked {
  readonly place: Place
  readonly facts?: PythonFacts
  readonly error?: PythreadsError
}

/**
 * Finds the Python to use: the option, PYTHREADS_PYTHON, VIRTUAL_ENV, CONDA_PREFIX, a virtual environment of the project,
 * PATH. A place that somebody named must work; on PATH the first that works is taken.
 *
 * @throws `ERR_PYTHREADS_PYTHON_NOT_FOUND`, `ERR_PYTHREADS_PYTHON_BROKEN`, `ERR_PYTHREADS_PYTHON_TOO_OLD`
 */
export async function findPython(
  option?: string,
  cwd: string = process.cwd(),
  env: NodeJS.ProcessEnv = process.env,
): Promise<FoundPython> {
  const failures: Looked[] = []
  for (const place of places(option, cwd, env)) {
    const looked = await look(place)
    if (looked.facts !== undefined) return { facts: looked.facts, source: place.source }
    if (looked.error !== undefined && (place.named || isNoFault(looked.error))) throw looked.error
    failures.push(looked)
  }
  throw new PythreadsError('ERR_PYTHREADS_PYTHON_NOT_FOUND', notFound(failures))
}

/** Every Python on the machine, each once and asked anew, in the order of precedence; for `pythreads doctor`. */
export async function findAll(
  option?: string,
  cwd: string = process.cwd(),
  env: NodeJS.ProcessEnv = process.env,
): Promise<Looked[]> {
  const all = await Promise.all([...places(option, cwd, env), ...otherPlaces(env)].map((place) => look(place, { anew: true })))
  const seen = new Set<string>()
  return all.filter((looked) => {
    const key = looked.facts === undefined ? looked.place.given : `${looked.facts.prefix} ${real(looked.facts.executable)}`
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}

async function look(place: Place, how?: { anew: boolean }): Promise<Looked> {
  if (place.executable === undefined) {
    const message = `No Python at ${place.given} (from ${place.source}): neither an executable nor a virtual environment`
    return { place, error: new PythreadsError('ERR_PYTHREADS_PYTHON_NOT_FOUND', message) }
  }
  try {
    return { place, facts: await probe(place.executable, how) }
  } catch (error) {
    if (error instanceof PythreadsError) return { place, error }
    throw error
  }
}

/** Whether it was the system that had nothing to run a Python with: another one would fare no better. */
function isNoFault(error: PythreadsError): boolean {
  return error.code === 'ERR_PYTHREADS_WORKER_START'
}

function real(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

const INSTALL: Readonly<Record<string, string>> = {
  linux: 'apt install python3 (Debian, Ubuntu), dnf install python3 (Fedora), or uv python install 3.14',
  darwin: 'brew install python, or uv python install 3.14',
  win32: 'winget install Python.Python.3.14, or uv python install 3.14',
}

function notFound(failures: readonly Looked[]): string {
  const lines = failures.map(({ place, error }) => {
    const reason = place.executable === undefined ? 'not there' : (error?.message ?? 'unknown')
    return `  - ${place.source}: ${place.given}: ${reason}`
  })
  const unset = ['PYTHREADS_PYTHON', 'VIRTUAL_ENV', 'CONDA_PREFIX'].map((name) => `  - ${name}: not set`)
  return [
    'No Python 3.10 or newer was found. Looked at:',
    '  - the option `python`: not given',
    ...unset,
    '  - .venv and venv here and in parent folders with a pyproject.toml: none',
    ...lines,
    `To get one: ${INSTALL[process.platform] ?? INSTALL['linux']}.`,
    'To name one: the option `python` (or --python) or PYTHREADS_PYTHON, an executable or the folder of a virtual environment.',
  ].join('\n')
}
