import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { lockFileFor } from '../../environments/index.ts'
import type { Example, Positional } from '../command.ts'
import { EXIT, fileError } from '../errors.ts'
import type { Flags } from '../flags.ts'
import { dependenciesOf, WHAT } from '../install-arguments.ts'
import { InstallProgress } from '../install-progress.ts'
import { pythonFlag } from '../pool-flags.ts'

export interface LockFlags {
  python: string | undefined
  check: boolean
}

export const name = 'lock'
export const summary = 'write the versions and hashes of packages into a lock file'
export const positionals: readonly Positional[] = [WHAT]

export const flags: Flags<LockFlags> = {
  python: pythonFlag,
  check: {
    flags: '--check',
    description: 'write nothing; status 1 says that the file would change',
    default: false,
  },
}

export const notes = `Stdout has the path of the lock file. It is used wherever the same packages are
asked for; --frozen, and the option \`frozen\`, insist on it.`

export const examples: readonly Example[] = [
  { line: 'pythreads lock requirements.txt', does: 'writes pythreads.lock beside it' },
]

export async function run({ python, check }: LockFlags, what: readonly string[]): Promise<number> {
  const progress = new InstallProgress()
  try {
    const { path, text } = await lockFileFor({
      python,
      dependencies: dependenciesOf(what),
      progress: (step, text) => progress.onProgress({ step, text }),
    })
    progress.end()
    console.log(path)
    if (check) return isTheSame(path, text) ? EXIT.ok : EXIT.failed
    write(path, text)
  } finally {
    progress.end()
  }
  return EXIT.ok
}

function isTheSame(path: string, text: string): boolean {
  try {
    return readFileSync(path, 'utf8') === text
  } catch {
    return false
  }
}

/** A program that starts meanwhile reads the old file or the new one. */
function write(path: string, text: string): void {
  const draft = `${path}.${process.pid}`
  try {
    writeFileSync(draft, text)
    renameSync(draft, path)
  } catch (error) {
    rmSync(draft, { force: true })
    throw fileError(path, error)
  }
}
