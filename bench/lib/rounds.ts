// All cells of a scenario, interleaved: every driver once, then every driver again, so that what
// the machine does meanwhile befalls all of them.
import type { DriverInfo } from '../drivers/index.ts'
import type { PeerState } from '../peers/install.ts'
import { embedEnvironment } from './embed.ts'
import { WORK_FOLDER } from './folders.ts'
import type { Outcome } from './job.ts'
import { floor } from './plain-python.ts'
import type { BenchPython, BenchPythons } from './pythons.ts'
import { type CellResult, isFloor } from './results.ts'
import { type CellSettings, runCell } from './run-cell.ts'
import type { Scenario } from './scenario.ts'
import type { Settings } from './settings.ts'
import { summarize } from './statistics.ts'

/** What takes part in the rounds. */
export interface Runner {
  readonly name: string
  /** A reason not to run at all. */
  readonly missing?: string
  /** Not more rounds than this. */
  readonly rounds?: number | undefined
  run(): Promise<Outcome>
}

export function runnerOf(
  info: DriverInfo,
  scenario: Scenario,
  settings: Settings,
  pythons: BenchPythons,
  peers: Readonly<Record<string, PeerState>>,
): Runner {
  const python = info.python === 'own' ? pythons.main : pythons[info.python]
  const peerError = info.peer === undefined ? null : (peers[info.peer]?.error ?? null)
  if (python === null) return missing(info.name, 'there is no such Python here')
  if (peerError !== null) return missing(info.name, `not installed: ${peerError}`)
  const job = {
    scenario: scenario.name,
    driver: info.name,
    python: python.executable,
    ms: settings.ms,
    full: settings.full,
  }
  const how = { env: environment(info, python), timeoutMs: scenario.timeoutMs }
  const rounds = info.ours ? undefined : scenario.peerRounds
  return { name: info.name, rounds, run: () => runCell(job, how) }
}

/** The environment of a cell: that of this process, and what a library needs to find its Python. */
export function environment(info: DriverInfo, python: BenchPython): CellSettings['env'] {
  if (info.embeds !== true) return process.env
  const PYTHONPATH = [WORK_FOLDER, ...(python.site === null ? [] : [python.site])].join(':')
  return { ...process.env, ...embedEnvironment(python), PYTHONPATH }
}

/** Plain Python, for the metrics that have a floor. */
export function floorOf(name: string, scenario: Scenario, python: BenchPython, ms: number): Runner {
  const run = async (): Promise<Outcome> => {
    const values: Record<string, number> = {}
    const known = new Map<string, Promise<number>>()
    for (const [metric, { floor: work }] of Object.entries(scenario.metrics)) {
      if (work === undefined) continue
      const value = known.get(work) ?? floor(python.executable, work, ms)
      known.set(work, value)
      values[metric] = await value
    }
    return { kind: 'values', values }
  }
  return {
    name,
    run: () => run().catch((error: unknown) => ({ kind: 'error', error: String(error) })),
  }
}

/** The outcomes of each runner, by its name. What is not offered, or not there, has one outcome. */
export async function inRounds(
  runners: readonly Runner[],
  rounds: number,
  progress: (round: number, runner: string) => void,
): Promise<Map<string, Outcome[]>> {
  const outcomes = new Map<string, Outcome[]>(runners.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    // Back and forth, so that none is always the one that comes after the same other one.
    for (const runner of round % 2 === 0 ? runners : runners.toReversed()) {
      const mine = outcomes.get(runner.name) ?? []
      if (round >= (runner.rounds ?? rounds) || (round > 0 && isSettled(mine))) continue
      progress(round, runner.name)
      mine.push(
        runner.missing === undefined
          ? await runner.run()
          : { kind: 'error', error: runner.missing },
      )
    }
  }
  return outcomes
}

/**
 * Another round would say the same. A crash may be rare: it gets its other rounds; one that hung
 * does not.
 */
function isSettled(outcomes: readonly Outcome[]): boolean {
  return outcomes.some(({ kind, ...rest }) => {
    if (kind === 'not offered') return true
    const error = 'error' in rest ? rest.error : ''
    return (
      error.startsWith('not installed') ||
      error.startsWith('there is no') ||
      error.startsWith('no answer')
    )
  })
}

export function resultsOf(
  scenario: Scenario,
  driver: string,
  outcomes: readonly Outcome[],
): CellResult[] {
  const errors = outcomes.flatMap((outcome) => (outcome.kind === 'error' ? [outcome.error] : []))
  const notOffered = outcomes.flatMap((outcome) =>
    outcome.kind === 'not offered' ? [outcome.why] : [],
  )[0]
  return Object.entries(scenario.metrics).flatMap(
    ([metric, { unit, better, machine = false }]): CellResult[] => {
      const head = {
        scenario: scenario.name,
        metric,
        driver,
        unit,
        better,
        ...(machine ? { machine } : {}),
      }
      const values = outcomes.flatMap((outcome) => {
        const value = outcome.kind === 'values' ? outcome.values[metric] : undefined
        return value === undefined || Number.isNaN(value) ? [] : [value]
      })
      const trouble = errors.length === 0 ? {} : { errors }
      if (values.length > 0) return [{ ...head, summary: summarize(values), ...trouble }]
      if (machine || (isFloor(driver) && errors.length === 0)) return []
      if (errors.length > 0) return [{ ...head, errors }]
      return [{ ...head, notOffered: notOffered ?? `no ${metric}` }]
    },
  )
}

function missing(name: string, why: string): Runner {
  return { name, missing: why, run: async () => ({ kind: 'error', error: why }) }
}
