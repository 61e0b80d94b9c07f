import { existsSync, lstatSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { attempt } from '../attempt.ts'
import { onPath } from './on-path.ts'
import { projectFolders } from './projects.ts'
import { inFolder, strangerOf, whyNoPython } from './venv.ts'

/** A place where a Python may be. */
export interface Place {
  /** Why it is looked at, e.g. `VIRTUAL_ENV`. */
  readonly source: string
  /** What is there: an executable that exists, or `undefined`. */
  readonly executable: string | undefined
  /** What is there instead. */
  readonly instead?: string | undefined
  /** The path or setting as it was given. */
  readonly given: string
  /**
   * Somebody named this place: if there is no working Python, that is an error, not a reason to
   * look further.
   */
  readonly named: boolean
  /** Why what is there is not run, if so. */
  readonly refused?: string | undefined
}

const PATH_NAMES = ['python3', 'python']

/**
 * The places where a Python is looked for, in order of precedence. `main`: the file that Node runs.
 */
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
 * The virtual environments of the project that the program belongs to, and of the one of the
 * current folder. A tool from `node_modules` works for the current folder, so that comes first
 * then.
 */
function projectVenvs(cwd: string, main: string | undefined): Place[] {
  const { ofMain, ofCwd, isTool } = projectFolders(cwd, main)
  const folders = new Set(isTool ? [...ofCwd, ...ofMain] : [...ofMain, ...ofCwd])
  return [...folders].flatMap((folder) =>
    ['.venv', 'venv'].flatMap((name) => {
      const path = join(folder, name)
      if (!existsSync(join(path, 'pyvenv.cfg')) && !isDangling(path)) return []
      const refused = strangerOf(path)
      const executable = existsSync(inFolder(path)) ? inFolder(path) : undefined
      const source = `${name} of ${ofCwd.includes(folder) ? 'the project' : "the main module's project"}`
      const instead = executable === undefined ? whyNoPython(path) : undefined
      return { source, given: path, named: refused === undefined, executable, instead, refused }
    }),
  )
}

function isDangling(path: string): boolean {
  return !existsSync(path) && attempt(() => lstatSync(path).isSymbolicLink()) === true
}

/**
 * Turns what somebody gave (an executable, a name on PATH, a virtual environment's folder) into an
 * executable.
 */
function locate(given: string, cwd: string, env: NodeJS.ProcessEnv): string | undefined {
  if (!/[/\\]/.test(given) && !existsSync(resolve(cwd, given))) return onPath(given, env)[0]
  const path = resolve(cwd, given)
  const isFolder = attempt(() => statSync(path).isDirectory())
  if (isFolder === undefined) return undefined
  if (!isFolder) return path
  const inside = inFolder(path)
  return existsSync(inside) ? inside : undefined
}
