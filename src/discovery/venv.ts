import { existsSync, lstatSync, readdirSync, readlinkSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { pythonCommand, pythonIn } from '../platform/index.ts'
import { readPlain } from './own-files.ts'
import { whoseChangeOnPath } from './ownership.ts'

const MAX_LINKS = 40

/**
 * Says why there is no Python at a path, and what to do. `isCommand`: the name was looked for on
 * PATH too.
 */
export function whyNoPython(path: string, isCommand = false): string {
  const isVenv = existsSync(join(path, 'pyvenv.cfg'))
  const links = isVenv ? ['python3', 'python'].map((name) => join(path, 'bin', name)) : [path]
  const link = links.find(
    (one) => lstatSync(one, { throwIfNoEntry: false })?.isSymbolicLink() === true,
  )
  const target = link === undefined ? undefined : endOf(link)
  const gone =
    target === undefined ? undefined : `is a link to ${target}, which does not exist (any more)`
  if (!isVenv && gone !== undefined) return `it ${gone}`
  if (!isVenv && !existsSync(path))
    return `${path} does not exist${isCommand ? ', and PATH has no such command' : ''}`
  if (!isVenv) return 'neither an executable nor a virtual environment'
  const what =
    gone === undefined ? `${pythonIn(path)} is missing` : `its interpreter ${link} ${gone}`
  return `a virtual environment, but ${what}. To create it again: ${remake(path)}, then install its packages`
}

/** Follows a link, and the links that it leads to; returns the last path. */
function endOf(link: string): string {
  let path = link
  for (
    let i = 0;
    i < MAX_LINKS && lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
    i++
  ) {
    path = resolve(dirname(path), readlinkSync(path))
  }
  return path
}

function remake(folder: string): string {
  const version = /^version(?:_info)?\s*=\s*(\d+\.\d+)/m.exec(
    readPlain(join(folder, 'pyvenv.cfg')),
  )?.[1]
  const quoted = /^[\w./\\:-]+$/.test(folder) ? folder : JSON.stringify(folder)
  const withVersion = version === undefined ? '' : `--python ${version} `
  return `${pythonCommand(version)} -m venv --clear ${quoted} (or: uv venv --clear ${withVersion}${quoted})`
}

/**
 * Says why another user can change what runs in a virtual environment or an installation;
 * `undefined` when none can. The check covers the folders, the executables, the base installation,
 * and the paths that lead to all of these. Without it, pythreads would run a `.venv` that another
 * user put into a parent folder.
 */
export function strangerOf(folder: string): string | undefined {
  const parts = [
    '',
    'pyvenv.cfg',
    'bin',
    'bin/python3',
    'bin/python',
    'lib',
    ...sitesOf(folder),
  ].map((name) => join(folder, name))
  const home = /^home\s*=\s*(.+)$/m.exec(readPlain(join(folder, 'pyvenv.cfg')))?.[1]?.trim()
  for (const part of home === undefined ? parts : [...parts, resolve(folder, home)]) {
    const reason = whoseChangeOnPath(part)
    if (reason !== undefined) return reason
  }
  return undefined
}

/** The folders with modules: some of them run at each start (`.pth`, `sitecustomize`). */
function sitesOf(folder: string): string[] {
  try {
    const names = readdirSync(join(folder, 'lib')).filter((name) => name.startsWith('python'))
    return names.flatMap((name) => [join('lib', name), join('lib', name, 'site-packages')])
  } catch {
    return []
  }
}
