import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'
import { withPackages } from '../../scripts/python-packages.ts'
import { findAll, type PythonFacts } from '../../src/discovery/index.ts'
import { gate } from '../../src/isolation/index.ts'

/** A Python of the machine that tests may use. */
export interface TestPython {
  executable: string
  release: string
  version: readonly [number, number, number]
  freeThreaded: boolean
  isolations: ('thread' | 'subinterpreter' | 'process')[]
  /** The executable of a virtual environment of it that has the packages of test/python/requirements.txt; `null`: it is too new. */
  packages: string | null
}

declare module 'vitest' {
  interface ProvidedContext {
    /** One Python of each minor version that is on the machine, oldest first. */
    pythons: TestPython[]
  }
}

const root = fileURLToPath(new URL('../..', import.meta.url))

/** What the suite cannot do without: thread, subinterpreter and process isolation, and threads without a GIL. */
const NEEDED = [
  { tag: '3.13', satisfied: (python: TestPython) => python.isolations.includes('subinterpreter') && python.version[1] >= 13 },
  { tag: '3.13t', satisfied: (python: TestPython) => python.freeThreaded },
]

/** Finds the Pythons to test with, and builds those that the suite needs and the machine has not. */
export default async function setup(project: TestProject): Promise<void> {
  const pythons = await discover()
  for (const { tag, satisfied } of NEEDED) {
    if (pythons.some(satisfied)) continue
    process.stderr.write(`Building Python ${tag} for the tests (a few minutes, once)\n`)
    execFileSync(join(root, 'scripts', 'build-python.sh'), [tag], { stdio: ['ignore', 'inherit', 'inherit'] })
    pythons.push(...(await discover()).filter((python) => !pythons.some((other) => other.executable === python.executable)))
    if (!pythons.some(satisfied)) throw new Error(`scripts/build-python.sh ${tag} did not provide what the tests need`)
  }
  project.provide('pythons', pythons)
}

async function discover(): Promise<TestPython[]> {
  const built = ['3.13', '3.13t', '3.14', '3.14t']
    .map((tag) => join(root, '.cache', 'python', tag))
    .filter((path) => existsSync(path))
  const found = [...(await Promise.all(built.map((path) => findAll(path)))).flat(), ...(await findAll())]
  const byKind = new Map<string, PythonFacts>()
  for (const { facts } of found) {
    if (facts === undefined) continue
    const kind = `${facts.version[1]}${facts.freeThreaded ? 't' : ''}`
    const known = byKind.get(kind)
    if (known === undefined || (known.libpython === null && facts.libpython !== null)) byKind.set(kind, facts)
  }
  return [...byKind.values()]
    .map(describe)
    .sort((a, b) => a.version[1] - b.version[1] || Number(a.freeThreaded) - Number(b.freeThreaded))
}

function describe(facts: PythonFacts): TestPython {
  const { executable, release, version, freeThreaded } = facts
  const isolations = (['thread', 'subinterpreter', 'process'] as const).filter((kind) => gate(kind, facts).verdict !== 'never')
  return { executable, release, version, freeThreaded, isolations, packages: withPackages(facts) }
}
