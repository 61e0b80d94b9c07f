import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

/**
 * What the file that a program imports says about itself. `scripts/bundle.js` writes these files
 * into `dist/`: one for each way in which a program or a bundler asks for the package.
 */
export interface Entry {
  /** Files from which packages are looked for: paths or file URLs. */
  readonly files: readonly (string | undefined)[]
  /** The folder beside the entry that has the kernel; `undefined` in a bundle. */
  readonly kernel: string | undefined
  /** The CommonJS file that the main thread loads for threads that make no native calls. */
  readonly mainThread: string | undefined
  /** An expression: this library on a thread that has loaded it, else `undefined`. */
  readonly library: string
  /** The module `environments/`, which only the option `dependencies` and the command line need. */
  readonly environments: () => unknown
  /** The kernel as a bundle has it. */
  readonly embedded: () => EmbeddedKernel | undefined | Promise<EmbeddedKernel | undefined>
}

/** The kernel as a text within a bundle. */
export interface EmbeddedKernel {
  /** Another one for each other kernel. */
  readonly hash: string
  /** JSON of `{ name: text }` for each file, compressed by brotli, in base64. */
  readonly files: string
}

// `undefined` in dist/core.cjs, whose entries call `setEntry`: this is for programs that use src/.
const url: string | undefined = import.meta.url
const beside = (path: string) => (url === undefined ? undefined : fileURLToPath(new URL(path, url)))

/** Not as a literal: `environments/` stands above this file, and is no part of dist/core.cjs. */
const ENVIRONMENTS = './environments/index.ts'

let isSet = url !== undefined
let current: Entry = {
  files: [url],
  kernel: beside('../kernel'),
  mainThread: beside('../dist/main-thread.cjs'),
  library: 'undefined',
  environments: () => import(ENVIRONMENTS),
  embedded: () => undefined,
}

/** The first entry of a JavaScript thread counts: all entries are of the same library. */
export function setEntry(entry: Entry): void {
  if (!isSet) current = entry
  isSet = true
}

export function entry(): Entry {
  return current
}

/**
 * Requires a package that no bundle contains. It is looked for from the entry, which a bundler may
 * have given the path of another machine, and from the program that Node runs.
 *
 * @throws the error of the package, or an error that says where it was looked for
 */
export function requirePackage(name: string): unknown {
  const places = [...current.files, process.argv[1]].filter((file) => file !== undefined)
  const files = new Set(
    places.map((file) => (file.startsWith('file:') ? fileURLToPath(file) : file)),
  )
  let missing: unknown
  for (const file of files) {
    try {
      return createRequire(file)(name)
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      // What a bundler has put in the place of a path may be none.
      const isElsewhere = code === 'MODULE_NOT_FOUND' && message.includes(`'${name}'`)
      if (!isElsewhere && code !== 'ERR_INVALID_ARG_VALUE') throw error
      missing ??= error
    }
  }
  throw new Error(
    `the package ${name} is not installed where ${[...files].join(' or ')} can find it`,
    { cause: missing },
  )
}
