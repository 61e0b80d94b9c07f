import { readdirSync, readFileSync } from 'node:fs'

/**
 * What this process and all that came of it hold, what they share counted once, in MB; `NaN` where
 * Linux's /proc is missing.
 */
export function treeMegabytes(): number {
  try {
    return descendants(process.pid).reduce((sum, pid) => sum + proportional(pid), 0)
  } catch {
    return Number.NaN
  }
}

/** A process and its children, and theirs. */
function descendants(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) => childrenOf(pid, task))
  return [pid, ...children.flatMap(descendants)]
}

function childrenOf(pid: number, task: string): number[] {
  const text = readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8')
  return text.split(' ').filter(Boolean).map(Number)
}

function proportional(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  return (Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? Number.NaN) * 1024) / 1e6
}
