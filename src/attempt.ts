import { closeSync } from 'node:fs'

/** Returns what `look` returns, `undefined` where it throws. */
export function attempt<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch {
    return undefined
  }
}

/**
 * Closes a descriptor. Where the system reports an error, the descriptor is closed all the same,
 * and the caller goes on.
 */
export function letGo(fd: number): void {
  attempt(() => closeSync(fd))
}
