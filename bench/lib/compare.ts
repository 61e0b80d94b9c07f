// This tree against another revision: the same cells of both, one after the other, and how sure one
// can be of the ratio.
import { join } from 'node:path'
import type { DriverInfo } from '../drivers/index.ts'
import { ROOT } from './folders.ts'
import type { Outcome } from './job.ts'
import { middle } from './measure.ts'
import type { BenchPythons } from './pythons.ts'
import { format } from './report.ts'
import { saveResults } from './results.ts'
import { buildRevision, revision } from './revision.ts'
import { environment, inRounds, type Runner } from './rounds.ts'
import { runCell } from './run-cell.ts'
import type { Scenario } from './scenario.ts'
import type { Settings } from './settings.ts'
import { ratioOfMedians } from './statistics.ts'

interface Comparison {
  readonly scenario: string
  readonly metric: string
  readonly driver: string
  readonly unit: string
  readonly now: readonly number[]
  readonly before: readonly number[]
  /** Above 1: this tree is better. */
  readonly better: { readonly ratio: number; readonly low: number; readonly high: number }
}

const FACTS_FOLDER = join(ROOT, '.cache', 'compare', 'facts')

/** A median of three rounds has hardly an interval. */
const LEAST_ROUNDS = 7

export async function compare(
  settings: Settings,
  name: string,
  pythons: BenchPythons,
): Promise<void> {
  const { commit, build } = buildRevision(name)
  const rounds = Math.max(settings.rounds, LEAST_ROUNDS)
  console.log(
    `This tree (${revision()}) against ${name} (${commit.slice(0, 12)}), ${rounds} rounds of ${settings.ms} ms; above 1 is better now`,
  )
  const comparisons: Comparison[] = []
  for (const scenario of settings.scenarios) {
    for (const info of settings.drivers) {
      const runners = (['now', 'before'] as const).map((when) =>
        runnerOf(when, info, scenario, settings, pythons, build),
      )
      const outcomes = await inRounds(runners, rounds, (round, runner) =>
        process.stderr.write(`${scenario.name} ${info.name} ${runner}, round ${round + 1}\n`),
      )
      const found = compareOutcomes(
        scenario,
        info,
        outcomes.get('now') ?? [],
        outcomes.get('before') ?? [],
      )
      for (const comparison of found) console.log(line(comparison))
      comparisons.push(...found)
    }
  }
  const file = saveResults(
    { at: new Date().toISOString(), now: revision(), before: commit, comparisons },
    `compare-${settings.name}`,
  )
  console.log(`\n${file}`)
}

function runnerOf(
  when: 'now' | 'before',
  info: DriverInfo,
  scenario: Scenario,
  { ms, full }: Settings,
  pythons: BenchPythons,
  build: string,
): Runner {
  const python = info.python === 'own' ? pythons.main : pythons[info.python]
  if (python === null)
    return {
      name: when,
      run: async () => ({ kind: 'not offered', why: 'there is no such Python here' }),
    }
  const env = environment(info, python)
  const job = { scenario: scenario.name, driver: info.name, python: python.executable, ms, full }
  // Each keeps what it learned about Python in a place of its own: they would ask again and again
  // where one replaced the other's.
  const PYTHREADS_CACHE = join(FACTS_FOLDER, when)
  const which = when === 'now' ? {} : { BENCH_PYTHREADS: build }
  const settings = { env: { ...env, PYTHREADS_CACHE, ...which }, timeoutMs: scenario.timeoutMs }
  return { name: when, run: () => runCell(job, settings) }
}

function compareOutcomes(
  scenario: Scenario,
  { name }: DriverInfo,
  now: readonly Outcome[],
  before: readonly Outcome[],
): Comparison[] {
  for (const [when, outcomes] of Object.entries({ now, before })) {
    const failed = outcomes.find((outcome) => outcome.kind === 'error')
    if (failed !== undefined)
      console.log(`${scenario.name}, ${name}, ${when}: FAILED: ${failed.error.split('\n')[0]}`)
  }
  return Object.entries(scenario.metrics).flatMap(([metric, { unit, better }]) => {
    const [ours, theirs] = [valuesOf(now, metric), valuesOf(before, metric)]
    if (ours.length === 0 || theirs.length === 0) return []
    const ratio = better === 'more' ? ratioOfMedians(ours, theirs) : ratioOfMedians(theirs, ours)
    return [
      {
        scenario: scenario.name,
        metric,
        driver: name,
        unit,
        now: ours,
        before: theirs,
        better: ratio,
      },
    ]
  })
}

function valuesOf(outcomes: readonly Outcome[], metric: string): number[] {
  return outcomes.flatMap((outcome) => {
    const value = outcome.kind === 'values' ? outcome.values[metric] : undefined
    return value === undefined || Number.isNaN(value) ? [] : [value]
  })
}

function line({
  scenario,
  metric,
  driver,
  unit,
  now,
  before,
  better: { ratio, low, high },
}: Comparison): string {
  const verdict = low > 1 ? 'better' : high < 1 ? 'WORSE' : 'no difference that can be told'
  const medians = `${format(middle(before))} -> ${format(middle(now))} ${unit}`
  const interval = `x${ratio.toFixed(3)} (${low.toFixed(3)} .. ${high.toFixed(3)})`
  return [
    `${scenario}, ${metric}`.padEnd(36),
    driver.padEnd(26),
    medians.padEnd(28),
    interval.padEnd(26),
    verdict,
  ].join(' ')
}
