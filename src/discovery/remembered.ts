import { accessSync, constants, existsSync, realpathSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { attempt } from '../attempt.ts'
import { kernelScript } from '../kernel.ts'
import { ownVariables, sitePackages } from '../platform/index.ts'
import { cacheFolder } from './cache-folder.ts'
import type { PythonFacts } from './facts.ts'
import { readOwn, UntrustedError, writeOwn } from './own-files.ts'

/**
 * A cache on disk for the facts of each Python, as probing takes longer than the rest of a start.
 * Each executable has one file. The file is used only while none of the facts can have changed, and
 * only if no other user can have written it: it names the library that this process loads. A file
 * that cannot be read or written is ignored.
 */

const LONGEST_NAME = 200

interface CachedFacts {
  readonly stamp: string
  readonly facts: PythonFacts
}

/** Returns the cached facts of an executable, if there are any and they still hold. */
export function recall(
  executable: string,
  env: NodeJS.ProcessEnv = process.env,
): PythonFacts | undefined {
  try {
    const own = ownVariables(env)
    const place = placeOf(executable, own)
    if (place === undefined) return undefined
    const { stamp, facts } = parse(readOwn(place.folder, place.name))
    return facts.executable === executable && stamp === stampOf(executable, facts, own)
      ? facts
      : undefined
  } catch {
    return undefined
  }
}

/** Says why the cached facts of an executable are not used: another user may have written them. */
export function whyNotRecalled(
  executable: string,
  env: NodeJS.ProcessEnv = process.env,
): string | undefined {
  try {
    const place = placeOf(executable, ownVariables(env))
    if (place !== undefined) readOwn(place.folder, place.name)
  } catch (error) {
    if (error instanceof UntrustedError) return error.message
  }
  return undefined
}

/** Where the facts of an executable are cached, if they are, and whether they can be written. */
export function cacheState(
  executable: string,
  env: NodeJS.ProcessEnv = process.env,
): { folder: string | null; isWritable: boolean } {
  const folder = placeOf(executable, ownVariables(env))?.folder
  if (folder === undefined) return { folder: null, isWritable: false }
  let there = folder
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there)
  const isWritable = attempt(() => accessSync(there, constants.W_OK) ?? true) === true
  return { folder, isWritable }
}

/**
 * Caches the facts of an executable. Two kinds are not cached: facts of another Python that a shim
 * or a wrapper starts, since it may choose a different one next time, and facts of a Python without
 * libpython or ctypes, since either may be installed any time.
 */
export function remember(
  executable: string,
  facts: PythonFacts,
  env: NodeJS.ProcessEnv = process.env,
): void {
  if (
    facts.executable !== executable ||
    facts.isWrapper === true ||
    facts.libpython === null ||
    !facts.ctypes
  )
    return
  try {
    const own = ownVariables(env)
    const place = placeOf(executable, own)
    if (place === undefined) return
    const cached: CachedFacts = { stamp: stampOf(executable, facts, own), facts }
    writeOwn(place.folder, place.name, JSON.stringify(cached))
  } catch {
    // The folder cannot be written to: the next process probes again.
  }
}

/** @throws when the text is not JSON, or a field is missing: an older version wrote the file */
function parse(text: string): CachedFacts {
  const cached = JSON.parse(text) as CachedFacts
  for (const [value, keys] of [
    [cached, ['stamp', 'facts']] as const,
    [cached.facts, FACTS] as const,
  ]) {
    if (!keys.every((key) => Object.hasOwn(value, key))) throw new Error('a field is missing')
  }
  return cached
}

const FACTS = [
  'executable',
  'version',
  'release',
  'prefix',
  'basePrefix',
  'libpython',
  'libpythonName',
  'freeThreaded',
  'ctypes',
  'debian',
] as const satisfies (keyof PythonFacts)[]

/** Where the file of an executable is; `undefined` when PYTHREADS_CACHE turns the cache off. */
function placeOf(
  executable: string,
  env: NodeJS.ProcessEnv,
): { folder: string; name: string } | undefined {
  const folder = cacheFolder(env)
  if (folder === undefined) return undefined
  // A cut name may be that of two executables, so the file names its own. A hash would be shorter,
  // but loading crypto takes 2 ms.
  return {
    folder,
    name: `${encodeURIComponent(executable).slice(-LONGEST_NAME)}.json`,
  }
}

/**
 * A text that changes with everything that the facts depend on: the program, its library, its
 * virtual environment, the files that run when it starts, the search path of libraries, and
 * `probe.py`.
 */
function stampOf(executable: string, facts: PythonFacts, env: NodeJS.ProcessEnv): string {
  const site = sitePackages(facts.prefix, facts)
  const customized = ['sitecustomize.py', 'usercustomize.py'].map((name) => join(site, name))
  const files = [
    executable,
    facts.libpython ?? '',
    join(facts.prefix, 'pyvenv.cfg'),
    kernelScript('probe'),
    ...customized,
  ]
  const loader = ['LD_LIBRARY_PATH', 'LD_PRELOAD', 'DYLD_LIBRARY_PATH'].map(
    (name) => env[name] ?? '',
  )
  return JSON.stringify([realpathSync(executable), ...files.map(version), ...loader])
}

function version(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat === undefined ? 'none' : `${stat.ino}:${stat.size}:${stat.mtimeMs}`
}
