import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { own } from '../own.ts'

const PLAIN = own({ encoding: 'utf8', shell: false, env: own(process.env) } as const)

/**
 * What a process holds in memory, in MB; 0 when it is gone or nobody can say. On Linux from /proc,
 * elsewhere from `ps`.
 */
export function residentMb(pid: number): number {
  try {
    if (process.platform === 'linux') {
      return (
        Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) /
        1024
      )
    }
    if (process.platform === 'win32') return 0
    return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], PLAIN)) / 1024
  } catch {
    return 0
  }
}
