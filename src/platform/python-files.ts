import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { posix, win32 } from 'node:path'

/** What a Python and its files are called on each system. */

/** Which of the two layouts a Python has. */
interface Version {
  readonly version: readonly number[]
  readonly freeThreaded: boolean
}

/** The file of a program, as PATH has it. */
export function programFile(name: string, system: NodeJS.Platform = process.platform): string {
  return system === 'win32' ? `${name}.exe` : name
}

/**
 * The path of the executable in a virtual environment or an installation. On Windows that is
 * `Scripts\python.exe` in an environment, and `python.exe` in an installation and with conda.
 */
export function pythonIn(
  folder: string,
  system: NodeJS.Platform = process.platform,
  exists: (path: string) => boolean = existsSync,
): string {
  if (system === 'win32') {
    const script = win32.join(folder, 'Scripts', 'python.exe')
    return exists(script) ? script : win32.join(folder, 'python.exe')
  }
  const versioned = posix.join(folder, 'bin', 'python3')
  return exists(versioned) ? versioned : posix.join(folder, 'bin', 'python')
}

/** The folder in which pip installs the modules of an environment or an installation. */
export function sitePackages(
  prefix: string,
  python: Version,
  system: NodeJS.Platform = process.platform,
): string {
  if (system === 'win32') return win32.join(prefix, 'Lib', 'site-packages')
  return posix.join(prefix, 'lib', `python${tagOf(python)}`, 'site-packages')
}

/**
 * The folder in which `pip install --user` installs modules. `isFramework`: a build of python.org or
 * of macOS itself, which has a folder of its own there. `env`: the result of `ownVariables`.
 */
export function userSitePackages(
  env: NodeJS.ProcessEnv,
  python: Version,
  isFramework: boolean,
  system: NodeJS.Platform = process.platform,
  home: string = homedir(),
): string {
  const base = env['PYTHONUSERBASE']
  const [major, minor] = python.version
  if (system === 'win32') {
    const roaming = env['APPDATA'] || win32.join(home, 'AppData', 'Roaming')
    const folder = `Python${major}${minor}${python.freeThreaded ? 't' : ''}`
    return win32.join(base || win32.join(roaming, 'Python'), folder, 'site-packages')
  }
  if (system === 'darwin' && isFramework) {
    const tag = tagOf(python)
    const folder = base || posix.join(home, 'Library', 'Python', tag)
    return posix.join(folder, 'lib', 'python', 'site-packages')
  }
  return sitePackages(base || posix.join(home, '.local'), python, 'linux')
}

function tagOf({ version: [major, minor], freeThreaded }: Version): string {
  return `${major}.${minor}${freeThreaded ? 't' : ''}`
}

/** The command by which a person runs a Python of this version. */
export function pythonCommand(
  version: string | undefined,
  system: NodeJS.Platform = process.platform,
): string {
  return system === 'win32' ? `py -${version ?? '3'}` : `python${version ?? '3'}`
}

/** Folders in which systems install Pythons; they are searched even when PATH lacks them. */
export function systemFolders(system: NodeJS.Platform = process.platform): readonly string[] {
  return system === 'win32' ? [] : ['/usr/local/bin', '/opt/homebrew/bin', '/usr/bin']
}

/** The folder in which python.org's Pythons for all users of macOS have a folder each. */
export function frameworkFolder(system: NodeJS.Platform = process.platform): string | undefined {
  return system === 'darwin' ? '/Library/Frameworks/Python.framework/Versions' : undefined
}

/** Whether Python's own installations have the launcher `py`, which lists them. */
export function hasLauncher(system: NodeJS.Platform = process.platform): boolean {
  return system === 'win32'
}

/**
 * Whether an executable that starts another one is a program of the user. macOS and Windows have
 * such executables of their own: the stub of a framework, and the redirector of a virtual
 * environment.
 */
export function isOwnStarter(system: NodeJS.Platform = process.platform): boolean {
  return system === 'linux'
}

const INSTALL: Readonly<Record<string, string>> = {
  linux:
    'apt install python3 (Debian, Ubuntu), dnf install python3 (Fedora), or uv python install 3.14',
  darwin: 'brew install python, or uv python install 3.14',
  win32: 'winget install Python.Python.3.14, or uv python install 3.14',
}

/** How a person installs a Python. */
export function howToInstall(system: NodeJS.Platform = process.platform): string {
  return (INSTALL[system] ?? INSTALL['linux']) as string
}
