import { constants, createReadStream, fstatSync, type Stats, statSync } from 'node:fs'
import { access, type FileHandle, open, unlink } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { PythreadsError } from '../index.ts'
import { MAX_CHUNK_BYTES } from './chunk-bytes.ts'
import { fileError } from './errors.ts'

/** The files that the command line of `pythreads map` names; `-` is standard input or output. */
export interface MapFileFlags {
  readonly input: string
  readonly output: string
  readonly onError: 'stop' | 'skip' | 'record'
  readonly errors: string | undefined
}

/** The open files of a map; `output: undefined` is standard output. */
export interface MapFiles {
  readonly input: Readable
  readonly output: FileHandle | undefined
  readonly errors: FileHandle | undefined
}

/** The size of a read: several chunks, as the rest at the end of a read makes a small chunk. */
const READ_BYTES = 8 * MAX_CHUNK_BYTES

/** A file, and the flag that names it. */
interface Named {
  readonly flag: string
  readonly path: string
  /** The descriptor of standard input or output; `undefined` for other files. */
  readonly fd: number | undefined
}

/**
 * The files of a map. They are checked before anything is opened, written or run. No file is
 * truncated before all are known to be different files: two paths, links, hard links, or the
 * shell's `<` and `>` can name the same file.
 */
export class MapFilePlan {
  readonly #input: Named
  readonly #output: Named
  readonly #errors: Named | undefined
  /** The size of the input, if it is known. */
  readonly size: number | undefined

  /** @throws `ERR_PYTHREADS_USAGE`, `ERR_PYTHREADS_FILE` */
  constructor({ input, output, errors, onError }: MapFileFlags) {
    if (onError === 'record' && errors === undefined && output === '-') {
      throw usage('--on-error record to standard output needs --errors FILE')
    }
    this.#input = named('--input', input, 0)
    this.#output = named('--output', output, 1)
    const errorPath = errors ?? `${output}.errors.jsonl`
    this.#errors =
      onError === 'record' ? { flag: '--errors', path: errorPath, fd: undefined } : undefined
    const stats = statsOf(this.#input)
    if (stats?.isDirectory() === true)
      throw fileError(describe(this.#input), 'it is a folder (EISDIR)')
    this.size = stats?.isFile() === true ? stats.size : undefined
    this.#refuseSame()
  }

  /** Checks the rights to read and write the files. @throws `ERR_PYTHREADS_FILE` */
  async check(): Promise<void> {
    if (this.#input.fd === undefined)
      await tried(this.#input, () => access(this.#input.path, constants.R_OK))
    for (const file of this.#written) {
      const stats = statsOf(file)
      if (stats?.isDirectory() === true) throw fileError(describe(file), 'it is a folder (EISDIR)')
      const needed = stats === undefined ? dirname(resolve(file.path)) : file.path
      await tried(file, () => access(needed, constants.W_OK))
    }
  }

  /** Opens the files. @throws `ERR_PYTHREADS_FILE`, `ERR_PYTHREADS_USAGE` */
  async open(): Promise<MapFiles> {
    const handles = new Map<Named, FileHandle>()
    const made: string[] = []
    try {
      for (const file of this.#written) {
        if (statsOf(file) === undefined) made.push(file.path)
        handles.set(
          file,
          await tried(file, () => open(file.path, constants.O_WRONLY | constants.O_CREAT)),
        )
      }
      this.#refuseSame() // again: a file may have been created since the first check
      for (const [file, handle] of handles) await tried(file, () => truncate(handle))
    } catch (error) {
      for (const handle of handles.values()) await handle.close()
      for (const path of made) await unlink(path).catch(() => {})
      throw error
    }
    const { fd, path } = this.#input
    return {
      input:
        fd === undefined ? createReadStream(path, { highWaterMark: READ_BYTES }) : process.stdin,
      output: handles.get(this.#output),
      errors: this.#errors && handles.get(this.#errors),
    }
  }

  /** The names of the files in messages. */
  get names(): { readonly input: string; readonly output: string; readonly errors: string } {
    const { path = '' } = this.#errors ?? {}
    return {
      input: describe(this.#input),
      output: describe(this.#output),
      errors: `--errors ${path}`,
    }
  }

  get #written(): Named[] {
    return [this.#output, this.#errors].filter(
      (file): file is Named => file !== undefined && file.fd === undefined,
    )
  }

  #refuseSame(): void {
    const pairs = [
      [this.#output, this.#input],
      [this.#errors, this.#input],
      [this.#errors, this.#output],
    ] as const
    for (const [one, other] of pairs) {
      if (one !== undefined && isSame(one, other)) {
        throw usage(
          `${describe(one)} is the same file as ${describe(other)}: its contents would be lost`,
        )
      }
    }
  }
}

function named(flag: string, path: string, standard: number): Named {
  return { flag, path, fd: path === '-' ? standard : undefined }
}

function describe({ flag, path, fd }: Named): string {
  return fd === undefined ? `${flag} ${path}` : fd === 0 ? 'standard input' : 'standard output'
}

function statsOf({ path, fd }: Named): Stats | undefined {
  try {
    return fd === undefined ? statSync(path, { throwIfNoEntry: false }) : fstatSync(fd)
  } catch {
    // a folder of the path is missing or may not be searched: opening the file reports the error
    return undefined
  }
}

/**
 * Whether two names lead to the same regular file. Devices do not count: the same terminal may be
 * read and written.
 */
function isSame(one: Named, other: Named): boolean {
  const [first, second] = [statsOf(one), statsOf(other)]
  if (first !== undefined && second !== undefined) {
    return first.isFile() && first.dev === second.dev && first.ino === second.ino
  }
  // Two files that do not exist yet are the same if they have the same name in the same folder.
  if (first !== undefined || second !== undefined || one.fd !== undefined || other.fd !== undefined)
    return false
  const folders = [one, other].map(({ path }) =>
    statsOf({ flag: '', path: dirname(resolve(path)), fd: undefined }),
  )
  const isFolder =
    folders[0] !== undefined &&
    folders[0].dev === folders[1]?.dev &&
    folders[0].ino === folders[1]?.ino
  return isFolder && basename(one.path) === basename(other.path)
}

async function truncate(handle: FileHandle): Promise<void> {
  if ((await handle.stat()).isFile()) await handle.truncate(0)
}

async function tried<T>(file: Named, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (error) {
    throw fileError(describe(file), error)
  }
}

function usage(message: string): PythreadsError {
  return new PythreadsError('ERR_PYTHREADS_USAGE', message)
}
