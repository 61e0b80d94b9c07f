import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { exists } from '../attempt.ts'
import { own } from '../own.ts'
import {
  frameworkFolder,
  hasLauncher,
  managerFolders,
  pythonIn,
  systemFolders,
} from '../platform/index.ts'
import { cacheFolder } from './cache-folder.ts'
import { onPath } from './on-path.ts'
import { readPlain } from './own-files.ts'
import { whoseChangeOnPath } from './ownership.ts'
import type { Place } from './places.ts'
import { strangerOf } from './venv.ts'

/** The newest minor version that is looked for: Python 3.17, of the year 2028. */
const NEWEST_MINOR = 17
const OLDEST_MINOR = 10
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
    if (exists(pythonIn(folder))) add(source, pythonIn(folder), strangerOf(folder))
  }
  const home = homedir()
  for (const name of versionedNames()) for (const path of onPath(name, env)) add('PATH', path)
  const cache = cacheFolder(env)
  const own = cache === undefined ? [] : [['pythreads', join(cache, 'python')] as const]
  for (const [source, folder] of [...own, ...managerFolders(env)])
    for (const name of entries(folder)) addFolder(source, join(folder, name))
  for (const folder of condaFolders(env, home)) addFolder('conda', folder)
  if (isWholeMachine) {
    for (const path of systemFolders().flatMap((folder) =>
      versionedNames().map((name) => join(folder, name)),
    )) {
      if (exists(path)) add(dirname(path), path, whoseChangeOnPath(path))
    }
    const frameworks = frameworkFolder()
    if (frameworks !== undefined)
      for (const name of entries(frameworks)) addFolder('python.org', join(frameworks, name))
    if (hasLauncher()) for (const path of await launcherPaths(env)) add('the launcher py', path)
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

function launcherPaths(env: NodeJS.ProcessEnv): Promise<string[]> {
  // Windows would look for the name in the current folder first, which may be anybody's.
  const [launcher] = onPath('py', env)
  if (launcher === undefined) return Promise.resolve([])
  return new Promise((resolve) => {
    execFile(
      launcher,
      ['--list-paths'],
      {
        timeout: LAUNCHER_MS,
        encoding: 'utf8',
        shell: false,
        windowsHide: true,
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
