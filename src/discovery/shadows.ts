import { delimiter, join, resolve } from 'node:path'
import { exists } from '../attempt.ts'

/**
 * The modules of the standard library that Python imports from files when it starts; newer versions
 * have some of them built in.
 */
const NEEDED = [
  ...[
    '_collections_abc',
    '_sitebuiltins',
    'abc',
    'codecs',
    'encodings',
    'genericpath',
    'io',
    'linecache',
    'ntpath',
    'os',
  ],
  ...['posixpath', 'site', 'stat'],
]

/**
 * A sentence for each file on PYTHONPATH that shadows a module which Python needs to start. Once
 * Python has started, the kernel's `start_failures.py` finds shadows of other modules.
 */
export function startupShadows(env: NodeJS.ProcessEnv): string[] {
  const folders = (env['PYTHONPATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  return folders.flatMap((folder) =>
    NEEDED.flatMap((name) =>
      [`${name}.py`, join(name, '__init__.py')].map((file) => ({
        name,
        path: resolve(folder, file),
      })),
    )
      .filter(({ path }) => exists(path))
      .map(
        ({ name, path }) =>
          `${path} takes the place of Python's own module '${name}': rename it, or take its folder off the path`,
      ),
  )
}
