import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { ISOLATION_KINDS, type IsolationOption, Python, type PythonOptions } from '../index.ts'
import { type DependencyFlags, dependencyFlags, dependencyOptions } from './dependencies.ts'
import { duration, type Flag, type Flags, folder, names, upTo } from './flags.ts'
import { type PrintTo, ResultOutput } from './result-output.ts'
import { currentFolder, type Target } from './target.ts'

const MAX_WORKERS = 1000
/** How long calls, and the end of the workers, may take after Ctrl-C. */
const STOP_GRACE_MS = 2_000

/** The flags of every command that starts workers. */
export interface PoolFlags extends DependencyFlags {
  workers: number | undefined
  threads?: number
  isolation: IsolationOption
  python: string | undefined
  preload: string[] | undefined
  path: string[] | undefined
  timeout: number | undefined
}

export const pythonFlag: Flag<string | undefined> = {
  flags: '--python <path>',
  description: 'an executable, the folder of a virtual environment, or a version',
}

export const pathFlag: Flag<string[] | undefined> = {
  flags: '--path <folder>',
  description: 'a folder to put first in sys.path; can be given several times',
  parse: folder,
  isRepeated: true,
}

export const printFlag: Flag<PrintTo> = {
  flags: '--print <where>',
  description: 'where the output of Python goes',
  choices: ['stderr', 'stdout'],
  default: 'stderr',
}

export const poolFlags: Flags<Omit<PoolFlags, 'threads' | 'timeout'>> = {
  workers: {
    flags: '-w, --workers <n>',
    alias: '--threads <n>',
    description: 'number of workers; default: one for each core',
    parse: upTo(MAX_WORKERS),
  },
  isolation: {
    flags: '--isolation <kind>',
    description: 'where workers run',
    choices: ['auto', ...ISOLATION_KINDS],
    default: 'auto',
  },
  python: pythonFlag,
  ...dependencyFlags,
  path: pathFlag,
  preload: {
    flags: '--preload <modules>',
    description: 'modules that each worker imports first: a,b,c',
    parse: names,
  },
}

/** `what`: the unit to which the time limit applies, in words. */
export function timeoutFlag(what: string): Flag<number | undefined> {
  return {
    flags: '--timeout <time>',
    description: `the longest time that ${what} may take: 500ms, 30s, 5m`,
    parse: duration,
  }
}

/** The pool of a command, and the stream for its results. */
export interface StartedPool {
  readonly py: Python
  readonly stdout: Writable
}

/**
 * Starts the workers, in an environment if the flags or the target's file ask for packages. The current folder
 * is in `sys.path` only if the target is found there.
 */
export async function startPool(
  flags: PoolFlags,
  target: Target,
  print: PrintTo,
  more: PythonOptions = {},
): Promise<StartedPool> {
  const output = new ResultOutput(print)
  const workers = flags.threads ?? flags.workers
  const { options: dependencies, end } = dependencyOptions(flags, target.module)
  try {
    const py = await Python.start({
      isolation: flags.isolation,
      path: [...(flags.path ?? []), ...currentFolder(target.module)],
      preload: [...output.preload, ...(flags.preload ?? []), target.module],
      python: flags.python,
      ...dependencies,
      ...more,
      ...(workers === undefined ? {} : { workers }),
    })
    return { py, stdout: output.open(py.stats().isolation) }
  } catch (error) {
    output.discard()
    throw error
  } finally {
    end()
  }
}

/** Waits for calls. Some time after `stop` is aborted, destroys the pool, which rejects them. */
export async function endOfCalls(
  py: Python,
  calls: Promise<unknown>,
  stop: AbortSignal,
): Promise<void> {
  const interrupted = once(stop, 'abort').then(() => sleep(STOP_GRACE_MS, 'late', { ref: false }))
  if ((await Promise.race([calls, interrupted])) === 'late') py.destroy(new Error('interrupted'))
  await calls
}

/** Closes the pool. Some time after `stop` is aborted, returns anyway: the process ends then. */
export async function closePool(py: Python, stop: AbortSignal): Promise<void> {
  const aborted = stop.aborted ? Promise.resolve() : once(stop, 'abort')
  await Promise.race([py.close(), aborted.then(() => sleep(STOP_GRACE_MS))])
}
