import { isMainThread } from 'node:worker_threads'

/**
 * Has `end` run when this JavaScript thread ends, unless it is terminated, after whoever listens to `exit` so far; for the main
 * thread, whose process ends, not at all.
 */
export function whenThreadEnds(end: () => void): void {
  if (!isMainThread) process.off('exit', end).once('exit', end)
}

let watching = false

/**
 * Sees to it that this process ends without freeing what Python may be reading: a natural end frees every array before it ends
 * the process, while Python's threads go on. Whoever listens to `exit` is heard before.
 */
export function leaveAtExit(): void {
  if (watching || !isMainThread) return
  watching = true
  process.on('exit', leave)
}

function leave(code: number): void {
  const listeners = process.rawListeners('exit')
  for (const listener of listeners.slice(listeners.indexOf(leave) + 1)) listener.call(process, code)
  const { reallyExit } = process as unknown as { reallyExit?: (code: number) => never }
  reallyExit?.call(process, Number(process.exitCode ?? code))
}
