import { join } from 'node:path'
import type { PythonFacts } from '../discovery/index.ts'
import type { PythreadsError } from '../errors/index.ts'
import { environmentError, indented } from './failure.ts'
import {
  attemptFolder,
  type EnvironmentRecord,
  prepareFolder,
  readRecord,
  removeFolder,
  removeLeftovers,
  writeRecord,
} from './folder.ts'
import { type Failure, type Installation, installByPip, installByUv } from './installers.ts'
import { digest, keyOf } from './key.ts'
import { takeLock } from './maker-lock.ts'
import { requirementLines } from './requirement-files.ts'
import type { Specification } from './specification.ts'
import type { Tools } from './tools.ts'

const MAX_SHOWN = 8
const MAX_RECORDED = 200
const MAX_RECORDED_LENGTH = 200

/** What is made. */
export interface Wanted {
  /** The folder of all environments. */
  readonly root: string
  readonly python: PythonFacts
  readonly what: Specification
  readonly tools: Tools
}

/** The environments that this thread is making now, by their record. */
const underWay = new Map<string, Promise<EnvironmentRecord>>()

/**
 * Returns the environment for a Python and what is asked for. Whoever comes first makes it; all
 * others, in this process and in others, wait.
 *
 * @throws `ERR_PYTHREADS_ENVIRONMENT`
 */
export async function environmentOf(wanted: Wanted): Promise<EnvironmentRecord> {
  const { root, python, what, tools } = wanted
  const key = keyOf(python, what.digest)
  const there = readRecord(root, key)
  if (there !== undefined) return there
  const id = join(root, key)
  const making = underWay.get(id)
  if (making !== undefined) {
    tools.progress('wait', `Waiting for another pool of this process, which makes ${id}`)
    return making
  }
  const made = makeLocked(wanted, key).finally(() => underWay.delete(id))
  underWay.set(id, made)
  return made
}

async function makeLocked(wanted: Wanted, key: string): Promise<EnvironmentRecord> {
  const { root, tools } = wanted
  prepareFolder(root)
  const path = join(root, `${key}.lock`)
  const record = () => readRecord(root, key)
  for (;;) {
    const lock = await takeLock(path, {
      isDone: () => record() !== undefined,
      onWait: (pid) =>
        tools.progress('wait', `Waiting for process ${pid}, which makes the same environment`),
    }).catch((cause: Error) => {
      throw environmentError(
        `No environment can be made in ${root}: ${cause.message}. PYTHREADS_CACHE can name another folder`,
        cause,
      )
    })
    try {
      const there = record()
      if (there !== undefined) return there
      if (lock !== undefined) return await make(wanted, key)
    } finally {
      lock?.release()
    }
  }
}

/** Makes the environment in a new folder, by each way in turn until one works. */
async function make(wanted: Wanted, key: string): Promise<EnvironmentRecord> {
  const { root, python, what, tools } = wanted
  removeLeftovers(root, key, undefined)
  tools.progress(
    'install',
    `Making an environment of ${namesOf(what)} with Python ${python.release}`,
  )
  const failures: Failure[] = []
  for (const way of ways(wanted)) {
    const folder = attemptFolder(root, key)
    try {
      const result = await way(installation(wanted, folder))
      if ('madeBy' in result) {
        checkUnchanged(what)
        const record = recordOf(wanted, key, folder, result.madeBy)
        writeRecord(root, record)
        tools.progress('install', `Made ${folder}`)
        return record
      }
      removeFolder(folder)
      failures.push(...result.failures)
      if (result.failures.some(({ isFinal }) => isFinal)) break
    } catch (error) {
      removeFolder(folder)
      throw error
    }
  }
  throw allFailed(wanted, failures)
}

type Result = { readonly madeBy: string } | { readonly failures: readonly Failure[] }

/** The ways to make an environment, the best one first. */
function ways({ what, tools }: Wanted): ((installation: Installation) => Promise<Result>)[] {
  const unreachable = needsIndex(what) ? tools.unreachable() : Promise.resolve(undefined)
  return [
    async (installation) => {
      // Without packages, the module venv does as well: no reason to fetch uv.
      const mayNotFetch = what.requirements.length > 0 || what.needsUv ? undefined : 'not needed'
      const uv = await tools.uv((await unreachable) ?? mayNotFetch)
      const why = await unreachable
      const failures = why === undefined ? [] : [{ way: 'network', reason: why, isFinal: false }]
      if (uv === undefined)
        return { failures: [{ way: 'uv', reason: tools.whyNoUv(), isFinal: false }, ...failures] }
      const failure = await installByUv(uv, installation, why !== undefined)
      if (failure === undefined) return { madeBy: `uv ${uv.version}` }
      return { failures: [...failures, failure] }
    },
    async (installation) => {
      if ((await unreachable) !== undefined) return { failures: [] }
      if (what.needsUv) {
        const reason = `only uv can read ${what.name}`
        return { failures: [{ way: 'pip', reason, isFinal: true }] }
      }
      const failure = await installByPip(installation)
      return failure === undefined ? { madeBy: 'pip' } : { failures: [failure] }
    },
  ]
}

/** Whether the package index is needed: not where a file names other places, or nothing at all. */
function needsIndex({ requirements, needsUv }: Specification): boolean {
  const isElsewhere = (line: string) =>
    line.includes('://') || /^(-i|-f|--index-url|--find-links|--no-index)\b/.test(line)
  return requirements.length > 0 && !needsUv && !requirements.some(isElsewhere)
}

function installation({ python, what, tools }: Wanted, folder: string): Installation {
  return {
    folder,
    python,
    file: what.file,
    lines: what.requirements,
    cwd: what.folder,
    requireHashes: what.isLocked && !what.needsUv,
    env: tools.env,
    onLine: (line) => tools.progress('install', line),
  }
}

/** The key was made of what the file said before: an environment of something else is refused. */
function checkUnchanged({ file, digest: before, needsUv }: Specification): void {
  if (file === undefined || needsUv || digest(requirementLines(file).lines) === before) return
  throw environmentError(`${file} was changed while its packages were installed: start again`)
}

function recordOf(
  { python, what }: Wanted,
  key: string,
  folder: string,
  madeBy: string,
): EnvironmentRecord {
  return {
    key,
    folder,
    name: what.name,
    requirements: fewOf(what.requirements),
    python: python.executable,
    release: python.release,
    madeBy,
    madeAt: new Date().toISOString(),
  }
}

/** What a record says of requirements: it stays a small file, however many a lock file has. */
function fewOf(requirements: readonly string[]): string[] {
  const few = requirements.slice(0, MAX_RECORDED).map((line) => {
    return line.replace(/ --hash=\S+/g, '').slice(0, MAX_RECORDED_LENGTH)
  })
  const more = requirements.length - few.length
  return more > 0 ? [...few, `and ${more} more`] : few
}

/** The requirements in a few words. */
export function namesOf({ name, requirements, needsUv }: Specification): string {
  const names = requirements.map((line) => line.replace(/ --hash=\S+/g, ''))
  if (needsUv) return name
  if (names.length === 0) return 'no packages'
  const more = names.length - MAX_SHOWN
  return more > 0 ? `${names.slice(0, MAX_SHOWN).join(', ')} and ${more} more` : names.join(', ')
}

function allFailed({ python, what }: Wanted, failures: readonly Failure[]): PythreadsError {
  const lines = failures.map(({ way, reason }) => indented(`  - ${way}: ${reason}`))
  const where = what.name === '`dependencies`' ? what.name : `\`dependencies\` (${what.name})`
  const packages =
    what.file === undefined
      ? what.requirements.map((line) => (/^[\w.[\],-]+$/.test(line) ? line : `'${line}'`)).join(' ')
      : `-r '${what.file}'`
  return environmentError(
    [
      `The environment for ${where} could not be made: ${namesOf(what)}, with Python ${python.release}. Tried:`,
      ...lines,
      `To try it with all that uv or pip print: ${python.executable} -m venv .venv && .venv/bin/python -m pip install ${packages}`,
      "An environment that was made like this is used by `python: '.venv'` without `dependencies`.",
    ].join('\n'),
  )
}
