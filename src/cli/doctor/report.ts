import {
  cacheState,
  type FoundPython,
  findAll,
  findPython,
  howToGetPython,
  type Looked,
  type PythonFacts,
  whyNotRecalled,
} from '../../discovery/index.ts'
import { entry } from '../../entry.ts'
import type { Plan } from '../../environments/index.ts'
import {
  type Choice,
  choose,
  ISOLATION_KINDS,
  type IsolationKind,
  supportOf,
  tryModules,
} from '../../isolation/index.ts'
import { kernelFolder } from '../../kernel.ts'
import { describeError } from '../errors.ts'
import { type CheckedModules, checkModules } from '../module-check.ts'
import { currentFolder } from '../target.ts'
import {
  type EnvironmentFlags,
  type Environments,
  environmentsHere,
  planned,
  plannedPython,
} from './environments.ts'
import { type Host, hostOf } from './host.ts'
import { type Koffi, koffiOf } from './koffi.ts'
import { type Limits, limitsOf } from './limits.ts'

/** What `pythreads doctor` found out. docs/cli.md lists the fields that `--json` prints. */
export interface Report {
  readonly host: Host
  readonly kernel: Kernel
  readonly koffi: Koffi
  readonly limits: Limits
  readonly pythons: readonly Looked[]
  readonly used: FoundPython | undefined
  /** Why no Python can be used. */
  readonly error: unknown
  readonly isolations: Readonly<Record<IsolationKind, Support>> | undefined
  readonly choices: Choices | undefined
  readonly imports: CheckedModules | undefined
  readonly environments: Environments
  /** What a start with the packages of the flags would do; `undefined`: they name none. */
  readonly plan: Plan | undefined
  /** What is wrong with the limits, as sentences. */
  readonly warnings: readonly string[]
  readonly toInstall: readonly ToInstall[]
}

/** The part of pythreads that Python runs. */
export interface Kernel {
  /** `null` in a bundle, which has the kernel in itself. */
  readonly folder: string | null
  /** Whether JavaScript was bundled away from it. */
  readonly isBundled: boolean
}

/** Whether a Python can do an isolation, and why. */
export type Support = ReturnType<typeof supportOf>

export interface Choices {
  readonly auto: Choice
  readonly autoWithModules: Choice | undefined
  readonly inSubinterpreter: Choice['trials'] | undefined
}

/** Something that is missing. */
export interface ToInstall {
  readonly what: string
  /** What does not work without it. */
  readonly for: string
  /** A command, or advice. */
  readonly by: string
}

export async function report(
  flags: EnvironmentFlags,
  modules: readonly string[],
  path: readonly string[],
): Promise<Report> {
  const { python } = flags
  const host = hostOf()
  const koffi = koffiOf(host)
  const limits = limitsOf()
  const pythons = await findAll(python)
  const environments = await environmentsHere()
  let plan: Plan | undefined
  const find = async () => {
    plan = await planned(flags)
    return plan === undefined ? findPython(python) : plannedPython(plan, flags)
  }
  const found = await find().catch((error: unknown) => ({ error }))
  const used = 'facts' in found ? found : undefined
  const error = 'facts' in found ? undefined : found.error
  const isolations = used && isolationsOf(used.facts, koffi)
  const choices = used && (await decide(used.facts, modules, path))
  const imports =
    used && modules.length > 0
      ? await checkModules(used.facts.executable, modules, path)
      : undefined
  const isBundled = entry().kernel === undefined
  const kernel = { folder: isBundled ? null : kernelFolder(), isBundled }
  return {
    ...{ host, kernel, koffi, limits, pythons, used, error, isolations, choices, imports },
    ...{ environments, plan },
    warnings: [...forbidden(host), ...warnings(limits)],
    toInstall: [...missing(host, pythons, used, koffi, isolations, imports), ...planItems(plan)],
  }
}

/** The cache of facts, and why it is not used, if it is not. */
export function cacheOf({ executable }: PythonFacts): {
  folder: string | null
  problem: string | undefined
} {
  const { folder, isWritable } = cacheState(executable)
  const untrusted = whyNotRecalled(executable)
  const off = folder === null ? 'PYTHREADS_CACHE is off' : undefined
  const problem = untrusted ?? off ?? (isWritable ? undefined : `${folder} cannot be written`)
  return { folder, problem }
}

/** The report as `--json` prints it. */
export function asJson(all: Report): object {
  const { host, kernel, koffi, limits, pythons, used, error, isolations, choices, imports } = all
  return {
    node: process.version,
    host,
    kernel,
    koffi,
    limits,
    pythons: pythons.map(({ place, facts, error }) => ({
      ...place,
      facts,
      error: error?.code,
      can: facts && isolationsOf(facts, koffi),
    })),
    uses: used ?? null,
    error: error === undefined ? null : describeError(error),
    isolations: isolations ?? null,
    cache: used === undefined ? null : cacheOf(used.facts),
    ...choices,
    imports,
    environments: all.environments,
    plan: all.plan && { ...all.plan, python: all.plan.python?.facts.executable },
    warnings: all.warnings,
    toInstall: all.toInstall,
  }
}

/** Says for each isolation whether this Python can do it in this program. */
export function isolationsOf(facts: PythonFacts, koffi: Koffi): Record<IsolationKind, Support> {
  const all = ISOLATION_KINDS.map((kind): [IsolationKind, Support] => {
    const support = supportOf(kind, facts)
    if (kind === 'process' || support.verdict === 'never' || koffi.loads) return [kind, support]
    const reason = `koffi does not load: ${koffi.problem}`
    return [kind, { verdict: 'never', reason, remedy: koffi.command ?? undefined }]
  })
  return Object.fromEntries(all) as Record<IsolationKind, Support>
}

async function decide(
  facts: PythonFacts,
  modules: readonly string[],
  path: readonly string[],
): Promise<Choices> {
  const plain = await choose(facts, [], [])
  const folders = [...path, ...new Set(modules.flatMap(currentFolder))]
  const isPossible = modules.length > 0 && supportOf('subinterpreter', facts).verdict !== 'never'
  return {
    auto: plain,
    autoWithModules: modules.length > 0 ? await choose(facts, modules, folders) : undefined,
    inSubinterpreter: isPossible
      ? await tryModules('subinterpreter', facts, modules, folders)
      : undefined,
  }
}

function forbidden({ permission }: Host): string[] {
  return permission?.childProcess === false
    ? ['--permission forbids child processes: add --allow-child-process to the options of Node']
    : []
}

/** A worker process takes 3 descriptors of the pool's process, or 5 if its output is read. */
const DESCRIPTORS_OF_WORKER = 5
const DESCRIPTORS_OF_PROGRAM = 64
const MB_OF_WORKER = 20

/** Compares the limits with the number of workers that a pool starts by default. */
export function warnings(limits: Limits): string[] {
  const { cores, cgroupCores, cgroupMemoryMb, descriptors, devShmMb } = limits
  const advice = 'set the option workers'
  const needed = DESCRIPTORS_OF_PROGRAM + cores * DESCRIPTORS_OF_WORKER
  return [
    ...(cgroupCores !== null && cgroupCores + 1 <= cores
      ? [`Node counts ${cores} cores, the container may use ${cgroupCores}: ${advice}`]
      : []),
    ...(cgroupMemoryMb !== null && cgroupMemoryMb < cores * MB_OF_WORKER
      ? [`${cgroupMemoryMb} MB of memory are few for ${cores} workers: ${advice}`]
      : []),
    ...(descriptors !== null && descriptors < needed
      ? [`${descriptors} descriptors are few for ${cores} workers: ulimit -n ${needed * 2}`]
      : []),
    ...(devShmMb !== null && devShmMb < 1
      ? ['/dev/shm is full: its files, and those of multiprocessing, have no room']
      : []),
  ]
}

function missing(
  { permission }: Host,
  pythons: readonly Looked[],
  used: FoundPython | undefined,
  koffi: Koffi,
  isolations: Record<IsolationKind, Support> | undefined,
  imports: CheckedModules | undefined,
): ToInstall[] {
  const libpython =
    used?.facts.libpython === null && used.facts.isWrapper !== true
      ? isolations?.thread.remedy
      : undefined
  return [
    ...(permission?.childProcess !== false && pythons.every(({ facts }) => facts === undefined)
      ? [{ what: 'Python 3.10 or newer', for: 'everything', by: howToGetPython() }]
      : []),
    ...(libpython === undefined
      ? []
      : [{ what: 'libpython', for: 'thread and subinterpreter isolation', by: libpython }]),
    ...(koffi.command === null ? [] : [{ what: 'koffi', for: koffi.needed, by: koffi.command }]),
    ...(imports?.install === undefined
      ? []
      : [{ what: 'packages of Python', for: 'the modules', by: imports.install }]),
  ]
}

function planItems(plan: Plan | undefined): ToInstall[] {
  return (plan?.missing ?? []).map((what) => ({
    what,
    for: 'the packages',
    by: 'nothing to do: the first start, or pythreads install, gets it',
  }))
}
