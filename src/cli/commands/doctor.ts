import {
  type FoundPython,
  findAll,
  findPython,
  type Looked,
  type PythonFacts,
  whyNotRecalled,
} from '../../discovery/index.ts'
import {
  choose,
  ISOLATION_KINDS,
  type IsolationKind,
  libpythonHint,
  supportOf,
  tryModules,
} from '../../isolation/index.ts'
import type { Example, Positional } from '../command.ts'
import { describeError, EXIT } from '../errors.ts'
import { type Flags, names } from '../flags.ts'
import { type CheckedModule, type CheckedModules, checkModules } from '../module-check.ts'
import { pathFlag, pythonFlag } from '../pool-flags.ts'
import { COLUMNS, clipped, fitted, ROWS, wrapped } from '../screen.ts'
import { currentFolder } from '../target.ts'

export interface DoctorFlags {
  import: string[] | undefined
  python: string | undefined
  path: string[] | undefined
  json: boolean
  verbose: boolean
}

export const name = 'doctor'
export const summary = 'show which Python is used, what it supports, and how to mend it'
export const positionals: readonly Positional[] = []

export const flags: Flags<DoctorFlags> = {
  import: {
    flags: '--import <modules>',
    description: 'modules to import, for example numpy,pandas',
    parse: names,
  },
  python: pythonFlag,
  path: pathFlag,
  verbose: {
    flags: '-v, --verbose',
    description: 'show every Python that was found, and all reasons',
    default: false,
  },
  json: { flags: '--json', description: 'print JSON', default: false },
}

export const examples: readonly Example[] = [
  { line: 'pythreads doctor', does: 'shows the Python, and what it supports' },
  {
    line: 'pythreads doctor --import json,sqlite3',
    does: 'imports these modules; status 1 says that one does not work',
  },
]

const YES_NO = { auto: 'yes', request: 'yes', never: 'no' } as const

/**
 * Shows the Pythons of the machine, and the isolation that `auto` would choose. The exit status is
 * 0 when there is a Python and the modules work.
 */
export async function run(flags: DoctorFlags): Promise<number> {
  const all = await findAll(flags.python)
  const used = await findPython(flags.python).catch((error: unknown) => ({ error }))
  const modules = flags.import ?? []
  const path = flags.path ?? []
  const choices = 'facts' in used ? await decide(used.facts, modules, path) : undefined
  const imports =
    'facts' in used && modules.length > 0
      ? await checkModules(used.facts.executable, modules, path)
      : undefined
  if (flags.json) {
    const pythons = all.map(({ place, facts, error }) => ({
      ...place,
      facts,
      error: error?.code,
      can: facts && abilities(facts),
    }))
    const uses = 'facts' in used ? used : undefined
    const cache = uses && { problem: whyNotRecalled(uses.facts.executable) }
    console.log(
      JSON.stringify({ node: process.version, pythons, uses, cache, ...choices, imports }),
    )
  } else if ('facts' in used && choices !== undefined) {
    console.log(
      (flags.verbose
        ? inFull(all, used, choices, imports)
        : onScreen(all, used, choices, imports)
      ).join('\n'),
    )
  } else if ('error' in used) {
    if (flags.verbose) console.log([header(), '', ...pythonLines(all, undefined), ''].join('\n'))
    console.log(
      flags.verbose
        ? describeError(used.error)
        : cut(describeError(used.error).split('\n')).join('\n'),
    )
  }
  const isWell = 'facts' in used && (imports?.modules.every(({ ok }) => ok) ?? true)
  return isWell ? EXIT.ok : EXIT.failed
}

type Choices = Awaited<ReturnType<typeof decide>>

async function decide(facts: PythonFacts, modules: readonly string[], path: readonly string[]) {
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

function abilities(facts: PythonFacts) {
  return Object.fromEntries(ISOLATION_KINDS.map((kind) => [kind, supportOf(kind, facts)]))
}

function header(): string {
  return `Node ${process.version} on ${process.platform}-${process.arch}`
}

/** The default output, which fits on a screen: the Python that is used, and problems. */
function onScreen(
  all: readonly Looked[],
  used: FoundPython,
  choices: Choices,
  imports: CheckedModules | undefined,
): string[] {
  const { facts, source } = used
  const choice = choices.autoWithModules ?? choices.auto
  const lines = [
    fitted(`${header()}, Python ${describe(facts)} (from ${source})`, COLUMNS),
    `  ${fitted(facts.executable, COLUMNS - 2)}`,
    ...orderLines(all, used).flatMap((line) => clipped(wrapped(line, 2, 4), 3)),
    ...cacheLine(facts).map((line) => fitted(line, COLUMNS)),
    ...(facts.libpython === null
      ? clipped(wrapped(`libpython: none. To get it: ${libpythonHint(facts)}`, 2, 4), 2)
      : []),
    '',
    ...ISOLATION_KINDS.flatMap((kind) => ability(kind, facts)),
    ...clipped(
      wrapped(`isolation 'auto' chooses ${choice.isolation}: ${reasonOf(choice)}`, 0, 2),
      3,
    ),
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

function ability(kind: IsolationKind, facts: PythonFacts): string[] {
  const { verdict, reason } = supportOf(kind, facts)
  const [first = '', ...rest] = clipped(wrapped(reason, 21), 2)
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
function inFull(
  all: readonly Looked[],
  used: FoundPython,
  choices: Choices,
  imports: CheckedModules | undefined,
): string[] {
  const { auto, autoWithModules, inSubinterpreter } = choices
  const modules = imports?.modules.map(({ module }) => module).join(', ')
  return [
    header(),
    '',
    ...pythonLines(all, used.facts),
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
      : ['', ...imports.modules.map(inWords), ...installLines(imports.install)]),
  ]
}

function inWords(module: CheckedModule): string {
  return module.ok
    ? `works: ${module.module}${module.version === undefined ? '' : ` ${module.version}`}`
    : problem(module)
}

function pythonLines(all: readonly Looked[], used: PythonFacts | undefined): string[] {
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
        const { verdict, reason } = supportOf(kind, facts)
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

/** Says why the cache of facts is not used: another user could have written it. */
function cacheLine({ executable }: PythonFacts): string[] {
  const reason = whyNotRecalled(executable)
  return reason === undefined ? [] : [`  The cache is not used: ${reason}.`]
}
