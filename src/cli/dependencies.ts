import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Dependencies, scriptNeeds } from '../environments/index.ts'
import { type PythonOptions, PythreadsError } from '../index.ts'
import type { Flag, Flags } from './flags.ts'
import { InstallProgress } from './install-progress.ts'

/** The flags of the commands that install packages before they call something. */
export interface DependencyFlags {
  with: string[] | undefined
  dependencies: string | undefined
  frozen: boolean
  /** False by `--no-install`. */
  install: boolean
}

export const frozenFlag: Flag<boolean> = {
  flags: '--frozen',
  description: 'install only what a lock file says (pythreads lock)',
  default: false,
}

export const dependencyFlags: Flags<DependencyFlags> = {
  with: {
    flags: '--with <package>',
    description: 'a package to install first; can be given several times',
    isRepeated: true,
  },
  dependencies: {
    flags: '--dependencies <file>',
    description: 'install what a requirements.txt, pyproject.toml or .py names',
    conflicts: 'with',
  },
  frozen: frozenFlag,
  install: {
    flags: '--no-install',
    description: 'install nothing, whatever the file of the target names',
    conflicts: ['with', 'dependencies', 'frozen'],
  },
}

/** What a command has to have installed, as options of `Python.start`. */
export type DependencyOptions = Pick<
  PythonOptions,
  'python' | 'dependencies' | 'frozen' | 'onProgress'
>

/**
 * What the flags, and the block `# /// script` (PEP 723) of a target's file, ask for. `{}`: nothing
 * is to be installed. `end` must be called when the pool has started or failed.
 */
export function dependencyOptions(
  flags: Partial<DependencyFlags> & { readonly python?: string | undefined },
  module: string,
): { readonly options: DependencyOptions; readonly end: () => void } {
  const asked = flags.install === false ? undefined : askedFor(flags, module)
  if (asked === undefined) {
    if (flags.frozen === true) throw nothingToInstall('--frozen')
    return { options: {}, end: () => {} }
  }
  const progress = new InstallProgress()
  const { frozen = false } = flags
  const options = { ...asked, frozen, onProgress: progress.onProgress }
  return { options, end: () => progress.end() }
}

function askedFor(
  flags: Partial<DependencyFlags> & { readonly python?: string | undefined },
  module: string,
): DependencyOptions | undefined {
  const asked = dependenciesAsked(flags)
  const needs =
    flags.dependencies === undefined && module.endsWith('.py')
      ? scriptNeeds(textOf(module), module)
      : undefined
  if (needs === undefined) return asked
  if (flags.with === undefined) return { dependencies: module }
  return {
    dependencies: [...needs.requirements, ...flags.with],
    python: flags.python ?? needs.requiresPython,
  }
}

/** What the flags ask for; `undefined`: nothing. */
export function dependenciesAsked({
  with: packages,
  dependencies,
}: Partial<DependencyFlags>): { readonly dependencies: Dependencies } | undefined {
  if (dependencies !== undefined) return { dependencies: resolve(dependencies) }
  return packages && { dependencies: packages }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // the import says what is wrong with the file
  }
}

function nothingToInstall(flag: string): PythreadsError {
  return new PythreadsError(
    'ERR_PYTHREADS_USAGE',
    `${flag} needs something to install: --with, --dependencies, or a file with a block # /// script`,
  )
}
