import { existsSync, readdirSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'

/** A place where a Python may be. */
export interface Place {
  /** Why it is looked at, e.g. `VIRTUAL_ENV`. */
  readonly source: string
  /** What is there: an executable that exists, or `undefined`. */
  readonly executable: string | undefined
  /** The path or setting as it was given. */
  readonly given: string
  /** Somebody named this place: if there is no working Python, that is an error, not a reason to look further. */
  readonly named: boolean
}

const WINDOWS = process.platform === 'win32'
const PATH_NAMES = ['python3', 'python']

/** The places where a Python is looked for, in order of precedence. */
export function places(option: string | undefined, cwd: string, env: NodeJS.ProcessEnv): Place[] {
  const list: Place[] = []
  const add = (source: string, given: string | undefined, named: boolean) => {
    if (given !== undefined && given !== '') list.push({ source, given, named, executable: locate(given, cwd, env) })
  }
  add('the option `python`', option, true)
  add('PYTHREADS_PYTHON', env['PYTHREADS_PYTHON'], true)
  add('VIRTUAL_ENV', env['VIRTUAL_ENV'], true)
  add('CONDA_PREFIX', env['CONDA_PREFIX'], true)
  for (const folder of projectFolders(cwd)) {
    for (const name of ['.venv', 'venv']) {
      const path = join(folder, name)
      if (existsSync(join(path, 'pyvenv.cfg'))) add(`${name} of the project`, path, true)
    }
  }
  for (const name of PATH_NAMES) {
    const found = onPath(name, env)
    if (found.length === 0) list.push({ source: 'PATH', given: name, named: false, executable: undefined })
    for (const path of found) add('PATH', path, false)
  }
  return list
}

/** Other Pythons that a machine may have: versioned names on PATH, and those of pyenv and uv. */
export function otherPlaces(env: NodeJS.ProcessEnv): Place[] {
  const list: Place[] = []
  const add = (source: string, path: string) => {
    if (existsSync(path)) list.push({ source, given: path, named: false, executable: path })
  }
  for (let minor = 15; minor >= 10; minor--) {
    for (const suffix of ['', 't']) {
      for (const path of onPath(`python3.${minor}${suffix}`, env)) add('PATH', path)
    }
  }
  const pyenv = env['PYENV_ROOT'] ?? join(homedir(), '.pyenv')
  for (const name of entries(join(pyenv, 'versions'))) add('pyenv', inFolder(join(pyenv, 'versions', name)))
  const uv = env['UV_PYTHON_INSTALL_DIR'] ?? join(env['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share'), 'uv', 'python')
  for (const name of entries(uv)) add('uv', inFolder(join(uv, name)))
  return list
}

/** This folder, and the parents that are Python projects. */
function projectFolders(cwd: string): string[] {
  const folders = [cwd]
  for (let folder = dirname(cwd); folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'pyproject.toml'))) folders.push(folder)
  }
  return folders
}

/** Turns what somebody gave (an executable, a name on PATH, a virtual environment's folder) into an executable. */
function locate(given: string, cwd: string, env: NodeJS.ProcessEnv): string | undefined {
  if (!/[/\\]/.test(given) && !existsSync(resolve(cwd, given))) return onPath(given, env)[0]
  const path = resolve(cwd, given)
  if (!existsSync(path)) return undefined
  if (!statSync(path).isDirectory()) return path
  const inside = inFolder(path)
  return existsSync(inside) ? inside : undefined
}

/** The executable of a virtual environment or an installation. */
function inFolder(folder: string): string {
  if (!WINDOWS) return existsSync(join(folder, 'bin', 'python3')) ? join(folder, 'bin', 'python3') : join(folder, 'bin', 'python')
  const script = join(folder, 'Scripts', 'python.exe')
  return existsSync(script) ? script : join(folder, 'python.exe')
}

function onPath(name: string, env: NodeJS.ProcessEnv): string[] {
  const file = WINDOWS ? `${name}.exe` : name
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  return [...new Set(folders.map((folder) => join(folder, file)).filter((path) => existsSync(path)))]
}

function entries(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).sort() : []
}
