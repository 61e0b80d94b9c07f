import { findAll, findPython, type Looked, type PythonFacts } from '../../discovery/index.ts'
import { choose, gate, libpythonHint, tryModules } from '../../isolation/index.ts'
import { describeError, EXIT } from '../errors.ts'
import { type Flags, names } from '../flags.ts'

export interface DoctorFlags {
  import: string[] | undefined
  python: string | undefined
  json: boolean
}

export const doctorFlags: Flags<DoctorFlags> = {
  import: { flags: '--import <modules>', description: 'modules that shall work, e.g. numpy,pandas', parse: names },
  python: { flags: '--python <path>', description: 'which Python: an executable or the folder of a virtual environment' },
  json: { flags: '--json', description: 'print JSON', default: false },
}

const KINDS = ['thread', 'subinterpreter', 'process'] as const

/** Shows the Pythons of the machine, and what `auto` would choose. Answers the exit status: 0 when there is a Python to use. */
export async function doctor(flags: DoctorFlags): Promise<number> {
  const all = await findAll(flags.python)
  const used = await findPython(flags.python).catch((error: unknown) => ({ error }))
  const modules = flags.import ?? []
  const choices = 'facts' in used ? await decide(used.facts, modules) : undefined
  if (flags.json) {
    const pythons = all.map(({ place, facts, error }) => ({
      ...place,
      facts,
      error: error?.code,
      can: facts && abilities(facts),
    }))
    console.log(JSON.stringify({ node: process.version, pythons, uses: 'facts' in used ? used : undefined, ...choices }))
  } else {
    print(all, 'facts' in used ? used.facts : undefined)
    if ('facts' in used && choices !== undefined) explain(used, choices, modules)
    else if ('error' in used) console.log(describeError(used.error))
  }
  return 'facts' in used ? EXIT.ok : EXIT.failed
}

type Choices = Awaited<ReturnType<typeof decide>>

async function decide(facts: PythonFacts, modules: readonly string[]) {
  const plain = await choose(facts, [], [])
  const path = [process.cwd()]
  const isPossible = modules.length > 0 && gate('subinterpreter', facts).verdict !== 'never'
  return {
    auto: plain,
    autoWithModules: modules.length > 0 ? await choose(facts, modules, path) : undefined,
    inSubinterpreter: isPossible ? await tryModules('subinterpreter', facts, modules, path) : undefined,
  }
}

function abilities(facts: PythonFacts) {
  return Object.fromEntries(KINDS.map((kind) => [kind, gate(kind, facts)]))
}

function print(all: readonly Looked[], used: PythonFacts | undefined): void {
  console.log(
    `Node ${process.version} on ${process.platform}-${process.arch}\n\nPythons, in the order in which they are looked for:`,
  )
  for (const { place, facts, error } of all) {
    if (facts === undefined) {
      if (place.executable !== undefined || place.named)
        console.log(`  - ${place.given} (${place.source})\n      ${error?.message}`)
      continue
    }
    const mark = facts.executable === used?.executable ? '*' : '-'
    console.log(`  ${mark} ${facts.executable} (${place.source})`)
    console.log(
      `      Python ${facts.release}${facts.freeThreaded ? ', free-threaded' : ''}${facts.ctypes ? '' : ', without ctypes'}`,
    )
    console.log(`      libpython: ${facts.libpython ?? `none; to mend it: ${libpythonHint(facts)}`}`)
    for (const kind of KINDS) {
      const { verdict, reason } = gate(kind, facts)
      console.log(`      ${kind.padEnd(15)}${{ auto: 'yes', request: 'yes', never: 'no' }[verdict].padEnd(4)}${reason}`)
    }
  }
}

function explain(used: { facts: PythonFacts; source: string }, choices: Choices, modules: readonly string[]): void {
  console.log(`\npythreads uses ${used.facts.executable} (from ${used.source}).`)
  console.log(`isolation 'auto' chooses ${choices.auto.isolation}:`)
  for (const reason of choices.auto.reasons) console.log(`  ${reason}`)
  if (choices.autoWithModules === undefined) return
  console.log(`\nWith ${modules.join(', ')} it chooses ${choices.autoWithModules.isolation}:`)
  for (const reason of choices.autoWithModules.reasons) console.log(`  ${reason}`)
  if (choices.inSubinterpreter === undefined) return
  console.log('\nIn a subinterpreter, which is taken by name only:')
  for (const { module, problem } of choices.inSubinterpreter) console.log(`  ${module}: ${problem ?? 'it loads'}`)
}
