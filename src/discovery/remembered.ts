import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, realpathSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { kernelScript } from '../kernel.ts'
import type { PythonFacts } from './facts.ts'

/**
 * What earlier processes learned about a Python, on disk: to ask one takes longer than all else of a start. One file for each
 * executable, of use only to the user who wrote it, and only while nothing that was learned can have changed. It is no loss
 * when there is none: what cannot be read or written is ignored.
 */

const OTHERS_MAY_WRITE = 0o022

interface Memory {
  readonly stamp: string
  readonly facts: PythonFacts
}

/** The facts about an executable, if they are known and still hold. */
export function recall(executable: string, env: NodeJS.ProcessEnv = process.env): PythonFacts | undefined {
  try {
    const file = fileFor(executable, env)
    if (file === undefined || !isOurs(file)) return undefined
    const { stamp, facts } = JSON.parse(readFileSync(file, 'utf8')) as Memory
    return stamp === stampOf(executable, facts, env) ? facts : undefined
  } catch {
    return undefined
  }
}

/**
 * Keeps what an executable said. Not where it speaks for another one, as a script that chooses a version does; nor where it
 * lacks something that may be installed any time.
 */
export function remember(executable: string, facts: PythonFacts, env: NodeJS.ProcessEnv = process.env): void {
  if (facts.executable !== executable || facts.libpython === null || !facts.ctypes) return
  try {
    const file = fileFor(executable, env)
    if (file === undefined) return
    const memory: Memory = { stamp: stampOf(executable, facts, env), facts }
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    writeFileSync(`${file}.${process.pid}`, JSON.stringify(memory), { mode: 0o600 })
    renameSync(`${file}.${process.pid}`, file)
  } catch {
    // A home that cannot be written to: the next process asks again.
  }
}

/** Where the memory of an executable is; `undefined` where nothing is to be kept. */
function fileFor(executable: string, env: NodeJS.ProcessEnv): string | undefined {
  const folder = env['PYTHREADS_CACHE'] ?? join(userCache(env), 'pythreads')
  if (folder === 'off' || folder === '') return undefined
  return join(folder, `${createHash('sha256').update(executable).digest('hex').slice(0, 32)}.json`)
}

function userCache(env: NodeJS.ProcessEnv): string {
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches')
  if (process.platform === 'win32') return env['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local')
  return env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
}

/** What is loaded into this process is named here: nobody else may have written it. */
function isOurs(file: string): boolean {
  if (process.getuid === undefined) return true
  const { uid, mode } = statSync(file)
  return uid === process.getuid() && (mode & OTHERS_MAY_WRITE) === 0
}

/**
 * All that the facts depend on: the program, its library, its virtual environment, what runs when it starts, where libraries are looked
 * for, and the question.
 */
function stampOf(executable: string, facts: PythonFacts, env: NodeJS.ProcessEnv): string {
  const [major, minor] = facts.version
  const site = join(facts.prefix, 'lib', `python${major}.${minor}${facts.freeThreaded ? 't' : ''}`, 'site-packages')
  const customized = ['sitecustomize.py', 'usercustomize.py'].map((name) => join(site, name))
  const files = [executable, facts.libpython ?? '', join(facts.prefix, 'pyvenv.cfg'), kernelScript('probe'), ...customized]
  const loader = ['LD_LIBRARY_PATH', 'LD_PRELOAD', 'DYLD_LIBRARY_PATH'].map((name) => env[name] ?? '')
  return JSON.stringify([realpathSync(executable), ...files.map(version), ...loader])
}

function version(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat === undefined ? 'none' : `${stat.ino}:${stat.size}:${stat.mtimeMs}`
}
