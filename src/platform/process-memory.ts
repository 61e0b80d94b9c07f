import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { own } from '../own.ts'

const PLAIN = own({ encoding: 'utf8', shell: false, env: own(process.env) } as const)

/**
 * The resident memory of a process, in MB; 0 when the process is gone, and on Windows. Linux has it
 * in /proc; `ps` says it elsewhere.
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
