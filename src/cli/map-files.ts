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

/** What is read at a time: many chunks, since what is left at the end of it makes a small one. */
const READ_BYTES = 8 * MAX_CHUNK_BYTES

/** A file by the flag that named it. */
interface Named {
  readonly flag: string
  readonly path: string
  /** Standard input or output. */
  readonly fd: number | undefined
}

/**
 * The files of a map, checked before anything is opened, written or run. Nothing is truncated
 * before all are known to be different files: the same file can be named by another path, a link, a
 * hard link, or the shell's `<` and `>`.
 */
export class MapFilePlan {
  readonly #input: Named
  readonly #output: Named
  readonly #errors: Named | undefined
  /** The input's bytes, where they are known. */
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

  /**
   * Sees whether the files can be read and written, as far as that can be known. @throws
   * `ERR_PYTHREADS_FILE`
   */
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
      this.#refuseSame() // a file may have come since the first look
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

  /** How messages name the files. */
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
          `${describe(one)} is the same file as ${describe(other)}: what is in it would be lost`,
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
    // a folder of the path is not there, or may not be searched: opening it will say so
    return undefined
  }
}

/**
 * Whether two names lead to one file. Only what keeps bytes counts: a terminal may be read and
 * written.
 */
function isSame(one: Named, other: Named): boolean {
  const [first, second] = [statsOf(one), statsOf(other)]
  if (first !== undefined && second !== undefined) {
    return first.isFile() && first.dev === second.dev && first.ino === second.ino
  }
  // Two files that are yet to be made are the same if their folder is, and their name.
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
