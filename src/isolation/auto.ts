import { execute, type PythonFacts } from '../discovery/index.ts'
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
    trial.catch(() => trials.delete(key))
  }
  return trial
}

async function run(
  isolation: IsolationKind,
  facts: PythonFacts,
  modules: readonly string[],
  path: readonly string[],
): Promise<ModuleTrial[]> {
  const request = JSON.stringify({ isolation, modules, path })
  const args = ['-X', 'utf8', kernelScript('trial'), request]
  const { stdout, stderr, failure } = await execute(facts.executable, args, TIMEOUT_MS)
  const line = stdout.split('\n').find((text) => text.startsWith('pythreads '))
  if (failure === undefined && line !== undefined) return JSON.parse(line.slice('pythreads '.length)) as ModuleTrial[]
  const last = stderr.trim().split('\n').at(-1) ?? ''
  const how = `${failure ?? 'it printed no answer'}${last === '' ? '' : ` (${last})`}`
  const problem = `a process that tried to import ${modules.join(', ')} failed: ${how}`
  return modules.map((module) => ({ module, problem }))
}
