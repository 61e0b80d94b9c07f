import { execute, type PythonFacts } from '../discovery/index.ts'
import { kernelScript } from '../kernel.ts'
import { whyNotInProcess } from '../native/index.ts'
import { supportOf } from './support.ts'
import { ISOLATION_KINDS, ISOLATIONS, type IsolationKind } from './table.ts'

const TIMEOUT_MS = 60_000

/** The result of importing a module on trial. */
export interface ModuleTrial {
  readonly module: string
  /** `null`: the module can be used. Otherwise the reason why not. */
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
 * Chooses the isolation: the first of the table that is automatic, that the Python supports without
 * being asked for it, and that the named modules can be imported in.
 */
export function choose(
  facts: PythonFacts,
  modules: readonly string[],
  path: readonly string[],
): Promise<Choice> {
  return firstOf(ISOLATION_KINDS, facts, modules, path)
}

/**
 * The choice among those behind one that was chosen first, as `problem` stands in the way of that
 * one.
 */
export async function chooseAfter(
  chosen: IsolationKind,
  problem: string,
  facts: PythonFacts,
  modules: readonly string[],
  path: readonly string[],
): Promise<Choice> {
  const others = ISOLATION_KINDS.slice(ISOLATION_KINDS.indexOf(chosen) + 1)
  const choice = await firstOf(others, facts, modules, path)
  return { ...choice, reasons: [`not ${chosen}: ${problem}`, ...choice.reasons] }
}

async function firstOf(
  kinds: readonly IsolationKind[],
  facts: PythonFacts,
  modules: readonly string[],
  path: readonly string[],
): Promise<Choice> {
  const reasons: string[] = []
  const tried: ModuleTrial[] = []
  for (const kind of kinds) {
    const { verdict, reason } = supportOf(kind, facts)
    const { isAutomatic, inProcess } = ISOLATIONS[kind]
    if (!isAutomatic) {
      const isPossible = verdict !== 'never'
      reasons.push(`not ${kind}: ${isPossible ? 'only if you ask for it: ' : ''}${reason}`)
      continue
    }
    let problem: string | undefined = reason
    if (verdict === 'auto') {
      const trials = inProcess ? await tryModules(kind, facts, modules, path) : []
      tried.push(...trials)
      problem = problemOf(trials) ?? (inProcess ? obstacle(facts) : undefined)
    }
    if (problem === undefined)
      return { isolation: kind, reasons: [...reasons, `${kind}: ${reason}`], trials: tried }
    reasons.push(`not ${kind}: ${problem}`)
  }
  throw new Error(`no isolation for ${facts.executable}: ${reasons.join('; ')}`)
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

/** Imports modules in a throw-away process, in the given isolation. The result is remembered. */
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
  const how = `${failure ?? 'it printed no result'}${last === '' ? '' : ` (${last})`}`
  const problem = `a process that tried to import ${modules.join(', ')} failed: ${how}`
  return modules.map((module) => ({ module, problem }))
}
