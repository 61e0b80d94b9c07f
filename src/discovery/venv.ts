import { existsSync, lstatSync, readFileSync, readlinkSync, type Stats, statSync } from 'node:fs'
import { userInfo } from 'node:os'
import { dirname, join, resolve } from 'node:path'

const WINDOWS = process.platform === 'win32'
const MAX_LINKS = 40

/** The executable of a virtual environment or an installation. */
export function inFolder(folder: string): string {
  if (!WINDOWS) return existsSync(join(folder, 'bin', 'python3')) ? join(folder, 'bin', 'python3') : join(folder, 'bin', 'python')
  const script = join(folder, 'Scripts', 'python.exe')
  return existsSync(script) ? script : join(folder, 'python.exe')
}

/** What is wrong with a path at which there is no Python, and what to do about it. `isCommand`: it was looked for on PATH, too. */
export function whyNoPython(path: string, isCommand = false): string {
  const isVenv = existsSync(join(path, 'pyvenv.cfg'))
  const links = isVenv ? ['python3', 'python'].map((name) => join(path, 'bin', name)) : [path]
  const link = links.find((one) => lstatSync(one, { throwIfNoEntry: false })?.isSymbolicLink() === true)
  const target = link === undefined ? undefined : endOf(link)
  const gone = target === undefined ? undefined : `is a link to ${target}, which is not there (any more)`
  if (!isVenv && gone !== undefined) return `it ${gone}`
  if (!isVenv && !existsSync(path)) return `${path} does not exist${isCommand ? ', and PATH has no such command' : ''}`
  if (!isVenv) return 'neither an executable nor a virtual environment'
  const what = gone === undefined ? `${inFolder(path)} is missing` : `its interpreter ${link} ${gone}`
  return `a virtual environment, but ${what}. To make it anew: ${remake(path)}, then install its packages again`
}

/** Where a link leads in the end. */
function endOf(link: string): string {
  let path = link
  for (let i = 0; i < MAX_LINKS && lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true; i++) {
    path = resolve(dirname(path), readlinkSync(path))
  }
  return path
}

function remake(folder: string): string {
  const version = /^version(?:_info)?\s*=\s*(\d+\.\d+)/m.exec(read(join(folder, 'pyvenv.cfg')))?.[1]
  const quoted = /^[\w./\\:-]+$/.test(folder) ? folder : JSON.stringify(folder)
  return (
    `${WINDOWS ? 'py' : 'python'}${version ?? '3'} -m venv --clear ${quoted}`.replace('py3', 'py -3') +
    ` (or: uv venv --clear ${version === undefined ? '' : `--python ${version} `}${quoted})`
  )
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/**
 * To whom a virtual environment that nobody named belongs, if that is neither this user nor root: what others put into a folder is not run.
 * Each link is looked at as well as what it leads to.
 */
export function strangerOf(folder: string): string | undefined {
  if (process.getuid === undefined) return undefined
  const own = [0, process.getuid()]
  const parts = [
    folder,
    join(folder, 'pyvenv.cfg'),
    ...(['bin', 'bin/python3', 'bin/python'] as const).map((name) => join(folder, name)),
  ]
  for (const part of parts) {
    for (const stat of [lstatSync(part, { throwIfNoEntry: false }), statOf(part)]) {
      if (stat !== undefined && !own.includes(stat.uid))
        return `${part} belongs to user ${stat.uid}, neither to ${userInfoText()} nor to root`
    }
  }
  return undefined
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch {
    return undefined // a link to nothing
  }
}

function userInfoText(): string {
  try {
    return userInfo().username
  } catch {
    return `user ${process.getuid?.()}` // one without a name, as in containers
  }
}
