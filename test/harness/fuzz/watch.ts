import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gathered } from '../../support/child.ts'
import { Places } from '../../support/places.ts'
import { Counts } from './coverage.ts'
import { Faults } from './looking.ts'
import { type Report, type Run, whereOf } from './recorder.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const HOST = fileURLToPath(new URL('host.ts', import.meta.url))
/** Whether frames come from real processes, or from within the host at the same channels. */
export type Level = 'inside' | 'processes'
/**
 * How long a host may stay at one sequence: its event loop stands still, or the machine is very
 * busy.
 */
const STILL_MS = 15_000
const LOOK_MS = 250
/** How often a host that fell or stood still is followed by another one. */
const MOST_HOSTS = 20

/**
 * A run by hosts that are watched from outside: one that falls or stands still is followed by
 * another one, behind what ended it.
 */
export async function watched(
  level: Level,
  options: Run,
  told: (report: Report) => void = () => {},
): Promise<Report> {
  using places = new Places()
  const progress = places.path('progress')
  const [sent, outcomes, faults] = [new Counts(), new Counts(), new Faults()]
  let [frames, workers, longestStopMs, from] = [0, 0, 0, options.from ?? 0]
  let slopes: Record<string, string> = {}
  const all = (): Report => {
    const counted = { sent: sent.toJSON(), outcomes: outcomes.toJSON(), faults: faults.found }
    return { seed: options.seed, frames, next: from, workers, ...counted, longestStopMs, slopes }
  }
  for (
    let hosts = 0;
    hosts < MOST_HOSTS && (hosts === 0 || !isOver(options, frames, from));
    hosts++
  ) {
    const { workers: most = Number.MAX_SAFE_INTEGER } = options
    const rest = {
      ...options,
      from,
      frames: options.frames - frames,
      workers: most - workers,
      progress,
    }
    const { report, fault } = await host(level, rest, (report) => told(report))
    if (report !== undefined) {
      sent.addAll(report.sent)
      outcomes.addAll(report.outcomes)
      for (const { what, where } of report.faults) faults.add(what, where)
      frames += report.frames
      workers += report.workers
      longestStopMs = Math.max(longestStopMs, report.longestStopMs)
      slopes = report.slopes
    }
    if (fault === undefined) break
    const at = Number(readFileSync(progress, 'latin1'))
    faults.add(fault, whereOf(options, at))
    from = at + 1
  }
  return all()
}

function isOver({ frames, corpus }: Run, sent: number, next: number): boolean {
  return corpus === undefined ? sent >= frames : next >= corpus.length
}

/** One host. Returns its last report, and how it ended if not by itself. */
async function host(
  level: Level,
  options: Run,
  told: (report: Report) => void,
): Promise<{ report?: Report; fault?: string }> {
  const child = spawn(
    process.execPath,
    ['--expose-gc', '--import', 'tsx', HOST, level, JSON.stringify(options)],
    {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let [last, since, isStill] = ['', Date.now(), false]
  const { printed, ended } = gathered(child, () => {
    const report = reportOf(printed.stdout)
    if (report !== undefined) told(report)
  })
  const look = setInterval(() => {
    const now = read(options.progress ?? '')
    if (now !== last) [last, since] = [now, Date.now()]
    if (Date.now() - since < STILL_MS) return
    isStill = true
    child.kill('SIGKILL')
  }, LOOK_MS)
  const { code, signal, stdout, stderr } = await ended
  clearInterval(look)
  const report = reportOf(stdout)
  if (code === 0) return report === undefined ? {} : { report }
  if (code === 1) throw new Error(`The harness itself failed: ${stderr}`)
  const fault = isStill
    ? 'the event loop stands still'
    : `the host fell by ${signal ?? `status ${code}`}: ${stderr.slice(0, 500)}`
  return { ...(report === undefined ? {} : { report }), fault }
}

/** The last report that is whole. */
function reportOf(printed: string): Report | undefined {
  const line = printed.split('\n').at(-2)
  return line === undefined ? undefined : (JSON.parse(line) as Report)
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
