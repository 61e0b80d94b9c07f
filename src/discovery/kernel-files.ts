import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { outsideArchive } from '../archives.ts'
import { builtin } from '../builtin.ts'
import { type EmbeddedKernel, entry } from '../entry.ts'
import { PythreadsError } from '../errors/index.ts'
import { useKernel } from '../kernel.ts'
import { ownVariables } from '../platform/index.ts'
import { cacheFolder } from './cache-folder.ts'
import { makeFolder, UntrustedError } from './own-files.ts'
import { whoseChange, whoseChangeOnPath } from './ownership.ts'

/**
 * The kernel of a bundle, which has no folder beside it. Its files are written to the user's cache,
 * each on its own under a temporary name, and only where a file is missing or changed. So programs
 * that start at the same time, and one that ended half-way, leave the same files. Nothing is used
 * that another user can change.
 */

const PACKAGE = 'pythreads_kernel'
const { O_WRONLY, O_CREAT, O_EXCL } = constants
const { O_NOFOLLOW = 0 } = constants as Partial<typeof constants>
/**
 * The modification time of each file, in seconds. A file with another one was changed. Bytecode
 * names the time of its source, so the time is the same wherever the files are written again.
 */
const WRITTEN_AT = 1_700_000_000

let prepared: Promise<void> | undefined

/**
 * Finds the folder of the kernel, and makes it if the program is a bundle.
 *
 * @throws `ERR_PYTHREADS_WORKER_START` when there is no folder for it
 */
export function prepareKernel(): Promise<void> {
  prepared ??= prepare().catch((error: unknown) => {
    prepared = undefined // the next pool tries again
    throw error
  })
  return prepared
}

async function prepare(): Promise<void> {
  const { kernel, embedded } = entry()
  if (kernel !== undefined && existsSync(join(outsideArchive(kernel), PACKAGE))) return
  const found = await embedded()
  if (found !== undefined) return useKernel(unpack(found))
  throw new PythreadsError(
    'ERR_PYTHREADS_WORKER_START',
    `The Python files of pythreads are missing: there is no ${kernel}`,
  )
}

/** Returns the folder that has the kernel, after writing what is missing there. */
export function unpack(
  kernel: EmbeddedKernel,
  env: NodeJS.ProcessEnv = process.env,
  fallbacks: readonly string[] = temporaryFolders(),
): string {
  const texts = JSON.parse(
    builtin('node:zlib').brotliDecompressSync(Buffer.from(kernel.files, 'base64')).toString(),
  ) as Record<string, string>
  const cache = cacheFolder(ownVariables(env))
  const reasons: string[] = []
  for (const place of [...(cache === undefined ? [] : [cache]), ...fallbacks]) {
    const folder = join(place, `kernel-${kernel.hash}`)
    try {
      writeMissing(place, folder, texts)
      return folder
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      reasons.push(
        error instanceof UntrustedError || code === undefined ? message : `${place}: ${code}`,
      )
    }
  }
  throw new PythreadsError(
    'ERR_PYTHREADS_WORKER_START',
    `There is no folder for the Python files of this bundle (${reasons.join('; ')}). ` +
      'PYTHREADS_CACHE can name a folder that only this user can write to',
  )
}

/** Where the files go if there is no cache: to folders that each system has. */
function temporaryFolders(): string[] {
  const name = `pythreads-${process.geteuid?.() ?? 'kernel'}`
  return [tmpdir(), ...(process.platform === 'linux' ? ['/dev/shm'] : [])].map((folder) =>
    join(folder, name),
  )
}

function writeMissing(
  place: string,
  folder: string,
  texts: Readonly<Record<string, string>>,
): void {
  const inner = join(folder, PACKAGE)
  const bytecode = join(inner, '__pycache__')
  refuse(whoseChangeOnPath(place, { mayBeSticky: true }))
  makeFolder(place, 0o700)
  // Whatever the umask: Python would make a folder that a group can write to.
  for (const path of [folder, inner, bytecode]) {
    if (makeFolder(path, 0o755)) chmodSync(path, 0o755)
    refuse(whoseChangeOnPath(path))
  }
  for (const [name, text] of Object.entries(texts)) {
    if (!isWritten(join(inner, name), text)) write(inner, name, text)
  }
}

function refuse(reason: string | undefined): void {
  if (reason !== undefined) throw new UntrustedError(reason)
}

/** @throws `UntrustedError` when another user can change the file */
function isWritten(path: string, text: string): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return false
  refuse(whoseChange(path, stat))
  const isSame = stat.size === Buffer.byteLength(text) && stat.mtimeMs === WRITTEN_AT * 1000
  return stat.isFile() && isSame
}

function write(folder: string, name: string, text: string): void {
  const draft = join(folder, `.${name}.${Math.random().toString(36).slice(2)}`)
  const fd = openSync(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644)
  try {
    try {
      writeFileSync(fd, text)
    } finally {
      closeSync(fd)
    }
    chmodSync(draft, 0o644)
    utimesSync(draft, WRITTEN_AT, WRITTEN_AT)
    renameSync(draft, join(folder, name))
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  }
}
