import { parseArgs } from 'node:util'
import { DRIVERS, type DriverInfo } from '../drivers/index.ts'
import { SCENARIOS } from '../scenarios/index.ts'
import type { Scenario } from './scenario.ts'

/** What `npm run bench -- ...` was asked for. */
export interface Settings {
  readonly scenarios: readonly Scenario[]
  readonly drivers: readonly DriverInfo[]
  readonly python: string | undefined
  readonly full: boolean
  readonly rounds: number
  readonly ms: number
  /** The revision to compare with. */
  readonly compare: string | undefined
  /** The name of the file of results. */
  readonly name: string
  /** That file has the scenarios that a run which was cut off had measured. */
  readonly continued: boolean
  /** Everything there is, so that these are the results to keep. */
  readonly complete: boolean
  /** Try once more what could not be installed. */
  readonly reinstall: boolean
  /** A file of results to make the page of, instead of measuring. */
  readonly report: string | undefined
  /** Make the pictures of docs/images, too. */
  readonly publish: boolean
}

const QUICK = { rounds: 3, ms: 150 }
const FULL = { rounds: 5, ms: 1000 }

export const USAGE = `npm run bench -- [options]
  --full                 all scenarios and sizes, 5 rounds of 1 s a cell; without it: those marked *, 3 rounds of 0.15 s
  --only <scenario,...>  ${SCENARIOS.map(({ name, quick }) => `${name}${quick ? '*' : ''}`).join(', ')}
  --drivers <name,...>   ${DRIVERS.map(({ name }) => name).join(', ')}; 'pythreads' is all that are ours
  --python <exe>         an executable or a virtual environment; default: the first that loads into this process and has numpy
  --compare <git rev>    only pythreads, this tree against that revision
  --rounds <n>, --ms <n> other than the above; BENCH_MS=50 is for trying out
  --name <name>          of the file in bench/results; default: the time. A complete --full run is kept as latest.json, too
  --continue <name>      go on with a run that was cut off: the same options, and the name of its file
  --reinstall            try peers again that could not be installed
  --report <file.json>   make the page of a file of results anew, beside it, and measure nothing
  --publish              make the pictures in docs/images and the tables of README and docs, too; needs Chromium`

/** @throws what is not understood, by name */
export function settings(args: readonly string[]): Settings {
  const { values } = parseArgs({
    args: [...args],
    options: {
      full: { type: 'boolean', default: false },
      only: { type: 'string' },
      drivers: { type: 'string' },
      python: { type: 'string' },
      compare: { type: 'string' },
      rounds: { type: 'string' },
      ms: { type: 'string' },
      name: { type: 'string' },
      continue: { type: 'string' },
      reinstall: { type: 'boolean', default: false },
      report: { type: 'string' },
      publish: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(USAGE)
    process.exit(0)
  }
  const set = values.full ? FULL : QUICK
  const ours = DRIVERS.filter((driver) => driver.ours)
  const named =
    values.drivers === undefined
      ? undefined
      : values.drivers.replace(/\bpythreads(?=,|$)/, ours.map(({ name }) => name).join())
  const drivers = pick('driver', DRIVERS, named)
  return {
    scenarios:
      values.full || values.only !== undefined
        ? pick('scenario', SCENARIOS, values.only)
        : SCENARIOS.filter(({ quick }) => quick),
    drivers: values.compare === undefined ? drivers : drivers.filter((driver) => driver.ours),
    python: values.python,
    full: values.full,
    rounds: number('--rounds', values.rounds) ?? set.rounds,
    ms: number('--ms', values.ms) ?? number('BENCH_MS', process.env['BENCH_MS']) ?? set.ms,
    compare: values.compare,
    name:
      values.continue ?? values.name ?? new Date().toISOString().slice(0, 19).replaceAll(':', '-'),
    complete:
      values.full &&
      values.only === undefined &&
      values.drivers === undefined &&
      values.compare === undefined,
    reinstall: values.reinstall,
    continued: values.continue !== undefined,
    report: values.report,
    publish: values.publish,
  }
}

function pick<T extends { readonly name: string }>(
  what: string,
  all: readonly T[],
  names: string | undefined,
): readonly T[] {
  if (names === undefined) return all
  const wanted = names.split(',').map((name) => name.trim())
  const unknown = wanted.find((name) => !all.some((one) => one.name === name))
  if (unknown !== undefined)
    throw new Error(
      `There is no ${what} "${unknown}". There are: ${all.map(({ name }) => name).join(', ')}`,
    )
  return all.filter(({ name }) => wanted.includes(name))
}

function number(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (!(value > 0)) throw new Error(`${name} takes a number above 0, not "${text}"`)
  return value
}
