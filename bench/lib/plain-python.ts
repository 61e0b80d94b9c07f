// The same work in plain Python, without any bridge: floors, and the ceiling of the machine.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { WORK_FOLDER } from './folders.ts'

/** What `busy` is called with: about 5 ms of pure Python. `floors.py` has the same number. */
export const CPU_SIZE = 160_000

const FLOORS = join(WORK_FOLDER, 'floors.py')

/**
 * What a function of `floors.py` answers; `start` is how long a Python that does nothing takes, in
 * ms.
 */
export async function floor(python: string, name: string, ms: number): Promise<number> {
  if (name === 'start') {
    const start = performance.now()
    await promisify(execFile)(python, ['-c', 'pass'])
    return performance.now() - start
  }
  const { stdout } = await promisify(execFile)(python, [FLOORS, name, String(ms)])
  return JSON.parse(stdout) as number
}

/** Calls of `busy` a second in so many plain Python processes at once. */
export async function plainProcesses(
  python: string,
  processes: number,
  ms: number,
): Promise<number> {
  const children = await Promise.all(Array.from({ length: processes }, () => startBusy(python, ms)))
  const rates = await Promise.all(children.map((child) => child.go()))
  return rates.reduce((sum, rate) => sum + rate, 0)
}

async function startBusy(python: string, ms: number): Promise<{ go(): Promise<number> }> {
  const child = spawn(python, [FLOORS, 'busy', String(ms)], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface(child.stdout)
  await once(lines, 'line') // ready
  const go = async () => {
    const answer = once(lines, 'line')
    child.stdin.end('go\n')
    const [line] = await answer
    await once(child, 'close')
    return JSON.parse(line as string) as number
  }
  return { go }
}
