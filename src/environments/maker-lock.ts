import {
  linkSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { threadId } from 'node:worker_threads'
import { attempt } from '../attempt.ts'

/**
 * A lock file, so that of several processes and threads one makes an environment and the others
 * wait. It names the process that holds it, and the holder touches it every second. It is broken
 * when that process is gone, or when a waiter has seen no touch for some time: its thread was
 * terminated, its machine is another one that was stopped, or the number of its process has been
 * given to another one. No clocks are compared. Where a lock is broken too early, two make the
 * environment, which costs time and nothing else.
 */

const TOUCH_MS = 1_000
const POLL_MS = 50
const STALE_MS = 15_000
/** For a holder in this process: nothing tells whether its thread was terminated. */
const STALE_THREAD_MS = 4_000

/** Who holds a lock. */
interface Holder {
  readonly pid: number
  /** When that process started, where the system says so: numbers of processes are used again. */
  readonly started: string | null
  /** Tells holders in one process apart. */
  readonly id: string
}

/** A lock that is held. */
export interface MakerLock {
  release(): void
}

interface Waiting {
  /** Called once if somebody else holds the lock. */
  readonly onWait: (pid: number) => void
  /** Whether there is nothing to wait for any more. */
  readonly isDone: () => boolean
  /** How long a holder may be silent; for tests. */
  readonly staleMs?: number
}

/**
 * Takes the lock. Returns `undefined` if what the lock is for has been done by another holder.
 *
 * @throws the system's error when the lock file cannot be written
 */
export async function takeLock(path: string, waiting: Waiting): Promise<MakerLock | undefined> {
  const { onWait, isDone, staleMs } = waiting
  const own: Holder = { pid: process.pid, started: startOf(process.pid), id: newId() }
  const text = JSON.stringify(own)
  let hasWaited = false
  let seen = ''
  let since = performance.now()
  for (;;) {
    if (create(path, text)) return hold(path, text)
    if (isDone()) return undefined
    const holder = look(path)
    if (holder !== undefined) {
      const state = `${holder.text} ${holder.touched}`
      if (state !== seen) since = performance.now()
      seen = state
      const pid = parse(holder.text)?.pid ?? 0
      const patience = staleMs ?? (pid === process.pid ? STALE_THREAD_MS : STALE_MS)
      if (isGone(holder.text) || performance.now() - since > patience) {
        breakLock(path, holder.text)
        continue
      }
      if (!hasWaited) onWait(pid)
      hasWaited = true
    }
    await sleep(POLL_MS)
  }
}

/**
 * Creates the lock file with its text, all at once: a file that is linked has its text from the
 * first moment. Returns false when there is one.
 */
function create(path: string, text: string): boolean {
  const draft = `${path}.${newId()}`
  writeFileSync(draft, text, { flag: 'wx', mode: 0o600 })
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    return createAlone(path, text) // the file system has no links
  } finally {
    rmSync(draft, { force: true })
  }
}

function createAlone(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function hold(path: string, text: string): MakerLock {
  const touch = () => {
    const now = new Date()
    attempt(() => utimesSync(path, now, now))
  }
  const release = () => {
    clearInterval(timer)
    process.removeListener('exit', release)
    if (look(path)?.text === text) rmSync(path, { force: true })
  }
  const timer = setInterval(touch, TOUCH_MS)
  timer.unref()
  process.once('exit', release)
  return { release }
}

function look(path: string): { text: string; touched: number } | undefined {
  return attempt(() => ({ text: readFileSync(path, 'utf8'), touched: statSync(path).mtimeMs }))
}

/** Removes a lock, unless somebody else has taken it meanwhile. */
function breakLock(path: string, text: string): void {
  const aside = `${path}.${newId()}`
  if (attempt(() => renameSync(path, aside) ?? true) === undefined) return
  // A new lock was moved aside: its holder gets it back.
  if (attempt(() => readFileSync(aside, 'utf8')) !== text) attempt(() => linkSync(aside, path))
  rmSync(aside, { force: true })
}

/** Whether the process that holds a lock has ended, as far as this process can tell. */
function isGone(text: string): boolean {
  const holder = parse(text)
  if (holder === undefined) return false // it may be half-written: see createAlone
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
  const started = startOf(holder.pid)
  return started !== null && holder.started !== null && started !== holder.started
}

function parse(text: string): Holder | undefined {
  const holder = attempt(() => JSON.parse(text) as Holder)
  return typeof holder?.pid === 'number' && holder.pid > 0 ? holder : undefined
}

/** When a process started, in ticks since the system did; `null` where there is no /proc. */
function startOf(pid: number): string | null {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
  // The second field is the name of the program, which may have spaces and parentheses.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
}

function newId(): string {
  return `${process.pid}-${threadId}-${Math.random().toString(36).slice(2, 10)}`
}
