import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/**
 * The folder in which pythreads keeps what it has learned and made: PYTHREADS_CACHE, else a folder
 * in the user's cache folder. `undefined` when PYTHREADS_CACHE turns it off.
 */
export function cacheFolder(env: NodeJS.ProcessEnv): string | undefined {
  const folder = env['PYTHREADS_CACHE'] ?? join(userCache(env), 'pythreads')
  return folder === 'off' || folder === '' ? undefined : resolve(folder)
}

function userCache(env: NodeJS.ProcessEnv): string {
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches')
  if (process.platform === 'win32')
    return env['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local')
  return env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
}
