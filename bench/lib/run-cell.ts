// Runs one cell in a fresh process, in a process group of its own: one that hangs or leaves
// children behind is ended as a whole.
import { spawn } from 'node:child_process'
import { CELL_PROGRAM } from './folders.ts'
import { ANSWER_FD, type Job, type Outcome } from './job.ts'

/** What the scenario's own clocks do not bound: starting, warming up, closing. */
const BASE_TIMEOUT_MS = 45_000
const TIMES_BUDGET = 30
/** After its answer a process may still end its children. */
const END_MS = 10_000
const LAST_WORDS = 600

export interface CellSettings {
  readonly env: NodeJS.ProcessEnv
  readonly timeoutMs?: number | undefined
}

const running = new Set<number>()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    for (const pid of running) endGroup(pid)
    process.exit(128 + (signal === 'SIGINT' ? 2 : 15))
  })
}

/** How the cell ended; never throws for what the library does. */
export async function runCell(job: Job, { env, timeoutMs }: CellSettings): Promise<Outcome> {
  const limitMs = (timeoutMs ?? BASE_TIMEOUT_MS) + TIMES_BUDGET * job.ms
  // Large heaps: a million calls that wait are no leak.
  const args = ['--expose-gc', '--max-old-space-size=8192', CELL_PROGRAM, JSON.stringify(job)]
  const child = spawn(process.execPath, args, {
    detached: true,
    env,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  })
  const { pid } = child
  if (pid === undefined) throw new Error(`${process.execPath} cannot be started`)
  running.add(pid)
  let said = ''
  let lastWords = ''
  let timer = setTimeout(() => endGroup(pid), limitMs)
  let timedOut = true
  child.stdio[ANSWER_FD]?.on('data', (data: Buffer) => {
    said += data.toString()
    clearTimeout(timer)
    timedOut = false
    timer = setTimeout(() => endGroup(pid), END_MS)
  })
  child.stderr?.on('data', (data: Buffer) => {
    lastWords = (lastWords + data.toString()).slice(-LAST_WORDS)
  })
  const begun = Date.now()
  // `exit`, not `close`: what the library leaves behind may hold stderr open.
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.once('exit', (...how) => setTimeout(() => resolve(how), 20))
  })
  clearTimeout(timer)
  endGroup(pid)
  running.delete(pid)
  if (said !== '') return JSON.parse(said) as Outcome
  const how =
    timedOut && Date.now() - begun >= limitMs
      ? `no answer within ${limitMs / 1000} s`
      : `ended by ${signal ?? `status ${code}`}`
  return { kind: 'error', error: `${how}\n${lastWords.trim()}`.trim() }
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // it has ended
  }
}
