import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'
import { withPackages } from '../../scripts/python-packages.ts'
import { findAll, type PythonFacts } from '../../src/discovery/index.ts'
import { ISOLATION_KINDS, type IsolationKind, supportOf } from '../../src/isolation/index.ts'
import { isCi } from './ci.ts'
import { ROLES } from './roles.ts'

/** A Python of the machine that tests may use. */
export interface TestPython {
  executable: string
  release: string
  version: readonly [number, number, number]
  freeThreaded: boolean
  isolations: IsolationKind[]
  /**
   * The executable of a virtual environment with the packages of test/python/requirements.txt, for
   * those Pythons that tests use them with.
   */
  packages: string | null
}

declare module 'vitest' {
  interface ProvidedContext {
    /**
     * One Python of each minor version that is on the machine, oldest first; in the quick suite
     * those that a placement uses.
     */
    pythons: TestPython[]
    /** What this machine lacks, as the end of the run names it. */
    missing: string[]
    /** Whether a placement runs a part of its tests: not where projects are named. */
    inParts: boolean
  }
}

const root = fileURLToPath(new URL('../..', import.meta.url))
// Not from scale.ts: what it imports of vitest is there in tests only.
const isFull = process.env['PYTHREADS_TESTS'] === 'full'

/**
 * Finds the Pythons to test with. The full suite builds those that it needs and that the machine
 * lacks.
 */
export default async function setup({ vitest }: TestProject): Promise<void> {
  // What one project has found is provided to all.
  const project = vitest.getRootProject()
  if (project.getProvidedContext().pythons !== undefined) return
  project.provide(
    'inParts',
    vitest.config.project.every((name) => name.startsWith('!')),
  )
  let all = await discover()
  const missing: string[] = []
  for (const role of ROLES) {
    if (isFull && role.tag !== undefined && role.find(all) === undefined) {
      process.stderr.write(`Building Python ${role.tag} for the tests (a few minutes, once)\n`)
      execFileSync(join(root, 'scripts', 'build-python.sh'), [role.tag], {
        stdio: ['ignore', 'inherit', 'inherit'],
      })
      all = await discover()
    }
    if (role.find(all) !== undefined) continue
    if (isFull || isCi())
      throw new Error(`This machine lacks what the full suite and CI need: ${role.missing}`)
    missing.push(role.missing)
  }
  if (all.length === 0) throw new Error('There is no Python 3.10 or newer on this machine')
  missing.push(...addPackages(all))
  const used = new Set(ROLES.map(({ find }) => find(all)))
  project.provide('pythons', isFull ? all : all.filter((python) => used.has(python)))
  project.provide('missing', missing)
}

/** Makes the virtual environments with packages. Returns what could not be installed. */
function addPackages(all: TestPython[]): string[] {
  const wanted = new Set(ROLES.flatMap((role) => (role.usesPackages ? (role.find(all) ?? []) : [])))
  return [...wanted].flatMap((python) => {
    const { release, freeThreaded } = python
    try {
      python.packages = withPackages(python)
      if (python.packages !== null) return []
    } catch (error) {
      if (isFull || isCi()) throw error
    }
    return [
      `numpy, pandas and Arrow in Python ${release}${freeThreaded ? 't' : ''} (pip cannot install them)`,
    ]
  })
}

async function discover(): Promise<TestPython[]> {
  const built = ['3.13', '3.13t', '3.14', '3.14t']
    .map((tag) => join(root, '.cache', 'python', tag))
    .filter((path) => existsSync(path))
  const found = [
    ...(await Promise.all(built.map((path) => findAll(path)))).flat(),
    ...(await findAll()),
  ]
  const byKind = new Map<string, PythonFacts>()
  for (const { facts } of found) {
    if (facts === undefined) continue
    const kind = `${facts.version[1]}${facts.freeThreaded ? 't' : ''}`
    const known = byKind.get(kind)
    if (known === undefined || (known.libpython === null && facts.libpython !== null))
      byKind.set(kind, facts)
  }
  return [...byKind.values()]
    .map(describe)
    .sort((a, b) => a.version[1] - b.version[1] || Number(a.freeThreaded) - Number(b.freeThreaded))
}

function describe(facts: PythonFacts): TestPython {
  const { executable, release, version, freeThreaded } = facts
  const isolations = ISOLATION_KINDS.filter((kind) => supportOf(kind, facts).verdict !== 'never')
  return { executable, release, version, freeThreaded, isolations, packages: null }
}
