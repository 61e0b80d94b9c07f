import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { exists } from '../attempt.ts'
import { own } from '../own.ts'
import { cacheFolder } from './cache-folder.ts'
import { onPath } from './on-path.ts'
import { readPlain } from './own-files.ts'
import { whoseChangeOnPath } from './ownership.ts'
import type { Place } from './places.ts'
import { inFolder, strangerOf } from './venv.ts'

const WINDOWS = process.platform === 'win32'
/** The newest minor version that is looked for: Python 3.17, of the year 2028. */
const NEWEST_MINOR = 17
const OLDEST_MINOR = 10
/** Folders in which systems install Pythons; they are searched even when PATH lacks them. */
const SYSTEM_FOLDERS = WINDOWS ? [] : ['/usr/local/bin', '/opt/homebrew/bin', '/usr/bin']
const LAUNCHER_MS = 5_000

/**
 * Lists Pythons that nobody named: versioned names on PATH and in the folders of the system
 * (Debian's `/usr/bin/python3.12`), the Pythons of pyenv, uv, mise, asdf and conda, of python.org
 * on macOS, and those that Windows' launcher `py` lists. PATH is the user's own choice; outside of
 * PATH, a Python that another user can change is refused.
 */
export async function installedPlaces(
  env: NodeJS.ProcessEnv,
  isWholeMachine: boolean,
): Promise<Place[]> {
  const list: Place[] = []
  const add = (source: string, path: string, refused?: string) => {
    if (exists(path) && !list.some((place) => place.executable === path)) {
      list.push({ source, given: path, named: false, executable: path, refused })
    }
  }
  const addFolder = (source: string, folder: string) => {
    if (exists(inFolder(folder))) add(source, inFolder(folder), strangerOf(folder))
  }
  const home = homedir()
  const data = env['XDG_DATA_HOME'] ?? join(home, '.local', 'share')
  for (const name of versionedNames()) for (const path of onPath(name, env)) add('PATH', path)
  const cache = cacheFolder(env)
  const managers: [string, string][] = [
    ...(cache === undefined ? [] : [['pythreads', join(cache, 'python')] as [string, string]]),
    ['pyenv', join(env['PYENV_ROOT'] ?? join(home, '.pyenv'), 'versions')],
    ['uv', env['UV_PYTHON_INSTALL_DIR'] ?? join(data, 'uv', 'python')],
    ['mise', join(env['MISE_DATA_DIR'] ?? join(data, 'mise'), 'installs', 'python')],
    ['asdf', join(env['ASDF_DATA_DIR'] ?? join(home, '.asdf'), 'installs', 'python')],
  ]
  for (const [source, folder] of managers)
    for (const name of entries(folder)) addFolder(source, join(folder, name))
  for (const folder of condaFolders(env, home)) addFolder('conda', folder)
  if (isWholeMachine) {
    for (const path of SYSTEM_FOLDERS.flatMap((folder) =>
      versionedNames().map((name) => join(folder, name)),
    )) {
      if (exists(path)) add(dirname(path), path, whoseChangeOnPath(path))
    }
    const frameworks = '/Library/Frameworks/Python.framework/Versions'
    if (process.platform === 'darwin')
      for (const name of entries(frameworks)) addFolder('python.org', join(frameworks, name))
    if (WINDOWS) for (const path of await launcherPaths()) add('the launcher py', path)
  }
  return list
}

/** Newest first. */
function versionedNames(): string[] {
  const minors = Array.from({ length: NEWEST_MINOR - OLDEST_MINOR + 1 }, (_, i) => NEWEST_MINOR - i)
  return minors.flatMap((minor) => [`python3.${minor}`, `python3.${minor}t`])
}

/** The folders of conda's environments, the base environment first. */
function condaFolders(env: NodeJS.ProcessEnv, home: string): string[] {
  const roots = [
    env['CONDA_EXE'] === undefined ? '' : join(env['CONDA_EXE'], '..', '..'),
    env['MAMBA_ROOT_PREFIX'] ?? '',
  ]
  const known = roots
    .filter((root) => root !== '')
    .flatMap((root) => [
      root,
      ...entries(join(root, 'envs')).map((name) => join(root, 'envs', name)),
    ])
  const lines = readPlain(join(home, '.conda', 'environments.txt')).split(/\r?\n/)
  return [...known, ...lines.filter((line) => line !== '')]
}

/**
 * Reads the paths that `py --list-paths` prints. Python 3.10's launcher prints
 * ` -3.10-64  C:\...`, newer ones print ` -V:3.12 *  C:\...`.
 */
export function readLauncher(text: string): string[] {
  return text
    .split(/\r?\n/)
    .flatMap((line) => /^\s*-\S+\s+(?:\*\s+)?(\S.*\.exe)\s*$/i.exec(line)?.[1] ?? [])
}

function launcherPaths(): Promise<string[]> {
  return new Promise((resolve) => {
    execFile(
      'py',
      ['--list-paths'],
      {
        timeout: LAUNCHER_MS,
        encoding: 'utf8',
        shell: false,
        cwd: undefined,
        env: own(process.env),
      },
      (_, stdout) => resolve(readLauncher(stdout ?? '')),
    )
  })
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder).sort()
  } catch {
    return []
  }
}
