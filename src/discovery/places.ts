import { existsSync, lstatSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { attempt } from '../attempt.ts'
import { pythonIn } from '../platform/index.ts'
import { onPath } from './on-path.ts'
import { projectFolders } from './projects.ts'
import { strangerOf, whyNoPython } from './venv.ts'

/** A place where a Python may be. */
export interface Place {
  /** Why it is looked at, e.g. `VIRTUAL_ENV`. */
  readonly source: string
  /** The executable there; `undefined` when there is none. */
  readonly executable: string | undefined
  /** What is wrong with a place that has no executable. */
  readonly instead?: string | undefined
  /** The path or setting as it was given. */
  readonly given: string
  /**
   * Whether the user named this place: then a missing or broken Python is an error, not a reason to
   * look further.
   */
  readonly named: boolean
  /** Why the Python there must not be run: another user can change it. */
  readonly refused?: string | undefined
}

const PATH_NAMES = ['python3', 'python']

/** Lists the places to look for a Python, the first one first. `main`: the file that Node runs. */
export function places(
  option: string | undefined,
  cwd: string,
  env: NodeJS.ProcessEnv,
  main?: string,
): Place[] {
  const list: Place[] = []
  const add = (source: string, given: string | undefined, named: boolean) => {
    if (given === undefined || given === '') return
    const executable = locate(given, cwd, env)
    list.push({
      source,
      given,
      named,
      executable,
      instead:
        executable === undefined
          ? whyNoPython(resolve(cwd, given), !/[/\\]/.test(given))
          : undefined,
    })
  }
  add('the option `python`', option, true)
  add('PYTHREADS_PYTHON', env['PYTHREADS_PYTHON'], true)
  add('VIRTUAL_ENV', env['VIRTUAL_ENV'], true)
  add('CONDA_PREFIX', env['CONDA_PREFIX'], true)
  list.push(...projectVenvs(cwd, main))
  for (const name of PATH_NAMES) {
    const found = onPath(name, env)
    if (found.length === 0)
      list.push({ source: 'PATH', given: name, named: false, executable: undefined })
    for (const path of found) add('PATH', path, false)
  }
  return list
}

/**
 * The virtual environments of two projects: the project of the program, then the project of the
 * current folder. For a tool in `node_modules` the order is reversed, as the tool works for the
 * current folder.
 */
function projectVenvs(cwd: string, main: string | undefined): Place[] {
  const { ofMain, ofCwd, isTool } = projectFolders(cwd, main)
  const folders = new Set(isTool ? [...ofCwd, ...ofMain] : [...ofMain, ...ofCwd])
  return [...folders].flatMap((folder) =>
    ['.venv', 'venv'].flatMap((name) => {
      const path = join(folder, name)
      if (!existsSync(join(path, 'pyvenv.cfg')) && !isDangling(path)) return []
      const refused = strangerOf(path)
      const executable = existsSync(pythonIn(path)) ? pythonIn(path) : undefined
      const source = `${name} of ${ofCwd.includes(folder) ? 'the project' : "the main module's project"}`
      const instead = executable === undefined ? whyNoPython(path) : undefined
      return { source, given: path, named: refused === undefined, executable, instead, refused }
    }),
  )
}

function isDangling(path: string): boolean {
  return !existsSync(path) && attempt(() => lstatSync(path).isSymbolicLink()) === true
}

/** Finds the executable that a user's setting means: a file, a name on PATH, or a folder. */
function locate(given: string, cwd: string, env: NodeJS.ProcessEnv): string | undefined {
  if (!/[/\\]/.test(given) && !existsSync(resolve(cwd, given))) return onPath(given, env)[0]
  const path = resolve(cwd, given)
  const isFolder = attempt(() => statSync(path).isDirectory())
  if (isFolder === undefined) return undefined
  if (!isFolder) return path
  const inside = pythonIn(path)
  return existsSync(inside) ? inside : undefined
}
