import type { PythonFacts } from '../../src/discovery/index.ts'

/** The facts of a Python that is nowhere. */
export function made(release: string, options: Partial<PythonFacts> = {}): PythonFacts {
  const [major = 0, minor = 0, micro = 0] = release.split('.').map(Number)
  return {
    ...{
      executable: '/made/up/python',
      version: [major, minor, micro],
      release,
      prefix: '/made/up',
      basePrefix: '/made/up',
    },
    ...{
      libpython: '/made/up/lib',
      libpythonName: 'libpython.so',
      freeThreaded: false,
      ctypes: true,
      debian: false,
    },
    ...options,
  }
}
