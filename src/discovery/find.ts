import { realpathSync } from 'node:fs'
import { PythreadsError } from '../errors/index.ts'
import { howToInstall, ownVariables } from '../platform/index.ts'
import type { PythonFacts } from './facts.ts'
import { installedPlaces } from './installed.ts'
import { type Place, places } from './places.ts'
import { probe } from './probe.ts'
import { compare, mayInclude, type VersionRange, versionRange } from './versions.ts'

/** The Python to use, and why. */
export interface FoundPython {
  readonly facts: PythonFacts
  /** Where it was found, e.g. `VIRTUAL_ENV`. */
  readonly source: string
  /** A sentence for each earlier place that was passed over, though a user may expect it. */
  readonly passedOver: readonly string[]
}

/** The errors that say that this machine lacks a Python, rather than that a named one is wrong. */
const lacks = new WeakSet<object>()

/** Whether an error of {@link findPython} says that no Python on this machine will do. */
export function isLacking(error: unknown): error is PythreadsError {
  return error instanceof PythreadsError && lacks.has(error)
}

function lacking(message: string): PythreadsError {
  const error = new PythreadsError('ERR_PYTHREADS_PYTHON_NOT_FOUND', message)
  lacks.add(error)
  return error
}

/** A place, with the facts of the Python there, or the error. */
export interface Looked {
  readonly place: Place
  readonly facts?: PythonFacts
  readonly error?: PythreadsError
}

/**
 * Finds the Python to use: the option, PYTHREADS_PYTHON, VIRTUAL_ENV, CONDA_PREFIX, a virtual
 * environment of the project, PATH. A named place must work, while PATH gives the first Python that
 * works. The option and PYTHREADS_PYTHON may ask for versions instead. `main`: the file that Node
 * runs.
 *
 * @throws `ERR_PYTHREADS_PYTHON_NOT_FOUND`, `ERR_PYTHREADS_PYTHON_BROKEN`,
 * `ERR_PYTHREADS_PYTHON_TOO_OLD`
 */
export async function findPython(
  option?: string,
  cwd: string = process.cwd(),
  environment: NodeJS.ProcessEnv = process.env,
  main: string | undefined = process.argv[1],
): Promise<FoundPython> {
  const isWholeMachine = environment === process.env
  const env = ownVariables(environment)
  const asked = askedVersions(option, env)
  if (asked !== undefined) return findVersion(asked, cwd, env, main, isWholeMachine)
  const failures: Looked[] = []
  const passedOver: string[] = []
  for (const place of places(option, cwd, env, main)) {
    const looked = await look(place)
    if (looked.facts !== undefined) return { facts: looked.facts, source: place.source, passedOver }
    if (looked.error !== undefined && (place.named || isNoFault(looked.error))) throw looked.error
    if (place.refused !== undefined) passedOver.push(looked.error?.message ?? '')
    failures.push(looked)
  }
  throw lacking(notFound(failures))
}

/** The versions that the option or the variable asks for, and which of the two asks. */
interface Asked {
  readonly range: VersionRange
  readonly by: string
}

function askedVersions(option: string | undefined, env: NodeJS.ProcessEnv): Asked | undefined {
  const range = versionRange(option ?? env['PYTHREADS_PYTHON'] ?? '')
  return range && { range, by: option === undefined ? 'PYTHREADS_PYTHON' : 'the option `python`' }
}

/**
 * Finds a Python of the wanted versions: the environment that would be used without the range, if
 * its version fits, else the newest one on this machine.
 */
async function findVersion(
  { range, by }: Asked,
  cwd: string,
  env: NodeJS.ProcessEnv,
  main: string | undefined,
  isWholeMachine: boolean,
): Promise<FoundPython> {
  const asks = `${by} asks for ${range.text}`
  const all = places(undefined, cwd, withoutVersions(env), main)
  const passedOver: string[] = []
  const others: Looked[] = []
  for (const place of all.filter(({ named, refused }) => named || refused !== undefined)) {
    const looked = await look(place)
    if (looked.facts !== undefined && fits(range, looked.facts)) {
      return { facts: looked.facts, source: `${place.source}, as ${asks}`, passedOver }
    }
    if (looked.error !== undefined && isNoFault(looked.error)) throw looked.error
    others.push(looked)
    passedOver.push(
      looked.facts === undefined ? (looked.error?.message ?? '') : `${asks}, and ${shown(looked)}`,
    )
  }
  const installed = [
    ...all.filter(({ named, executable }) => !named && executable !== undefined),
    ...(await installedPlaces(env, isWholeMachine)),
  ]
  const [likely, unlikely] = [true, false].map((may) =>
    installed.filter((place) => mayFit(range, place) === may),
  )
  const looked = await Promise.all((likely ?? []).map((place) => look(place)))
  const best = looked
    .flatMap(({ facts, place }) =>
      facts !== undefined && fits(range, facts) ? [{ facts, place }] : [],
    )
    .sort(
      (a, b) =>
        Number(isFinal(b.facts)) - Number(isFinal(a.facts)) ||
        compare(b.facts.version, a.facts.version),
    )[0]
  if (best !== undefined)
    return { facts: best.facts, source: `${best.place.source}, as ${asks}`, passedOver }
  const rest = await Promise.all((unlikely ?? []).map((place) => look(place)))
  throw lacking(noneFits(range, by, unique([...others, ...looked, ...rest])))
}

/** Copies the variables without PYTHREADS_PYTHON where that asks for versions. */
function withoutVersions(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (versionRange(env['PYTHREADS_PYTHON'] ?? '') === undefined) return env
  const { PYTHREADS_PYTHON: _, ...others } = env
  return ownVariables(others)
}

function fits(range: VersionRange, facts: PythonFacts): boolean {
  return range.freeThreaded === facts.freeThreaded && range.includes(facts.version)
}

/**
 * Whether the path of a Python leaves its version possible. A path that names another version is
 * not probed, which saves 20 ms.
 */
function mayFit(range: VersionRange, { given }: Place): boolean {
  const found =
    /python(\d+)\.(\d+)(t?)(?:\.exe)?$|[\\/](?:cpython-)?(\d+)\.(\d+)\.\d+[^\\/]*[\\/](?:bin[\\/])?python[^\\/]*$/.exec(
      given,
    )
  if (found === null) return true
  const [, major, minor, threads, otherMajor, otherMinor] = found
  if (major !== undefined && (threads === 't') !== range.freeThreaded) return false
  return mayInclude(range, Number(major ?? otherMajor), Number(minor ?? otherMinor))
}

function isFinal({ release }: PythonFacts): boolean {
  return /^[\d.]+\+?$/.test(release)
}

/**
 * Probes every Python on the machine once, without the cache, in the order of precedence; for
 * `pythreads doctor`.
 */
export async function findAll(
  option?: string,
  cwd: string = process.cwd(),
  environment: NodeJS.ProcessEnv = process.env,
  main: string | undefined = process.argv[1],
): Promise<Looked[]> {
  const env = ownVariables(environment)
  const named =
    askedVersions(option, env) === undefined
      ? places(option, cwd, env, main)
      : places(undefined, cwd, withoutVersions(env), main)
  return unique(
    await Promise.all(
      [...named, ...(await installedPlaces(env, environment === process.env))].map((place) =>
        look(place, { anew: true }),
      ),
    ),
  )
}

function unique(all: readonly Looked[]): Looked[] {
  const seen = new Set<string>()
  return all.filter((looked) => {
    const key =
      looked.facts === undefined
        ? looked.place.given
        : `${looked.facts.prefix} ${real(looked.facts.executable)}`
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}

async function look(place: Place, how?: { anew: boolean }): Promise<Looked> {
  if (place.refused !== undefined) {
    const message = `${place.given} (${place.source}) is not used: ${place.refused}. To use it anyway, name it in the option \`python\``
    return { place, error: new PythreadsError('ERR_PYTHREADS_PYTHON_NOT_FOUND', message) }
  }
  if (place.executable === undefined) {
    const message = `No Python at ${place.given} (from ${place.source}): ${place.instead ?? 'the path does not exist'}`
    return { place, error: new PythreadsError('ERR_PYTHREADS_PYTHON_NOT_FOUND', message) }
  }
  try {
    return { place, facts: await probe(place.executable, how) }
  } catch (error) {
    if (error instanceof PythreadsError) return { place, error }
    throw error
  }
}

/** Whether the system, not the Python, is at fault: any other Python would fail too. */
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

/** The advice of an error that says that this machine lacks a Python. */
export const BY_DEPENDENCIES =
  'Python.start gets one itself if it has the option `dependencies` (`[]`: no packages).'

function notFound(failures: readonly Looked[]): string {
  const lines = failures.map(({ place, error }) => {
    const reason = place.executable === undefined ? 'not there' : (error?.message ?? 'unknown')
    return `  - ${place.source}: ${place.given}: ${reason}`
  })
  const unset = ['PYTHREADS_PYTHON', 'VIRTUAL_ENV', 'CONDA_PREFIX'].map(
    (name) => `  - ${name}: not set`,
  )
  return [
    'No Python 3.10 or newer was found. Looked at:',
    '  - the option `python`: not given',
    ...unset,
    '  - .venv and venv: none usable in the folders of the main module and here, and in their parent folders (up to the package.json, or with a pyproject.toml)',
    ...lines,
    `To get one: ${howToInstall()}. ${BY_DEPENDENCIES}`,
    'To name one: set the option `python` (or --python) or PYTHREADS_PYTHON to an executable, the folder of a virtual environment, or a version.',
  ].join('\n')
}

function noneFits(range: VersionRange, by: string, all: readonly Looked[]): string {
  const lines = all
    .filter(({ place, facts }) => facts !== undefined || place.named || place.refused !== undefined)
    .map((looked) => `  - ${shown(looked)}`)
  const wanted = /\d+(?:\.\d+)*/.exec(range.text)?.[0] ?? ''
  const tag = `${wanted}${range.freeThreaded ? 't' : ''}`
  return [
    `No ${range.freeThreaded ? 'free-threaded ' : ''}Python that fits ${range.text} was found (${by} asks for it). ${lines.length === 0 ? 'There is no Python at all.' : 'Found:'}`,
    ...lines,
    `To get one: uv python install ${tag}, or pyenv install ${tag}. ${BY_DEPENDENCIES}`,
  ].join('\n')
}

function shown({ place, facts, error }: Looked): string {
  if (facts === undefined) return `${place.given} (${place.source}): ${error?.message}`
  const build = facts.freeThreaded ? ', free-threaded' : ''
  return `${place.given} (${place.source}) is Python ${facts.release}${build}`
}

/** How to install a Python on this kind of system. */
export function howToGetPython(): string {
  return howToInstall()
}
