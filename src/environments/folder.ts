import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { attempt } from '../attempt.ts'
import { cacheFolder, readOwn, whoseChangeOnPath, writeOwn } from '../discovery/index.ts'
import { ownVariables, pythonIn } from '../platform/index.ts'
import { environmentError } from './failure.ts'

/**
 * Where environments are: `environments/` of the cache folder. An environment is a folder
 * `<key>-<random>` and a record `<key>.json`, which names the folder. Rules:
 * 1. Each attempt to make an environment has a folder of its own, so no other attempt, and no child
 *    process of a maker that was killed, writes into it.
 * 2. The record is written last, by one rename. A folder that no record names is never used.
 * 3. A folder that a record names is never written to again.
 * So the lock of makers only saves work: the result is right without it.
 */
const FOLDER = 'environments'
/** Set when the record was written; a record of another format is ignored. */
const FORMAT = 1
/** The errors that say that there is no such file. */
const MISSING = ['ENOENT', 'ENOTDIR']
const EVERYBODY_READS = 0o644
const OTHERS_MAY_WRITE = 0o022

/** What is known about an environment. */
export interface EnvironmentRecord {
  readonly key: string
  /** The path of its folder, a virtual environment. */
  readonly folder: string
  /** What asked for it: the path of a file, or `dependencies`. */
  readonly name: string
  /** The requirements that were asked for, or the lines of a lock file. */
  readonly requirements: readonly string[]
  /** The Python that it was made with. */
  readonly python: string
  /** The version of that Python. */
  readonly release: string
  /** What made it, e.g. `uv 0.13.9`. */
  readonly madeBy: string
  /** When it was made, as an ISO date. */
  readonly madeAt: string
}

/** The folder of all environments, which may not exist. @throws `ERR_PYTHREADS_ENVIRONMENT` */
export function environmentsFolder(environment: NodeJS.ProcessEnv): string {
  const folder = cacheFolder(ownVariables(environment))
  if (folder === undefined) {
    throw environmentError(
      'There is no folder for environments, as PYTHREADS_CACHE turns the cache off: let it name a folder',
    )
  }
  return join(folder, FOLDER)
}

/** Creates the folder of all environments. @throws `ERR_PYTHREADS_ENVIRONMENT` */
export function prepareFolder(root: string): void {
  const where = 'PYTHREADS_CACHE can name another folder'
  const reason = whoseChangeOnPath(root, { mayBeSticky: true })
  if (reason !== undefined)
    throw environmentError(`Environments cannot be kept in ${root}: ${reason}. ${where}`)
  try {
    mkdirSync(root, { recursive: true, mode: 0o755 })
  } catch (cause) {
    const { message } = cause as Error
    throw environmentError(
      `The folder for environments cannot be made: ${message}. ${where}`,
      cause,
    )
  }
}

/**
 * Makes the folder for one attempt. Where new files may be written by others, because of the umask,
 * only this user can enter the folder.
 */
export function attemptFolder(root: string, key: string): string {
  const folder = join(root, `${key}-${Math.random().toString(36).slice(2, 10)}`)
  const isStrict = (process.umask() & OTHERS_MAY_WRITE) === OTHERS_MAY_WRITE
  mkdirSync(folder, { mode: isStrict ? 0o755 : 0o700 })
  return folder
}

/**
 * Returns the record of an environment that can be used: its folder and its interpreter are there.
 *
 * @throws `ERR_PYTHREADS_ENVIRONMENT` when another user could have changed it, or it cannot be read
 */
export function readRecord(root: string, key: string): EnvironmentRecord | undefined {
  let text: string
  try {
    text = readOwn(root, `${key}.json`)
  } catch (cause) {
    if (MISSING.includes((cause as NodeJS.ErrnoException).code ?? '')) return undefined
    // Not a reason to make it again, which removes what is there: this may pass.
    const { message } = cause as Error
    throw environmentError(`The environments in ${root} are not used: ${message}`, cause)
  }
  const record = attempt(() => parse(root, key, text))
  if (record === undefined || !isWhole(record)) return undefined
  const reason = whoseChangeOnPath(record.folder)
  if (reason === undefined) return record
  throw environmentError(`The environment ${record.folder} is not used: ${reason}`)
}

/** Whether the interpreter is there: the Python behind it may have been removed. */
function isWhole({ folder }: EnvironmentRecord): boolean {
  return existsSync(join(folder, 'pyvenv.cfg')) && existsSync(pythonIn(folder))
}

function parse(root: string, key: string, text: string): EnvironmentRecord | undefined {
  const { format, folder, ...record } = JSON.parse(text) as Record<string, unknown>
  const { name, requirements, python, release, madeBy, madeAt } = record
  const isOurs =
    format === FORMAT &&
    typeof folder === 'string' &&
    folder.startsWith(`${key}-`) &&
    !/[/\\]/.test(folder) &&
    [name, python, release, madeBy, madeAt].every((one) => typeof one === 'string') &&
    Array.isArray(requirements)
  return isOurs
    ? { ...(record as unknown as EnvironmentRecord), key, folder: join(root, folder) }
    : undefined
}

/** Makes an environment valid: from now on it is used. */
export function writeRecord(root: string, record: EnvironmentRecord): void {
  const { key, folder, ...rest } = record
  const name = folder.slice(root.length + 1)
  const text = JSON.stringify({ format: FORMAT, folder: name, ...rest })
  writeOwn(root, `${key}.json`, text, EVERYBODY_READS)
}

/** The names in the folder of all environments. */
export function entriesOf(root: string): string[] {
  return attempt(() => readdirSync(root)) ?? []
}

/**
 * Removes the folders of attempts that did not come to an end. A process that still writes to one
 * may keep it; the next maker removes it. `keep`: the folder that the record names.
 */
export function removeLeftovers(root: string, key: string, keep: string | undefined): void {
  const isOurs = (name: string) => name.startsWith(`${key}-`) || name.startsWith(`.${key}.json.`)
  for (const name of entriesOf(root).filter(isOurs)) {
    if (join(root, name) !== keep) removeFolder(join(root, name))
  }
}

export function removeFolder(path: string): void {
  attempt(() => rmSync(path, { recursive: true, force: true, maxRetries: 3 }))
}
