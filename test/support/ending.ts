import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Child, Ended } from './child.ts'

/**
 * How a program ended, when (as of `Date.now`), which processes it had named, and which of them
 * remained.
 */
export interface Ending extends Ended {
  at: number
  workers: number[]
  alive: number[]
}

/**
 * Waits until a program and everything that holds its output has ended, and then, for a while, for
 * the processes that it named in a line like `workers: 17 18.`: those that are left are `alive`.
 * Leaves nothing running.
 *
 * @throws when the program has not ended within the time
 */
export async function endingOf(child: Child, withinMs: number): Promise<Ending> {
  const ended = await Promise.race([child.ended, sleep(withinMs)])
  const at = Date.now()
  if (ended === undefined) {
    child.kill('SIGKILL')
    endAll(childrenOf(child.pid))
    const late = await Promise.race([child.ended, sleep(1_000)])
    throw new Error(
      `It had not ended after ${withinMs} ms; its output: ${late?.stdout} ${late?.stderr}`,
    )
  }
  const workers = workersOf(ended)
  const alive = await lasting(workers, 60_000)
  endAll(alive)
  return { ...ended, at, workers, alive }
}

function workersOf(ended: Ended): number[] {
  return (/workers: (.*)\./.exec(ended.stdout)?.[1] ?? '').split(' ').filter(Boolean).map(Number)
}

/** The Python processes that a host has started, which name it on their command line. */
function childrenOf(host: number): number[] {
  const listed = spawnSync('pgrep', ['-f', `pythreads_kernel.*\\.child\\([0-9, -]+, ${host}\\)`], {
    encoding: 'utf8',
  })
  return listed.stdout.split('\n').filter(Boolean).map(Number)
}

function endAll(pids: number[]): void {
  for (const pid of pids.filter(isAlive)) process.kill(pid, 'SIGKILL')
}

/** Those of the processes that are still there after the time. */
async function lasting(pids: number[], withinMs: number): Promise<number[]> {
  for (const deadline = Date.now() + withinMs; Date.now() < deadline; await sleep(10)) {
    if (!pids.some(isAlive)) return []
  }
  return pids.filter(isAlive)
}

/** Whether a process runs; one that has ended and that nobody has waited for does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return (
      process.platform !== 'linux' ||
      !/^\d+ \(.*\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
    )
  } catch {
    return false
  }
}
