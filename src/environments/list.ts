import { join } from 'node:path'
import { attempt } from '../attempt.ts'
import {
  type EnvironmentRecord,
  entriesOf,
  environmentsFolder,
  prepareFolder,
  readRecord,
  removeFolder,
  removeLeftovers,
} from './folder.ts'
import { takeLock } from './maker-lock.ts'

/**
 * Lists the environments that can be used, the newest first.
 *
 * @throws `ERR_PYTHREADS_ENVIRONMENT` when another user can change them
 */
export function listEnvironments(env: NodeJS.ProcessEnv = process.env): EnvironmentRecord[] {
  const root = environmentsFolder(env)
  return keysIn(root)
    .flatMap((key) => readRecord(root, key) ?? [])
    .sort((a, b) => (a.madeAt < b.madeAt ? 1 : -1))
}

/**
 * Removes an environment, with what attempts to make it have left. Waits for a process that is
 * making it. Programs that use it must have ended. Returns whether anything was there.
 */
export async function removeEnvironment(
  key: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<boolean> {
  const root = environmentsFolder(env)
  const isThere = keysIn(root).includes(key)
  if (!isThere) return false
  prepareFolder(root)
  const lock = await takeLock(join(root, `${key}.lock`), {
    onWait: () => {},
    isDone: () => false,
  })
  try {
    // The record first: nothing may use a folder that is half removed.
    removeFolder(join(root, `${key}.json`))
    removeLeftovers(root, key, undefined)
  } finally {
    lock?.release()
  }
  return true
}

/** The keys of all environments, also of those that nobody has finished. */
export function environmentKeys(env: NodeJS.ProcessEnv = process.env): string[] {
  return keysIn(attempt(() => environmentsFolder(env)) ?? '')
}

function keysIn(root: string): string[] {
  const keys = entriesOf(root).flatMap((name) => /^([0-9a-f]{20})[-.]/.exec(name)?.[1] ?? [])
  return [...new Set(keys)].sort()
}
