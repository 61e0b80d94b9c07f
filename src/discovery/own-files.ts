import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { whoseChange, whoseChangeOnPath } from './ownership.ts'

/**
 * Small files in a folder that other users may be able to write to. A file is read only if no other
 * user can have written it, and never through a link. The check and the read use one descriptor, so
 * nobody can exchange the file in between.
 */

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL } = constants
const { O_NOFOLLOW = 0, O_DIRECTORY = 0, O_NONBLOCK = 0 } = constants as Partial<typeof constants>
const MAX_BYTES = 2 ** 16
/** A package.json can be long. */
const MAX_WRITTEN_BYTES = 2 ** 22

/** The message says why a file is not used. */
export class UntrustedError extends Error {}

/** @throws `UntrustedError`, or the system's error */
export function readOwn(folder: string, name: string): string {
  checkFolder(folder)
  const path = join(folder, name)
  const stat = lstatSync(path)
  if (stat.isSymbolicLink()) throw new UntrustedError(`${path} is a link`)
  // nonblocking: another user may have put a pipe there, and opening a pipe waits for a writer
  const fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  try {
    const stat = fstatSync(fd)
    const reason = whoseChange(path, stat)
    if (reason !== undefined) throw new UntrustedError(reason)
    if (!stat.isFile() || stat.size > MAX_BYTES)
      throw new UntrustedError(`${path} is no small file`)
    return readFileSync(fd, 'utf8')
  } finally {
    closeSync(fd)
  }
}

/**
 * Writes a file under a temporary name and renames it, so no reader sees a part of it. `mode`: who
 * may read it.
 *
 * @throws `UntrustedError`, or the system's error
 */
export function writeOwn(folder: string, name: string, text: string, mode = 0o600): void {
  const reason = whoseChangeOnPath(folder, { mayBeSticky: true })
  if (reason !== undefined) throw new UntrustedError(reason)
  // others may look: an image is made by root, and its program runs as another user
  makeFolder(folder, 0o755)
  checkFolder(folder)
  const draft = join(folder, `.${name}.${Math.random().toString(36).slice(2)}`)
  const fd = openSync(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode)
  try {
    try {
      writeFileSync(fd, text)
    } finally {
      closeSync(fd)
    }
    renameSync(draft, join(folder, name))
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  }
}

/**
 * Makes a folder and those above it, if they are missing. Returns whether it was missing. Not by the
 * option `recursive` of `mkdirSync`, which never returns where a file system such as /proc says that
 * the folder above is missing.
 */
export function makeFolder(path: string, mode: number): boolean {
  if (existsSync(path)) return false
  const parent = dirname(path)
  if (parent !== path) makeFolder(parent, mode)
  try {
    mkdirSync(path, { mode })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return false
  }
}

/**
 * Reads a text file, whoever owns it. Returns `''` for a missing or very large file, and for a
 * device or a pipe, which could block.
 */
export function readPlain(path: string): string {
  try {
    const fd = openSync(path, O_RDONLY | O_NONBLOCK)
    try {
      const stat = fstatSync(fd)
      return stat.isFile() && stat.size <= MAX_WRITTEN_BYTES ? readFileSync(fd, 'utf8') : ''
    } finally {
      closeSync(fd)
    }
  } catch {
    return ''
  }
}

/**
 * Checks that no other user can exchange the folder, or exchange this user's files in it.
 *
 * @throws `UntrustedError`
 */
function checkFolder(folder: string): void {
  const link = lstatSync(folder).isSymbolicLink()
  const reason = link ? `${folder} is a link` : whoseChangeOnPath(folder, { mayBeSticky: true })
  if (reason !== undefined) throw new UntrustedError(reason)
  if (process.geteuid === undefined) return // no owners to look at, on Windows
  const fd = openSync(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
  try {
    const reason = whoseChange(folder, fstatSync(fd), { mayBeSticky: true })
    if (reason !== undefined) throw new UntrustedError(reason)
  } finally {
    closeSync(fd)
  }
}
