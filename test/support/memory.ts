import { readdirSync, readFileSync } from 'node:fs'

/** The ids of a process and of all below it. */
export function processTree(pid: number): number[] {
  try {
    const below = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8')
        .split(' ')
        .filter(Boolean)
        .map(Number),
    )
    return [pid, ...below.flatMap(processTree)]
  } catch {
    return [] // it has ended
  }
}

/** Bytes that a process and those below it hold in memory; what they share counts for each. */
export function treeMemory(pid: number): number {
  return processTree(pid).reduce((sum, id) => sum + residentBytes(id), 0)
}

function residentBytes(pid: number): number {
  try {
    return (
      Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
    )
  } catch {
    return 0
  }
}
