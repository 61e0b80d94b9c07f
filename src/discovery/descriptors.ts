import { openSync } from 'node:fs'
import { devNull } from 'node:os'
import { letGo } from '../attempt.ts'
import { isShortage } from '../errors/index.ts'

/**
 * Checks that some descriptors can be opened, before a step that must not fail half-way: Node leaks
 * the pipes of a child that it cannot start for want of descriptors, and Python ends the process
 * when it cannot open its own files.
 *
 * @throws the system's error, `EMFILE` or `ENFILE`
 */
export function reserveDescriptors(count: number): void {
  const fds: number[] = []
  try {
    while (fds.length < count) fds.push(openSync(devNull, 'r'))
  } catch (error) {
    if (isShortage(error)) throw error // any other error: the system has no null device
  } finally {
    for (const fd of fds) letGo(fd)
  }
}
