import { closeSync } from 'node:fs'

/** Returns the result of `look`, or `undefined` when it throws. */
export function attempt<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch {
    return undefined
  }
}

/** Closes a descriptor. Errors are ignored: after one, the descriptor is closed all the same. */
export function letGo(fd: number): void {
  attempt(() => closeSync(fd))
}
