import { execute, type PythonFacts } from '../discovery/index.ts'
import { kernelScript } from '../kernel.ts'
import { whyNotInProcess } from '../native/index.ts'
import { type IsolationKind, supportOf } from './support.ts'

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
 * Chooses the isolation: thread on a free-threaded build whose GIL stays off when the named modules
 * are imported, else process. A subinterpreter is never chosen: most extension modules refuse to
 * load in one, and some packages hide that.
 */
export async function choose(
  facts: PythonFacts,
  modules: readonly string[],
  path: readonly string[],
): Promise<Choice> {
  const { verdict, reason } = supportOf('thread', facts)
  const trials = verdict === 'auto' ? await tryModules('thread', facts, modules, path) : []
  const problem = verdict === 'auto' ? (problemOf(trials) ?? obstacle(facts)) : reason
  if (problem === undefined) return { isolation: 'thread', reasons: [`thread: ${reason}`], trials }
  return processInstead(facts, problem, trials)
}

/** The choice of process isolation, as `problem` stands in the way of thread isolation. */
export function processInstead(
  facts: PythonFacts,
  problem: string,
  trials: readonly ModuleTrial[] = [],
): Choice {
  const [subinterpreter, process] = [
    supportOf('subinterpreter', facts),
    supportOf('process', facts),
  ]
  const reasons = [
    `not thread: ${problem}`,
    `not subinterpreter: ${subinterpreter.verdict === 'never' ? '' : 'only if you ask for it: '}${subinterpreter.reason}`,
    `process: ${process.reason}`,
  ]
  return { isolation: 'process', reasons, trials }
}

function problemOf(trials: readonly ModuleTrial[]): string | undefined {
  const problems = trials.filter((trial) => trial.problem !== null)
  return problems.length === 0
    ? undefined
    : problems.map(({ module, problem }) => `${module}: ${problem}`).join('; ')
}

/** What keeps the library of a Python out of this process, if anything does. */
function obstacle({ libpython }: PythonFacts): string | undefined {
  return libpython === null ? undefined : whyNotInProcess(libpython)
}

/**
 * Imports modules in a throw-away process, in the isolation in question. The answer is remembered.
 */
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
  const args = ['-X', 'utf8', kernelScript('import_check'), request]
  const { stdout, stderr, failure } = await execute(facts.executable, args, TIMEOUT_MS)
  const line = stdout.split('\n').find((text) => text.startsWith('pythreads '))
  if (failure === undefined && line !== undefined)
    return JSON.parse(line.slice('pythreads '.length)) as ModuleTrial[]
  const last = stderr.trim().split('\n').at(-1) ?? ''
  const how = `${failure ?? 'it printed no answer'}${last === '' ? '' : ` (${last})`}`
  const problem = `a process that tried to import ${modules.join(', ')} failed: ${how}`
  return modules.map((module) => ({ module, problem }))
}
