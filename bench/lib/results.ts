import { mkdirSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { PeerState } from '../peers/install.ts'
import { RESULTS_FOLDER, ROOT } from './folders.ts'
import type { BenchPython, PythonName } from './pythons.ts'
import type { Summary } from './statistics.ts'

/** One metric of one scenario through one driver. `plain-python` is the floor. */
export interface CellResult {
  readonly scenario: string
  readonly metric: string
  readonly driver: string
  readonly unit: string
  readonly better: 'more' | 'less'
  readonly machine?: true
  /** Missing: nothing was measured; `notOffered` or `errors` say why. */
  readonly summary?: Summary
  readonly notOffered?: string
  /** What went wrong, once for each round in which it did. */
  readonly errors?: readonly string[]
}

type PythonFacts = Pick<BenchPython, 'release' | 'freeThreaded'>

/** A file of bench/results. */
export interface Results {
  readonly at: string
  readonly revision: string
  readonly machine: {
    readonly cpus: number
    readonly model: string
    readonly node: string
    readonly load: readonly number[]
  }
  readonly settings: { readonly full: boolean; readonly rounds: number; readonly ms: number }
  readonly pythons: Readonly<Record<Exclude<PythonName, 'main'>, PythonFacts | null>> & {
    readonly main: PythonFacts
  }
  readonly peers: Readonly<Record<string, Pick<PeerState, 'version' | 'error'>>>
  readonly cells: readonly CellResult[]
}

/** Plain Python, as a driver of the results: one for each Python that is measured. */
export const FLOORS: Readonly<Record<PythonName, string>> = {
  main: 'plain-python',
  subinterpreter: 'plain-python-subinterpreter',
  freeThreaded: 'plain-python-free-threaded',
}

export function isFloor(driver: string): boolean {
  return Object.values(FLOORS).includes(driver)
}

export function fileOf(name: string): string {
  return join(RESULTS_FOLDER, `${name}.json`)
}

/** Answers the file's path. */
export function saveResults(results: object, name: string): string {
  mkdirSync(RESULTS_FOLDER, { recursive: true })
  const file = fileOf(name)
  writeFileSync(file, `${JSON.stringify(results, withoutPaths, 2)}\n`)
  return file
}

/** What says where something is on this machine. */
const PLACES: ReadonlySet<string> = new Set([
  'executable',
  'base',
  'site',
  'library',
  'python',
] satisfies (keyof BenchPython | keyof PeerState)[])

/** Results are shown to others: they say nothing of this machine's folders. */
function withoutPaths(key: string, value: unknown): unknown {
  if (PLACES.has(key)) return undefined
  return typeof value === 'string' ? value.replaceAll(ROOT, '.').replaceAll(homedir(), '~') : value
}
