import { homedir } from 'node:os'
import { posix, win32 } from 'node:path'

/** Where each system keeps a user's files. `env`: the result of `ownVariables`. */

/** The folder for files that can be made again. */
export function cacheFolder(
  env: NodeJS.ProcessEnv,
  system: NodeJS.Platform = process.platform,
  home: string = homedir(),
): string {
  if (system === 'darwin') return posix.join(home, 'Library', 'Caches')
  if (system === 'win32') return env['LOCALAPPDATA'] || win32.join(home, 'AppData', 'Local')
  return env['XDG_CACHE_HOME'] || posix.join(home, '.cache')
}

/** A tool that installs Pythons, and the folder in which each of its Pythons has a folder. */
export type Manager = readonly [name: string, folder: string]

/** The folders of the tools that install Pythons. */
export function managerFolders(
  env: NodeJS.ProcessEnv,
  system: NodeJS.Platform = process.platform,
  home: string = homedir(),
): Manager[] {
  if (system === 'win32') {
    const { join } = win32
    const roaming = env['APPDATA'] || join(home, 'AppData', 'Roaming')
    const local = cacheFolder(env, system, home)
    // pyenv-win sets both variables; PYENV_ROOT is the newer one
    const pyenv = env['PYENV_ROOT'] || env['PYENV'] || join(home, '.pyenv', 'pyenv-win')
    return [
      ['pyenv', join(pyenv, 'versions')],
      ['uv', env['UV_PYTHON_INSTALL_DIR'] || join(roaming, 'uv', 'data', 'python')],
      ['mise', join(env['MISE_DATA_DIR'] || join(local, 'mise'), 'installs', 'python')],
      // where the installer of python.org puts the Pythons of one user
      ['python.org', join(local, 'Programs', 'Python')],
    ]
  }
  const { join } = posix
  const data = env['XDG_DATA_HOME'] ?? join(home, '.local', 'share')
  return [
    ['pyenv', join(env['PYENV_ROOT'] ?? join(home, '.pyenv'), 'versions')],
    ['uv', env['UV_PYTHON_INSTALL_DIR'] ?? join(data, 'uv', 'python')],
    ['mise', join(env['MISE_DATA_DIR'] ?? join(data, 'mise'), 'installs', 'python')],
    ['asdf', join(env['ASDF_DATA_DIR'] ?? join(home, '.asdf'), 'installs', 'python')],
  ]
}
