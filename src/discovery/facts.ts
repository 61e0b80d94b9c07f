/**
 * What one installation of Python is. The kernel's `probe.py` finds it out by running that Python
 * once.
 */
export interface PythonFacts {
  /** The program to start, e.g. `/srv/app/.venv/bin/python`. */
  readonly executable: string
  /**
   * Whether the program is no Python itself but starts one, as a script with a sandbox does: each
   * Python is started by it, never without it.
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
  /** The name that the shared library has or would have. */
  readonly libpythonName: string
  /** Built without a GIL. */
  readonly freeThreaded: boolean
  /** Whether `ctypes` imports; without it sync calls go over a socket. */
  readonly ctypes: boolean
  /** A Python of Debian or Ubuntu, whose libpython is a package of its own. */
  readonly debian: boolean
}

/** The oldest Python that works. */
export const OLDEST_PYTHON: readonly [number, number] = [3, 10]

export function isTooOld(version: readonly number[]): boolean {
  const [major = 0, minor = 0] = version
  return major < OLDEST_PYTHON[0] || (major === OLDEST_PYTHON[0] && minor < OLDEST_PYTHON[1])
}
