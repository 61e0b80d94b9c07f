import { closeSync } from 'node:fs'

/** Closes a descriptor. The system says what it could not write, and the descriptor is gone all the same: what comes behind must be done. */
export function letGo(fd: number): void {
  try {
    closeSync(fd)
  } catch {}
}
