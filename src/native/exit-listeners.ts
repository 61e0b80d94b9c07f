/**
 * Raises the listener limit of `process` by the listeners that pythreads adds, so that a program
 * with ten of its own gets no warning of a leak.
 */
export function makeRoomForListeners(count: number): void {
  const most = process.getMaxListeners()
  if (most > 0) process.setMaxListeners(most + count)
}
