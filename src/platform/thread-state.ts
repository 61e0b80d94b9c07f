import { readFileSync } from 'node:fs'

/**
 * What a thread does: it computes, waits for a lock with a time limit, as for the GIL, or waits for
 * something else.
 */
export type Activity = 'running' | 'timed lock' | 'waiting' | 'unknown'

/** The number of the system call in which a thread waits for a lock. */
const FUTEX: string | undefined = ({ x64: '202', arm64: '98' } as Record<string, string>)[
  process.arch
]

/** Asks the system what a thread does; only Linux says it. */
export function activityOf(pid: number, thread: number): Activity {
  if (process.platform !== 'linux' || FUTEX === undefined) return 'unknown'
  try {
    // The number of the call and its arguments, the fourth of which is the address of the time
    // limit.
    const call = readFileSync(`/proc/${pid}/task/${thread}/syscall`, 'latin1').trim().split(' ')
    if (call[0] === 'running') return 'running'
    return call[0] === FUTEX && call[4] !== '0x0' ? 'timed lock' : 'waiting'
  } catch {
    return 'unknown' // it is gone, or the system does not tell
  }
}
