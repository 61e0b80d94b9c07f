import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { whoseChange, whoseChangeOnPath } from './ownership.ts'

/**
 * Small files in a folder that other users may be able to write to. They are read only where nobody
 * else can have written them, by the descriptor that was looked at, and never through a link.
 */

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL } = constants
const { O_NOFOLLOW = 0, O_DIRECTORY = 0, O_NONBLOCK = 0 } = constants as Partial<typeof constants>
const MAX_BYTES = 2 ** 16
/** A package.json can be long. */
const MAX_WRITTEN_BYTES = 2 ** 22

/** Says why a file is not used. */
export class UntrustedError extends Error {}

/** @throws `UntrustedError`, or the system's error */
export function readOwn(folder: string, name: string): string {
  checkFolder(folder)
  const path = join(folder, name)
  const stat = lstatSync(path)
  if (stat.isSymbolicLink()) throw new UntrustedError(`${path} is a link`)
  // a pipe that somebody put there would be waited for
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

/** Writes a file whole, or leaves none behind. @throws `UntrustedError`, or the system's error */
export function writeOwn(folder: string, name: string, text: string): void {
  const reason = whoseChangeOnPath(folder, { mayBeSticky: true })
  if (reason !== undefined) throw new UntrustedError(reason)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  checkFolder(folder)
  const draft = join(folder, `.${name}.${Math.random().toString(36).slice(2)}`)
  const fd = openSync(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
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
 * What is in a file, whoever owns it, if it is a plain one and no larger than files that people
 * write; `''` if not. Nothing is waited for.
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
 * That nobody else can exchange the folder, and that nobody else can exchange files of this user in
 * it.
 */
function checkFolder(folder: string): void {
  const link = lstatSync(folder).isSymbolicLink()
  const reason = link ? `${folder} is a link` : whoseChangeOnPath(folder, { mayBeSticky: true })
  if (reason !== undefined) throw new UntrustedError(reason)
  if (process.platform === 'win32') return
  const fd = openSync(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
  try {
    const reason = whoseChange(folder, fstatSync(fd), { mayBeSticky: true })
    if (reason !== undefined) throw new UntrustedError(reason)
  } finally {
    closeSync(fd)
  }
}
