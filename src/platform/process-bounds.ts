/**
 * Options that bound what a worker process may use, and that a system cannot keep: Windows has no
 * `setrlimit`, and Node does not tell there how much memory another process holds.
 */
const NOT_ON_WINDOWS: readonly string[] = [
  'limits.memoryMb',
  'limits.cpuSeconds',
  'limits.openFiles',
  'recycle.memoryMb',
]

/** Whether a system can keep a bound, by the name of its option. */
export function canKeep(option: string, system: NodeJS.Platform = process.platform): boolean {
  return system !== 'win32' || !NOT_ON_WINDOWS.includes(option)
}
