import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/**
 * How many bytes the files below a folder have. A file with several names counts once for each: uv
 * links files of an environment to its cache.
 */
export function bytesBelow(folder: string): number {
  try {
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    return names.reduce((sum, name) => {
      const stat = lstatSync(join(folder, name), { throwIfNoEntry: false })
      return sum + (stat?.isFile() === true ? stat.size : 0)
    }, 0)
  } catch {
    return 0 // it was removed meanwhile
  }
}
