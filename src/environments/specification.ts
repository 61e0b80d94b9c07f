import { existsSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { projectFolders } from '../discovery/index.ts'
import { environmentError } from './failure.ts'
import { digest } from './key.ts'
import { readText, requirementLines } from './requirement-files.ts'
import { projectNeeds, scriptNeeds } from './script-metadata.ts'

/** What the option `dependencies` asks for: requirements, or the path of a file that has them. */
export type Dependencies = readonly string[] | string

/** The packages that are asked for, wherever they are written down. */
export interface Specification {
  /** What messages call it: the path of the file, or `dependencies`. */
  readonly name: string
  /** The requirements, or the lines of a requirements file. */
  readonly requirements: readonly string[]
  /**
   * The file that uv and pip read; `undefined`: the requirements are written into a file for them.
   */
  readonly file: string | undefined
  /** To which folder relative paths in requirements belong. */
  readonly folder: string
  /** Changes with everything that is asked for. */
  readonly digest: string
  readonly requiresPython: string | undefined
  /** Whether every package has its version and its hashes. */
  readonly isLocked: boolean
  /** Whether only uv can read the file. */
  readonly needsUv: boolean
  /** The path at which its lock file is, or would be. */
  readonly lockFile: string
}

const LOCK_FILE = 'pythreads.lock'

/**
 * Reads what is asked for.
 *
 * @throws `ERR_PYTHREADS_ENVIRONMENT` for a file that cannot be read, or says nothing
 */
export function specify(
  dependencies: Dependencies,
  cwd: string = process.cwd(),
  main: string | undefined = process.argv[1],
): Specification {
  if (typeof dependencies !== 'string') {
    const requirements = [...new Set(dependencies.map((text) => text.trim()))].sort()
    return listed({
      name: '`dependencies`',
      requirements,
      folder: cwd,
      lockFile: lockFileOf(cwd, main),
    })
  }
  const file = resolve(cwd, dependencies)
  if (!existsSync(file)) throw noFile(dependencies, file)
  const folder = dirname(file)
  const name = basename(file)
  if (/^pylock(\.[^.]+)?\.toml$/.test(name)) {
    const lines = [readText(file)]
    return { ...locked(file, lines), requirements: [], needsUv: true }
  }
  if (name.endsWith('.toml')) {
    const needs = projectNeeds(readText(file), file)
    return listed({ name: file, folder, lockFile: join(folder, LOCK_FILE), ...needs })
  }
  if (name.endsWith('.py')) {
    const needs = scriptNeeds(readText(file), file)
    if (needs === undefined)
      throw environmentError(`${file} has no block # /// script (PEP 723) that names packages`)
    return listed({ name: file, folder, lockFile: scriptLock(file), ...needs })
  }
  const { lines, isLocked } = requirementLines(file)
  if (isLocked) return locked(file, lines)
  return {
    ...locked(file, lines),
    isLocked: false,
    lockFile: join(folder, LOCK_FILE),
  }
}

/** A lock file as what is asked for. */
export function locked(file: string, lines: readonly string[]): Specification {
  return {
    name: file,
    requirements: lines,
    file,
    folder: dirname(file),
    digest: digest(lines),
    requiresPython: undefined,
    isLocked: true,
    needsUv: false,
    lockFile: file,
  }
}

function listed(given: {
  readonly name: string
  readonly requirements: readonly string[]
  readonly folder: string
  readonly lockFile: string
  readonly requiresPython?: string | undefined
}): Specification {
  const requirements = [...new Set(given.requirements)].sort()
  const refused = requirements.find((text) => !isRequirement(text))
  if (refused !== undefined) {
    throw environmentError(
      `${given.name}: ${JSON.stringify(refused)} is no requirement; e.g. 'numpy', 'numpy>=2', 'pandas[parquet]~=2.2; python_version < "3.14"', 'tool @ https://example.org/tool.whl'`,
    )
  }
  return {
    requiresPython: undefined,
    ...given,
    requirements,
    file: undefined,
    digest: digest(requirements),
    isLocked: false,
    needsUv: false,
  }
}

/**
 * Whether a text may be a requirement: it begins with the name of a package, and has one line. A
 * line that began with a dash would be an option of uv or pip.
 */
export function isRequirement(text: string): boolean {
  return /^[A-Za-z0-9][^\r\n]*$/.test(text)
}

/** `rules.py` has its lock file beside it, `rules.pythreads.lock`. */
function scriptLock(file: string): string {
  return file.replace(/\.py$/, `.${LOCK_FILE}`)
}

/**
 * The lock file of the project, looked for where the virtual environment of a project is; else
 * where it would be written.
 */
function lockFileOf(cwd: string, main: string | undefined): string {
  const { ofMain, ofCwd, isTool } = projectFolders(cwd, main)
  const folders = isTool ? [...ofCwd, ...ofMain] : [...ofMain, ...ofCwd]
  const paths = folders.map((folder) => join(folder, LOCK_FILE))
  return paths.find((path) => existsSync(path)) ?? join(cwd, LOCK_FILE)
}

function noFile(given: string, file: string): Error {
  const isName = /^[A-Za-z0-9][\w.-]*(\[.*\])?\s*([<>=~!].*)?$/.test(given)
  const hint = isName ? `. A package is written in an array: ['${given}']` : ''
  return environmentError(`\`dependencies\` names ${file}, which does not exist${hint}`)
}
