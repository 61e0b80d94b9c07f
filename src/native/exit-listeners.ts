/**
 * Makes room for listeners of `process`, so that whoever has ten of their own is not warned of a
 * leak.
 */
export function makeRoomForListeners(count: number): void {
  const most = process.getMaxListeners()
  if (most > 0) process.setMaxListeners(most + count)
}
