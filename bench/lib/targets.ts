// The targets of TARGETS.md, "Speed", as they can be checked.
import type { DriverInfo } from '../drivers/index.ts'
import type { CellResult } from './results.ts'

/** What a target is held against. */
export interface Context {
  readonly ours: CellResult
  /** How many times as good as the best peer of the same kind; `undefined`: there is none. */
  readonly ratio: number | undefined
  /** The median of plain Python. */
  readonly floor: number | undefined
  readonly driver: DriverInfo
  /** The median of the same driver, or of plain Python, elsewhere. */
  readonly other: (scenario: string, metric: string, driver: string) => number | undefined
}

export interface Target {
  readonly text: string
  /** `undefined`: it cannot be said. */
  met(context: Context): boolean | undefined
}

const THREADS = ['pythreads-thread', 'pythreads-free-threaded']

/** The target of a metric for one of our drivers. */
export function targetOf(scenario: string, metric: string, driver: DriverInfo): Target | undefined {
  return TARGETS[`${scenario}/${metric}`]?.(driver)
}

const TARGETS: Readonly<Record<string, (driver: DriverInfo) => Target | undefined>> = {
  'a-sync/calls/s': ({ kind }) => (kind === 'in-process' ? beats(1.1) : undefined),
  'b-one-at-a-time/calls/s': () => beats(1),
  'c-20-callers/calls/s': () => beats(1.5),
  // Threads that share a GIL do not compute in parallel, and nobody says so.
  'd-cpu/of the ceiling': ({ name }) =>
    name === 'pythreads-thread' ? undefined : inEveryRound(0.95),
  'd-cpu/loop lag': () => atMost(5, 'ms'),
  'e-array-in/sync': ({ name }) => (THREADS.includes(name) ? timesFloor(1.05) : undefined),
  'e-array-in/async': ({ name }) => (name === 'pythreads-process' ? withinOneCopy() : undefined),
  'e-array-in/allocated': ({ name }) =>
    name === 'pythreads-process' ? timesFloor(1.05) : undefined,
  'e-array-in/allocated, sync': ({ name }) =>
    name === 'pythreads-process' ? timesFloor(1.05) : undefined,
  'f-array-out/sync': ({ name }) => (THREADS.includes(name) ? atMost(0.1, 'ms') : timesFloor(1)),
  'f-array-out/async': ({ name }) => (THREADS.includes(name) ? atMost(0.1, 'ms') : timesFloor(1)),
  'results/list of 1,000,000': () => atMost(40, 'ms'),
  'map/items/s': (driver) => ofTheLoop(driver),
  'start/of start': ({ name }) => {
    if (name === 'pythreads-thread') return atMost(60, 'ms')
    return name === 'pythreads-process' ? timesFloor(1.5) : undefined
  },
  'memory/one more': ({ name }) => atMost(MEGABYTES[name] ?? 0, 'MB'),
  'queue/bytes': () => atMost(400, 'B'),
  'queue/slower by': () => atMost(1.1, 'x'),
}

const MEGABYTES: Readonly<Record<string, number>> = {
  'pythreads-thread': 0.2,
  'pythreads-subinterpreter': 5,
  'pythreads-process': 12,
  'pythreads-free-threaded': 0.2,
}

function beats(ratio: number): Target {
  return {
    text: `${ratio}x the best peer`,
    met: (context) => compare(context.ratio, (value) => value >= ratio),
  }
}

function atMost(limit: number, unit: string): Target {
  return {
    text: `${limit} ${unit} at most`,
    met: ({ ours }) => compare(ours.summary?.median, (value) => value <= limit),
  }
}

function inEveryRound(least: number): Target {
  return {
    text: `${least} in every round`,
    met: ({ ours }) => compare(ours.summary?.min, (value) => value >= least),
  }
}

function timesFloor(times: number): Target {
  return {
    text: `${times}x plain Python at most`,
    met: ({ ours, floor }) =>
      compare(ours.summary?.median, (value) =>
        floor === undefined ? undefined : value <= times * floor,
      ),
  }
}

function withinOneCopy(): Target {
  return {
    text: 'numpy sum and one memcpy',
    met: ({ ours, floor, other }) => {
      const copy = other('f-array-out', 'async', 'plain-python')
      return compare(ours.summary?.median, (value) =>
        floor === undefined || copy === undefined ? undefined : value <= 1.05 * floor + copy,
      )
    },
  }
}

function ofTheLoop({ name }: DriverInfo): Target {
  return {
    text: '0.8 of a loop x workers',
    met: ({ ours, floor, other }) => {
      const parallel = name === 'pythreads-thread' ? 1 : other('d-cpu', 'ceiling', name)
      return compare(ours.summary?.median, (value) =>
        floor === undefined || parallel === undefined ? undefined : value >= 0.8 * floor * parallel,
      )
    },
  }
}

function compare(
  value: number | undefined,
  is: (value: number) => boolean | undefined,
): boolean | undefined {
  return value === undefined ? undefined : is(value)
}
