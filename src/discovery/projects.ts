import { realpathSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join, sep } from 'node:path'
import { exists } from '../attempt.ts'
import { readPlain } from './own-files.ts'

/** The folders in which a virtual environment of the project is looked for, in order. */
export interface ProjectFolders {
  /** The folders of the program that runs, wherever it was started. */
  readonly ofMain: readonly string[]
  /** The current folder and its parents. */
  readonly ofCwd: readonly string[]
  /**
   * Whether the program belongs to a package in `node_modules`: a tool, which works for the current
   * folder.
   */
  readonly isTool: boolean
}

/** `main`: the file that Node runs. */
export function projectFolders(
  cwd: string,
  main: string | undefined = process.argv[1],
): ProjectFolders {
  const program = main === undefined ? undefined : folderOf(main)
  if (program === undefined) return { ofMain: [], ofCwd: upwards(cwd), isTool: false }
  const parts = program.split(sep)
  const packages = parts.indexOf('node_modules')
  const folder = packages < 1 ? program : parts.slice(0, packages).join(sep) || sep
  return { ofMain: upwards(folder), ofCwd: upwards(cwd), isTool: packages >= 1 }
}

/** The folder of a program; `undefined` without a file, as with `node -e` or a worker from text. */
function folderOf(main: string): string | undefined {
  if (!isAbsolute(main)) return undefined
  for (const path of [main, `${main}.js`, `${main}.cjs`, `${main}.mjs`]) {
    try {
      const real = realpathSync(path)
      return statSync(real).isDirectory() ? real : dirname(real)
    } catch {
      // `node server` runs server.js: the next name
    }
  }
  return undefined
}

/**
 * Lists a folder and its parents up to the nearest package.json, in a monorepo up to the folder of
 * the workspace. Parents further up are listed if they are Python projects.
 */
function upwards(start: string): string[] {
  const all = [start]
  for (let folder = dirname(start); folder !== all.at(-1); folder = dirname(folder))
    all.push(folder)
  const nearest = all.findIndex((folder) => exists(join(folder, 'package.json')))
  const workspace =
    nearest < 0 ? -1 : all.findIndex((folder, index) => index >= nearest && isWorkspace(folder))
  const last = Math.max(nearest, workspace)
  return all.filter(
    (folder, index) => index === 0 || index <= last || exists(join(folder, 'pyproject.toml')),
  )
}

function isWorkspace(folder: string): boolean {
  if (exists(join(folder, 'pnpm-workspace.yaml'))) return true
  try {
    return Object.hasOwn(JSON.parse(readPlain(join(folder, 'package.json'))), 'workspaces')
  } catch {
    return false
  }
}
