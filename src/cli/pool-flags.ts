import { resolve } from 'node:path'
import type { IsolationOption, PythonOptions } from '../index.ts'
import { resolveTarget } from '../options/index.ts'
import { count, type Flags, names } from './flags.ts'

/** The flags of every command that starts workers. */
export interface PoolFlags {
  workers: number | undefined
  threads?: number
  isolation: IsolationOption
  python: string | undefined
  preload: string[] | undefined
}

export const poolFlags: Flags<Omit<PoolFlags, 'threads'>> = {
  workers: {
    flags: '-w, --workers <n>',
    alias: '--threads <n>',
    description: 'how many workers (--threads: the same)',
    parse: count,
  },
  isolation: {
    flags: '--isolation <kind>',
    description: 'where the workers run',
    choices: ['auto', 'thread', 'subinterpreter', 'process'],
    default: 'auto',
  },
  python: { flags: '--python <path>', description: 'which Python: an executable or the folder of a virtual environment' },
  preload: {
    flags: '--preload <modules>',
    description: 'modules to import in each worker first; on a free-threaded Python `auto` tries them',
    parse: names,
  },
}

/** The options of the pool. Modules in the current folder can be imported, as with `python -m`. */
export function poolOptions(flags: PoolFlags, target: string, workers: number | undefined): PythonOptions {
  const name = resolveTarget(target)
  const module = name.slice(0, name.lastIndexOf(':'))
  const wanted = flags.threads ?? flags.workers ?? workers
  return {
    isolation: flags.isolation,
    path: [resolve('.')],
    preload: [...(flags.preload ?? []), module],
    ...(flags.python === undefined ? {} : { python: flags.python }),
    ...(wanted === undefined ? {} : { workers: wanted }),
  }
}
