import type { Example, Positional } from '../command.ts'
import { type DependencyFlags, dependencyFlags } from '../dependencies.ts'
import { asJson, report } from '../doctor/report.ts'
import { inWords } from '../doctor/text.ts'
import { EXIT } from '../errors.ts'
import { type Flags, names } from '../flags.ts'
import { pathFlag, pythonFlag } from '../pool-flags.ts'

export interface DoctorFlags extends Pick<DependencyFlags, 'with' | 'dependencies' | 'frozen'> {
  import: string[] | undefined
  python: string | undefined
  path: string[] | undefined
  json: boolean
  verbose: boolean
}

export const name = 'doctor'
export const summary = 'show which Python is used, what it supports, and how to mend it'
export const positionals: readonly Positional[] = []

export const flags: Flags<DoctorFlags> = {
  import: {
    flags: '--import <modules>',
    description: 'modules to import, for example numpy,pandas',
    parse: names,
  },
  python: pythonFlag,
  with: { ...dependencyFlags.with, description: 'a package that would be installed first' },
  dependencies: { ...dependencyFlags.dependencies, description: 'a file that names such packages' },
  frozen: dependencyFlags.frozen,
  path: pathFlag,
  verbose: {
    flags: '-v, --verbose',
    description: 'show every Python that was found, and all reasons',
    default: false,
  },
  json: { flags: '--json', description: 'print JSON', default: false },
}

export const examples: readonly Example[] = [
  { line: 'pythreads doctor', does: 'shows the Python, and what it supports' },
  {
    line: 'pythreads doctor --import json,sqlite3',
    does: 'imports these modules; status 1 says that one does not work',
  },
]

/**
 * Shows the Pythons of the machine, what this program has and lacks, and the isolation that `auto`
 * would choose. The exit status is 0 when there is a Python and the modules work.
 */
export async function run(flags: DoctorFlags): Promise<number> {
  const all = await report(flags, flags.import ?? [], flags.path ?? [])
  console.log(flags.json ? JSON.stringify(asJson(all)) : inWords(all, flags.verbose))
  const isWell = all.used !== undefined && (all.imports?.modules.every(({ ok }) => ok) ?? true)
  return isWell ? EXIT.ok : EXIT.failed
}
