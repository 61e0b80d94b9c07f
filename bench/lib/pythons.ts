// Which Pythons are measured: one with numpy for nearly everything, the newest that has
// interpreters with a GIL each, one without a GIL.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type PythonFacts as Facts, findAll, findPython } from '../../src/discovery/index.ts'
import { supportOf } from '../../src/isolation/index.ts'
import { ROOT } from './folders.ts'
import { withNumpy } from './venv.ts'

/** A Python to measure with. */
export interface BenchPython {
  /** To be started: of a virtual environment with numpy where there are wheels. */
  readonly executable: string
  /** The installation behind it, for what is compiled against it. */
  readonly base: string
  readonly release: string
  readonly freeThreaded: boolean
  /** The folder of the packages; `null`: it has no numpy. */
  readonly site: string | null
  /** The folder of the shared library. */
  readonly library: string | null
}

export interface BenchPythons {
  readonly main: BenchPython
  readonly subinterpreter: BenchPython | null
  readonly freeThreaded: BenchPython | null
}

export type PythonName = keyof BenchPythons

/**
 * @param option An executable or a virtual environment; `undefined`: the first that can do thread
 * isolation and has numpy.
 */
export async function findPythons(option: string | undefined): Promise<BenchPythons> {
  const built = ['3.14', '3.14t', '3.13', '3.13t']
    .map((tag) => join(ROOT, '.cache', 'python', tag))
    .filter((path) => existsSync(path))
  const looked = [
    await findAll(),
    ...(await Promise.all(built.map((path) => findAll(path)))),
  ].flat()
  const all = looked.flatMap(({ facts }) => (facts === undefined ? [] : [facts]))
  const withGil = all.filter(
    (facts) => !facts.freeThreaded && supportOf('thread', facts).verdict !== 'never',
  )
  const newest = (a: Facts, b: Facts) => b.version[1] - a.version[1] || b.version[2] - a.version[2]
  const main =
    option === undefined ? firstWithNumpy(withGil) : describe((await findPython(option)).facts)
  const subinterpreter = all
    .filter((facts) => supportOf('subinterpreter', facts).verdict === 'auto')
    .sort(newest)[0]
  const freeThreaded = all.filter((facts) => facts.freeThreaded).sort(newest)[0]
  return {
    main,
    subinterpreter: subinterpreter === undefined ? null : describe(subinterpreter),
    freeThreaded: main.freeThreaded
      ? main
      : freeThreaded === undefined
        ? null
        : describe(freeThreaded),
  }
}

function firstWithNumpy(all: readonly Facts[]): BenchPython {
  for (const facts of all) {
    const python = describe(facts)
    if (python.site !== null) return python
  }
  throw new Error(
    'No Python here can be loaded into this process and has a wheel of numpy; name one with --python',
  )
}

function describe({ executable: found, release, freeThreaded, libpython }: Facts): BenchPython {
  const base = ask(found, 'import sys; print(getattr(sys, "_base_executable", sys.executable))')
  const executable = hasNumpy(found) ? found : withNumpy(base, release, freeThreaded)
  return {
    executable: executable ?? found,
    base,
    release,
    freeThreaded,
    site:
      executable === null
        ? null
        : ask(executable, 'import sysconfig; print(sysconfig.get_paths()["platlib"])'),
    library: libpython === null ? null : dirname(libpython),
  }
}

function hasNumpy(executable: string): boolean {
  return (
    ask(executable, 'import importlib.util as u; print(u.find_spec("numpy") is not None)') ===
    'True'
  )
}

function ask(executable: string, program: string): string {
  return execFileSync(executable, ['-I', '-c', program], { encoding: 'utf8' }).trim()
}
