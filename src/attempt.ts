import { closeSync, existsSync } from 'node:fs'

/** Returns the result of `look`, or `undefined` when it throws. */
export function attempt<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch {
    return undefined
  }
}

/**
 * Whether a path exists. `existsSync` throws where Node's permission model forbids to look; such a
 * path does not exist for this process.
 */
export function exists(path: string): boolean {
  return attempt(() => existsSync(path)) === true
}

/** Closes a descriptor. Errors are ignored: after one, the descriptor is closed all the same. */
export function letGo(fd: number): void {
  attempt(() => closeSync(fd))
}
