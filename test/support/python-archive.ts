import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { notPossible } from './not-here.ts'
import { pythons, type TestPython } from './pythons.ts'

const SYSTEM_FOLDERS = ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin']
/** What an installation does not need to run. */
const LEFT_OUT = [
  ...[
    'test',
    'idlelib',
    'tkinter',
    'lib2to3',
    '__pycache__',
    'site-packages/*',
    'share',
    'include',
  ],
  ...['*.a', 'turtledemo', 'libpython3.so'],
]
const folder = fileURLToPath(new URL('../../.cache/archives', import.meta.url))

/** An archive as uv downloads Pythons, made of a Python of this machine. */
export interface PythonArchive {
  readonly python: TestPython
  readonly url: string
  readonly sha256: string
}

/**
 * Makes the archive, once. The Python is one with a libpython, of a minor version that no folder of
 * the system has: a test can hide it.
 */
export function pythonArchive(): PythonArchive {
  const python = pythons.find(
    ({ executable, isolations, version: [, minor], freeThreaded }) =>
      isolations.includes('thread') &&
      !freeThreaded &&
      !SYSTEM_FOLDERS.includes(dirname(executable)) &&
      SYSTEM_FOLDERS.every((one) => !existsSync(join(one, `python3.${minor}`))),
  )
  if (python === undefined)
    notPossible('Python with a libpython outside of the folders of the system')
  const prefix = dirname(dirname(python.executable))
  const path = join(folder, `${python.release}-${digest(prefix).slice(0, 8)}.tar.gz`)
  if (!existsSync(path)) pack(prefix, path)
  return { python, url: `file://${path}`, sha256: digest(readFileSync(path)) }
}

function pack(prefix: string, path: string): void {
  mkdirSync(folder, { recursive: true })
  const draft = `${path}.${process.pid}`
  const [parent, name] = [dirname(prefix), basename(prefix)]
  const excluded = LEFT_OUT.map((one) => `--exclude=${one}`)
  try {
    execFileSync('tar', [
      ...['-C', parent, ...excluded, `--transform=s,^${name},python,`],
      ...['--use-compress-program=gzip -1', '-cf', draft, name],
    ])
    renameSync(draft, path)
  } finally {
    rmSync(draft, { force: true })
  }
}

function digest(of: string | Buffer): string {
  return createHash('sha256').update(of).digest('hex')
}

/** What UV_PYTHON_DOWNLOADS_JSON_URL names, for the archive. */
export function downloadsJson(archive: PythonArchive, more: object = {}): string {
  const { python, url, sha256 } = archive
  const [major, minor, patch] = python.version
  const arch = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as string] ?? process.arch
  const key = `cpython-${major}.${minor}.${patch}-linux-${arch}-gnu`
  const version = { major, minor, patch, prerelease: '', build: '20260101' }
  const system = { os: 'linux', libc: 'gnu', arch: { family: arch, variant: null }, variant: null }
  return JSON.stringify({ [key]: { name: 'cpython', ...version, ...system, url, sha256, ...more } })
}
