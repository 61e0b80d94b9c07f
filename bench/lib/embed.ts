import { dirname, join } from 'node:path'
import type { BenchPython } from './pythons.ts'

/**
 * What peers look at to find a Python to compile against or to load: PATH (`python3-config`),
 * pkg-config, the loader's path.
 */
export function embedEnvironment(
  python: BenchPython,
  env: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  const library = python.library ?? join(dirname(dirname(python.base)), 'lib')
  const before = (folder: string, rest: string | undefined) =>
    rest === undefined || rest === '' ? folder : `${folder}:${rest}`
  return {
    PATH: before(dirname(python.base), env['PATH']),
    PKG_CONFIG_PATH: before(join(library, 'pkgconfig'), env['PKG_CONFIG_PATH']),
    LD_LIBRARY_PATH: before(library, env['LD_LIBRARY_PATH']),
    LDFLAGS: `-L${library} -Wl,-rpath,${library}`,
  }
}
