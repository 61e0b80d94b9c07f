import { execFile } from 'node:child_process'
import type { PythonFacts } from '../discovery/index.ts'
import { kernelScript } from '../kernel.ts'
import { gate, type IsolationKind } from './gates.ts'

const TIMEOUT_MS = 60_000

/** What became of trying a module. */
export interface ModuleTrial {
  readonly module: string
  /** `null`: it can be used. Otherwise what stands in the way. */
  readonly problem: string | null
}

/** A choice of isolation, with the reasons. */
export interface Choice {
  readonly isolation: IsolationKind
  /** One sentence an isolation that was considered, the chosen one last. */
  readonly reasons: readonly string[]
  readonly trials: readonly ModuleTrial[]
}

const trials = new Map<string, Promise<ModuleTrial[]>>()

/**
 * Chooses the isolation in which Python code runs in parallel and the named modules work: thread on a free-threaded build
 * whose GIL stays off, else subinterpreter where the version can and every module loads in one, else process.
 */
export async function choose(facts: PythonFacts, modules: readonly string[], path: readonly string[]): Promise<Choice> {
  const reasons: string[] = []
  const tried: ModuleTrial[] = []
  for (const isolation of ['thread', 'subinterpreter', 'process'] as const) {
    const { verdict, reason } = gate(isolation, facts)
    if (verdict !== 'auto') {
      reasons.push(`not ${isolation}: ${reason}`)
      continue
    }
    const results = isolation === 'process' ? [] : await tryModules(isolation, facts, modules, path)
    tried.push(...results)
    const problems = results.filter((trial) => trial.problem !== null)
    if (problems.length > 0) {
      reasons.push(`not ${isolation}: ${problems.map((trial) => `${trial.module}: ${trial.problem}`).join('; ')}`)
      continue
    }
    reasons.push(`${isolation}: ${reason}`)
    return { isolation, reasons, trials: tried }
  }
  throw new Error('process isolation is always possible')
}

/** Imports modules in a throw-away process, in the isolation in question. The answer is remembered. */
export function tryModules(
  isolation: IsolationKind,
  facts: PythonFacts,
  modules: readonly string[],
  path: readonly string[],
): Promise<ModuleTrial[]> {
  if (modules.length === 0) return Promise.resolve([])
  const key = JSON.stringify([isolation, facts.executable, modules, path])
  let trial = trials.get(key)
  if (trial === undefined) {
    trial = run(isolation, facts, modules, path)
    trials.set(key, trial)
  }
  return trial
}

function run(
  isolation: IsolationKind,
  facts: PythonFacts,
  modules: readonly string[],
  path: readonly string[],
): Promise<ModuleTrial[]> {
  const request = JSON.stringify({ isolation, modules, path })
  return new Promise((resolve) => {
    const options = { timeout: TIMEOUT_MS, encoding: 'utf8', maxBuffer: 2 ** 24 } as const
    execFile(facts.executable, ['-X', 'utf8', kernelScript('trial'), request], options, (error, stdout) => {
      const line = stdout.split('\n').find((text) => text.startsWith('pythreads '))
      if (error === null && line !== undefined) return resolve(JSON.parse(line.slice('pythreads '.length)) as ModuleTrial[])
      const how = error?.signal === undefined || error.signal === null ? 'failed' : `was ended by ${error.signal}`
      const problem = `a process that tried to import ${modules.join(', ')} ${how}`
      resolve(modules.map((module) => ({ module, problem })))
    })
  })
}
