import { fstatSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

/**
 * Has Node open its stdout and stderr now, rather than when they are first used. It makes a pipe or
 * a socket non-blocking then, for all who share it, and replaces a terminal's descriptor. Python
 * undoes both once, when it starts (`kernel/descriptors.py`; for a worker process libuv does).
 *
 * The main thread has done so before it makes another one, whose output it prints.
 */
export function openStandardOutput(): void {
  if (!isMainThread) return
  for (const [fd, name] of [[1, 'stdout'] as const, [2, 'stderr'] as const]) {
    try {
      const stats = fstatSync(fd)
      if (stats.isFIFO() || stats.isSocket() || stats.isCharacterDevice()) void process[name]
    } catch {} // closed, or nothing that Node can write to
  }
}
