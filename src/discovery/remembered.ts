import { realpathSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { kernelScript } from '../kernel.ts'
import { ownVariables } from '../own.ts'
import type { PythonFacts } from './facts.ts'
import { readOwn, UntrustedError, writeOwn } from './own-files.ts'

/**
 * What earlier processes learned about a Python, on disk: to ask one takes longer than all else of
 * a start. One file for each executable, of use only while nothing that was learned can have
 * changed, and only where no other user can have written it: it names the library that is loaded
 * into this process. It is no loss when there is none: what cannot be read or written is ignored.
 */

const LONGEST_NAME = 200

interface Memory {
  readonly stamp: string
  readonly facts: PythonFacts
}

/** The facts about an executable, if they are known and still hold. */
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

/** Why what is kept about an executable is not used, where another user may have written it. */
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

/**
 * Keeps what an executable said. Not where it speaks for another one, as a script that chooses a
 * version does; nor where it lacks something that may be installed any time.
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
    const memory: Memory = { stamp: stampOf(executable, facts, own), facts }
    writeOwn(place.folder, place.name, JSON.stringify(memory))
  } catch {
    // A home that cannot be written to: the next process asks again.
  }
}

/** What a file says. @throws where something is missing */
function parse(text: string): Memory {
  const memory = JSON.parse(text) as Memory
  for (const [value, keys] of [
    [memory, ['stamp', 'facts']] as const,
    [memory.facts, FACTS] as const,
  ]) {
    if (!keys.every((key) => Object.hasOwn(value, key))) throw new Error('something is missing')
  }
  return memory
}

const FACTS = [
  ...([
    'executable',
    'version',
    'release',
    'prefix',
    'basePrefix',
    'libpython',
    'libpythonName',
  ] as const),
  ...(['freeThreaded', 'ctypes', 'debian'] as const),
] as const satisfies (keyof PythonFacts)[]

/** Where the memory of an executable is; `undefined` where nothing is to be kept. */
function placeOf(
  executable: string,
  env: NodeJS.ProcessEnv,
): { folder: string; name: string } | undefined {
  const folder = env['PYTHREADS_CACHE'] ?? join(userCache(env), 'pythreads')
  if (folder === 'off' || folder === '') return undefined
  // The file says itself which executable it is about. A hash would be shorter, and would load
  // crypto for 2 ms.
  return {
    folder: resolve(folder),
    name: `${encodeURIComponent(executable).slice(-LONGEST_NAME)}.json`,
  }
}

function userCache(env: NodeJS.ProcessEnv): string {
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches')
  if (process.platform === 'win32')
    return env['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local')
  return env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
}

/**
 * All that the facts depend on: the program, its library, its virtual environment, what runs when
 * it starts, where libraries are looked for, and the question.
 */
function stampOf(executable: string, facts: PythonFacts, env: NodeJS.ProcessEnv): string {
  const [major, minor] = facts.version
  const site = join(
    facts.prefix,
    'lib',
    `python${major}.${minor}${facts.freeThreaded ? 't' : ''}`,
    'site-packages',
  )
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
