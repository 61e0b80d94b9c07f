import { openSync } from 'node:fs'
import { devNull } from 'node:os'
import { letGo } from '../attempt.ts'
import { isShortage } from '../errors/index.ts'

/**
 * Makes sure that some descriptors can be opened, where failing half-way would do harm: Node never
 * closes the pipes of a child that it cannot start for want of descriptors, and Python ends the
 * process when it cannot open its own files.
 *
 * @throws the system's error, `EMFILE` or `ENFILE`
 */
export function reserveDescriptors(count: number): void {
  const fds: number[] = []
  try {
    while (fds.length < count) fds.push(openSync(devNull, 'r'))
  } catch (error) {
    if (isShortage(error)) throw error // else there is no such file here
  } finally {
    for (const fd of fds) letGo(fd)
  }
}
