import { readFileSync } from 'node:fs'

/**
 * The activity of a thread. `timed lock`: it waits for a lock with a time limit, as CPython waits
 * for the GIL. `waiting`: it waits for anything else.
 */
export type Activity = 'running' | 'timed lock' | 'waiting' | 'unknown'

/** The number of the system call `futex`, by which a thread waits for a lock. */
const FUTEX: string | undefined = ({ x64: '202', arm64: '98' } as Record<string, string>)[
  process.arch
]

/** Reads what a thread does; only Linux tells it. */
export function activityOf(pid: number, thread: number): Activity {
  if (process.platform !== 'linux' || FUTEX === undefined) return 'unknown'
  try {
    // The number of the system call and its arguments; the fourth is the address of the time limit.
    const call = readFileSync(`/proc/${pid}/task/${thread}/syscall`, 'latin1').trim().split(' ')
    if (call[0] === 'running') return 'running'
    return call[0] === FUTEX && call[4] !== '0x0' ? 'timed lock' : 'waiting'
  } catch {
    return 'unknown' // the thread has ended, or /proc may not be read
  }
}
