import { join, resolve } from 'node:path'
import { cacheFolder as cacheOfUser } from '../platform/index.ts'

/**
 * The folder in which pythreads keeps what it has learned and made: PYTHREADS_CACHE, else a folder
 * in the user's cache folder. `undefined` when PYTHREADS_CACHE turns it off.
 */
export function cacheFolder(env: NodeJS.ProcessEnv): string | undefined {
  const folder = env['PYTHREADS_CACHE'] ?? join(cacheOfUser(env), 'pythreads')
  return folder === 'off' || folder === '' ? undefined : resolve(folder)
}
