import { environmentPython } from '../../environments/index.ts'
import type { Example, Positional } from '../command.ts'
import { frozenFlag } from '../dependencies.ts'
import { EXIT } from '../errors.ts'
import type { Flags } from '../flags.ts'
import { dependenciesOf, WHAT } from '../install-arguments.ts'
import { InstallProgress } from '../install-progress.ts'
import { pythonFlag } from '../pool-flags.ts'

export interface InstallFlags {
  python: string | undefined
  frozen: boolean
  quiet: boolean
}

export const name = 'install'
export const summary = 'make an environment, as the option `dependencies` would'
export const positionals: readonly Positional[] = [WHAT]

export const flags: Flags<InstallFlags> = {
  python: { ...pythonFlag, description: `${pythonFlag.description}; uv gets what is missing` },
  frozen: frozenFlag,
  quiet: { flags: '-q, --quiet', description: 'print no progress', default: false },
}

export const notes = `Stdout has the path of the environment's Python. A program that asks for the
same Python and packages uses this environment.`

export const examples: readonly Example[] = [
  {
    line: 'pythreads install requirements.txt',
    does: 'makes an environment of what the file names',
  },
]

export async function run(flags: InstallFlags, what: readonly string[]): Promise<number> {
  const progress = new InstallProgress()
  const { python, frozen, quiet } = flags
  try {
    const { facts } = await environmentPython({
      python,
      frozen,
      dependencies: dependenciesOf(what),
      progress: (step, text) => quiet || progress.onProgress({ step, text }),
    })
    progress.end()
    console.log(facts.executable)
  } finally {
    progress.end()
  }
  return EXIT.ok
}
