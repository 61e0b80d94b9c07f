import type { Places } from './places.ts'

/**
 * A program that says that it is a Python of this version, e.g. `3.12.4` or `3.14.0rc1`, and can do
 * nothing else. Returns its path.
 */
export function fakePython(
  places: Places,
  name: string,
  release: string,
  freeThreaded: boolean = false,
): string {
  const version = release
    .replace(/[a-z].*/, '')
    .split('.')
    .map(Number)
  const prefix = places.path(name, '..', '..')
  const facts = {
    ...{
      implementation: 'cpython',
      executable: places.path(name),
      version,
      release,
      prefix,
      basePrefix: prefix,
    },
    ...{ libpython: null, libpythonName: '', freeThreaded, ctypes: true, debian: false },
  }
  return places.script(name, `echo 'pythreads ${JSON.stringify(facts)}'`)
}
