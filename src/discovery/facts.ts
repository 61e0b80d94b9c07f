/** The facts about one installation of Python, found by running the kernel's `probe.py` in it. */
export interface PythonFacts {
  /** The program to start, e.g. `/srv/app/.venv/bin/python`. */
  readonly executable: string
  /**
   * Whether the program is not Python itself but starts a Python, as a sandbox script does. Workers
   * are then started by this program, never without it.
   */
  readonly isWrapper?: boolean
  /** Major, minor, micro. */
  readonly version: readonly [number, number, number]
  /** The version as Python prints it, e.g. `3.13.0rc2`. */
  readonly release: string
  readonly prefix: string
  /** Differs from `prefix` in a virtual environment. */
  readonly basePrefix: string
  /** The real file of the shared library; `null` when there is none. */
  readonly libpython: string | null
  /** The file name of the shared library, whether or not it is installed. */
  readonly libpythonName: string
  /** Built without a GIL. */
  readonly freeThreaded: boolean
  /** Whether `ctypes` can be imported; without it, sync calls use a socket. */
  readonly ctypes: boolean
  /** Whether Debian or Ubuntu made this Python: there, libpython is a package of its own. */
  readonly debian: boolean
}

/** The oldest Python that pythreads supports: major and minor. */
export const OLDEST_PYTHON: readonly [number, number] = [3, 10]

export function isTooOld(version: readonly number[]): boolean {
  const [major = 0, minor = 0] = version
  return major < OLDEST_PYTHON[0] || (major === OLDEST_PYTHON[0] && minor < OLDEST_PYTHON[1])
}
