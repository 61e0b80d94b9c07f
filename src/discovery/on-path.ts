import { delimiter, resolve } from 'node:path'
import { exists } from '../attempt.ts'
import { programFile } from '../platform/index.ts'

/** Finds the files of this name in the folders of PATH, in order; on Windows with `.exe`. */
export function onPath(name: string, env: NodeJS.ProcessEnv): string[] {
  const file = programFile(name)
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  return [...new Set(folders.map((folder) => resolve(folder, file)).filter((path) => exists(path)))]
}
