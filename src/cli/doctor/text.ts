import type { FoundPython, Looked, PythonFacts } from '../../discovery/index.ts'
import { ISOLATION_KINDS, type IsolationKind, libpythonHint } from '../../isolation/index.ts'
import { describeError } from '../errors.ts'
import type { CheckedModule, CheckedModules } from '../module-check.ts'
import { bytes, counted } from '../numbers.ts'
import { COLUMNS, clipped, fitted, ROWS, wrapped } from '../screen.ts'
import { type Choices, cacheOf, isolationsOf, type Report } from './report.ts'

const YES_NO = { auto: 'yes', request: 'yes', never: 'no' } as const

/** The report for a person: one screen, or all of it. */
export function inWords(all: Report, isVerbose: boolean): string {
  const { used, choices, pythons, error } = all
  if (used !== undefined && choices !== undefined)
    return (isVerbose ? inFull(all, used, choices) : onScreen(all, used, choices)).join('\n')
  const said = describeError(error)
  if (!isVerbose) return cut([...warningLines(all), ...said.split('\n')]).join('\n')
  return [
    header(all),
    ...aboutHost(all),
    '',
    ...pythonLines(all, pythons, undefined),
    '',
    said,
  ].join('\n')
}

function header({ host }: Report): string {
  const { runtime, version, node, platform, arch } = host
  const other =
    runtime === 'node' ? '' : `${runtime[0]?.toUpperCase()}${runtime.slice(1)} ${version}, `
  return `${other}Node v${node} on ${platform}-${arch}`
}

/** Koffi, uv, environments and the limits in one paragraph. */
function aboutHost({ host, koffi, limits, kernel, environments }: Report): string[] {
  const { cores, cgroupCores, cgroupMemoryMb, descriptors, devShmMb } = limits
  const facts = [
    ...(host.container === null ? [] : [`in ${host.container}`]),
    ...(host.libc === 'musl' ? ['musl'] : []),
    koffi.loads ? `koffi ${koffi.version}` : `no koffi: ${koffi.problem}`,
    environments.uv === null ? 'no uv' : `uv ${environments.uv.version}`,
    ...(kernel.isBundled ? ['bundled'] : []),
    ...(host.permission === null ? [] : ['--permission']),
    `${cgroupCores ?? cores} cores`,
    ...(cgroupMemoryMb === null ? [] : [`${cgroupMemoryMb} MB of memory`]),
    ...(descriptors === null ? [] : [`${descriptors} descriptors`]),
    ...(devShmMb === null ? [] : [`${devShmMb} MB free in /dev/shm`]),
  ]
  return wrapped(facts.join(', '), 2)
}

function warningLines({ warnings }: Report): string[] {
  return warnings.flatMap((warning) => wrapped(`Mind: ${warning}.`, 2, 4))
}

/** What is missing, for `--verbose`. */
function toInstallLines({ toInstall }: Report): string[] {
  const lines = toInstall.map((one) => `  ${one.what}, for ${one.for}: ${one.by}`)
  return lines.length === 0 ? [] : ['', 'To install:', ...lines]
}

/** The default output, which fits on a screen: the Python that is used, and problems. */
function onScreen(report: Report, used: FoundPython, choices: Choices): string[] {
  const { pythons: all, imports, isolations } = report
  const { facts, source } = used
  const choice = choices.autoWithModules ?? choices.auto
  const lines = [
    fitted(`${header(report)}, Python ${describe(facts)} (from ${source})`, COLUMNS),
    `  ${fitted(facts.executable, COLUMNS - 2)}`,
    ...orderLines(all, used).flatMap((line) => clipped(wrapped(line, 2, 4), 3)),
    ...cacheLine(facts).map((line) => fitted(line, COLUMNS)),
    ...(facts.libpython === null
      ? clipped(wrapped(`libpython: none. To get it: ${libpythonHint(facts)}`, 2, 4), 2)
      : []),
    ...clipped(aboutHost(report), 2),
    ...clipped(warningLines(report), 2),
    '',
    // The modules need the room.
    ...ISOLATION_KINDS.flatMap((kind) => ability(kind, isolations, imports === undefined ? 2 : 1)),
    ...clipped(
      wrapped(`isolation 'auto' chooses ${choice.isolation}: ${reasonOf(choice)}`, 0, 2),
      3,
    ),
    ...missingLines(report).flatMap((line) => clipped(wrapped(line, 0, 2), 2)),
    ...(imports === undefined ? [] : ['', ...moduleLines(imports)]),
    ...refusedLines(choices, imports),
  ]
  const others = all.filter(
    (looked) => looked.facts !== undefined && looked.facts.executable !== facts.executable,
  )
  const broken = all.filter(
    ({ place, error }) => error !== undefined && (place.executable !== undefined || place.named),
  )
  const more = [
    count(others.length, 'other Python'),
    count(broken.length, 'that does not work', 'that do not work'),
  ]
  const found = more.filter((text) => text !== '').join(', ')
  return [
    ...lines,
    '',
    fitted(`--verbose shows all reasons${found === '' ? '' : ` and ${found}`}`, COLUMNS),
  ]
}

function count(number: number, one: string, many = `${one}s`): string {
  return number === 0 ? '' : `${number} ${number === 1 ? one : many}`
}

function ability(kind: IsolationKind, isolations: Report['isolations'], most: number): string[] {
  const { verdict, reason } = isolations?.[kind] ?? { verdict: 'never', reason: '' }
  const [first = '', ...rest] = clipped(wrapped(reason, 21), most)
  return [`  ${kind.padEnd(15)}${YES_NO[verdict].padEnd(4)}${first.trimStart()}`, ...rest]
}

/** The last reason, which is about the chosen isolation, without its name. */
function reasonOf({
  isolation,
  reasons,
}: {
  isolation: string
  reasons: readonly string[]
}): string {
  return (reasons.at(-1) ?? '').replace(`${isolation}: `, '')
}

function describe(facts: PythonFacts): string {
  return `${facts.release}${facts.freeThreaded ? ' free-threaded' : ''}${facts.ctypes ? '' : ' without ctypes'}`
}

const MOST_WRONG = 4
const MOST_LINES_OF_WORKING = 2

/**
 * The checked modules: working ones in one list, each other one with its problem, and the command
 * that installs all missing packages.
 */
function moduleLines({ modules, install }: CheckedModules): string[] {
  const working = modules.filter(({ ok }) => ok)
  const wrong = modules.filter(({ ok }) => !ok)
  const list = working
    .map(({ module, version }) => (version === undefined ? module : `${module} ${version}`))
    .join(', ')
  const lines = working.length === 0 ? [] : wrapped(`work: ${list}`, 0, 2)
  return [
    ...lines.slice(0, MOST_LINES_OF_WORKING),
    ...(lines.length > MOST_LINES_OF_WORKING ? [`  ... (${working.length} in all)`] : []),
    ...wrong.slice(0, MOST_WRONG).map((module) => fitted(problem(module), COLUMNS)),
    ...(wrong.length > MOST_WRONG
      ? [`... and ${wrong.length - MOST_WRONG} more that do not work (--verbose)`]
      : []),
    ...installLines(install),
  ]
}

function problem({ module, problem = '' }: CheckedModule): string {
  return `does not work: ${problem.startsWith(module) ? problem : `${module}: ${problem}`}`
}

/** One line with the modules that work in a process, and do not load in a subinterpreter. */
function refusedLines(
  { inSubinterpreter = [] }: Choices,
  imports: CheckedModules | undefined,
): string[] {
  const working = new Set(imports?.modules.filter(({ ok }) => ok).map(({ module }) => module))
  const refused = inSubinterpreter
    .filter(({ module, problem }) => problem !== null && working.has(module))
    .map(({ module }) => module)
  return refused.length === 0
    ? []
    : [fitted(`do not work in a subinterpreter: ${refused.join(', ')}`, COLUMNS)]
}

/** The command has a line of its own and is never cut: users copy it. */
function installLines(install: string | undefined): string[] {
  return install === undefined
    ? []
    : ['To install missing packages (check their names first):', `  ${install}`]
}

/** The output of `--verbose`. */
function inFull(report: Report, used: FoundPython, choices: Choices): string[] {
  const { pythons: all, imports } = report
  const { auto, autoWithModules, inSubinterpreter } = choices
  const modules = imports?.modules.map(({ module }) => module).join(', ')
  return [
    header(report),
    ...aboutHost(report),
    ...warningLines(report),
    `  The kernel is in ${report.kernel.folder ?? 'the bundle'}.`,
    `  koffi ${report.koffi.loads ? `is in ${report.koffi.folder}` : 'does not load'}. Needed for ${report.koffi.needed}.`,
    '',
    ...pythonLines(report, all, used.facts),
    '',
    `pythreads uses ${used.facts.executable} (from ${used.source}).`,
    ...orderLines(all, used).map((line) => `  ${line}`),
    ...cacheLine(used.facts),
    `isolation 'auto' chooses ${auto.isolation}:`,
    ...auto.reasons.map((reason) => `  ${reason}`),
    ...(autoWithModules === undefined
      ? []
      : ['', `With ${modules}, 'auto' chooses ${autoWithModules.isolation}:`]),
    ...(autoWithModules?.reasons.map((reason) => `  ${reason}`) ?? []),
    ...(inSubinterpreter === undefined
      ? []
      : ['', 'In a subinterpreter, which is used only if you ask for it:']),
    ...(inSubinterpreter?.map(({ module, problem }) => `  ${module}: ${problem ?? 'loads'}`) ?? []),
    ...(imports === undefined
      ? []
      : ['', ...imports.modules.map(moduleInWords), ...installLines(imports.install)]),
    ...environmentLines(report),
    ...toInstallLines(report),
  ]
}

/** What the packages of the flags need. */
function missingLines({ plan }: Report): string[] {
  return plan === undefined || plan.missing.length === 0
    ? []
    : [`A start would install: ${plan.missing.join('; ')}.`]
}

function environmentLines({ environments }: Report): string[] {
  const { uv, uvProblems, folder, made, problem } = environments
  return [
    '',
    ...uvProblems.map((sentence) => `${sentence}.`),
    uv === null
      ? 'There is no uv: the option dependencies downloads it, or else uses pip.'
      : `uv ${uv.version} is ${uv.path} (from ${uv.source}).`,
    ...(problem === null ? [] : [`Environments are not used: ${problem}`]),
    ...(made.length === 0 ? [] : [`${counted(made.length, 'environment')} in ${folder}:`]),
    ...made.map((one) => `  ${one.key} (${bytes(one.bytes)}): ${one.requirements.join(', ')}`),
  ]
}

function moduleInWords(module: CheckedModule): string {
  return module.ok
    ? `works: ${module.module}${module.version === undefined ? '' : ` ${module.version}`}`
    : problem(module)
}

function pythonLines(
  { koffi }: Report,
  all: readonly Looked[],
  used: PythonFacts | undefined,
): string[] {
  const lines = all.flatMap(({ place, facts, error }) => {
    if (facts === undefined) {
      const isShown = place.executable !== undefined || place.named
      return isShown ? [`  - ${place.given} (${place.source})`, `      ${error?.message}`] : []
    }
    const mark = facts.executable === used?.executable ? '*' : '-'
    return [
      `  ${mark} ${facts.executable} (${place.source})`,
      `      Python ${facts.release}${facts.freeThreaded ? ', free-threaded' : ''}${facts.ctypes ? '' : ', without ctypes'}`,
      `      libpython: ${facts.libpython ?? `none; to mend it: ${libpythonHint(facts)}`}`,
      ...ISOLATION_KINDS.map((kind) => {
        const { verdict, reason } = isolationsOf(facts, koffi)[kind]
        return `      ${kind.padEnd(15)}${YES_NO[verdict].padEnd(4)}${reason}`
      }),
    ]
  })
  return ['Pythons, in the order of the search:', ...lines]
}

/** Cuts a text to the size of a screen: its first and its last lines. */
function cut(lines: readonly string[]): string[] {
  const all = lines.flatMap((line) => wrapped(line, /^ */.exec(line)?.[0].length ?? 0, 4))
  if (all.length < ROWS) return all
  const last = 3
  return [...all.slice(0, ROWS - last - 2), '  ... (--verbose)', ...all.slice(-last)]
}

/** Says which environments were passed over, or else which other environments come later. */
function orderLines(all: readonly Looked[], { facts, passedOver }: FoundPython): string[] {
  const later = all.flatMap(({ place, facts: other }) =>
    place.source.endsWith('project') && other !== undefined && other.prefix !== facts.prefix
      ? [`${place.given} (${place.source})`]
      : [],
  )
  if (passedOver.length > 0) return passedOver.map((sentence) => `Passed over: ${sentence}.`)
  return later.length > 0 ? [`The Python in use comes before ${later.join(' and ')}.`] : []
}

/** Says why the cache of facts is not used. */
function cacheLine(facts: PythonFacts): string[] {
  const { problem } = cacheOf(facts)
  return problem === undefined ? [] : [`  The cache is not used: ${problem}.`]
}
