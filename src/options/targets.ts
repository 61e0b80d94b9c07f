import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { outsideArchive } from '../archives.ts'
import { PythreadsError } from '../errors/index.ts'
import { check, isUrl } from './check.ts'

/** The names of modules, folders and functions of Python: paths, URLs, `module:attribute`. */

export function folderPath(name: string, value: string | URL): string {
  const url = isUrl(value) ? value.href : isFileUrl(value) ? value : undefined
  const path = url === undefined ? (value as string) : filePath(url)
  check(path !== undefined, name, 'a path, or the URL of a folder', url)
  return outsideArchive(path)
}

/**
 * A module's name as it is; the path of a file made absolute, as workers may have another current
 * folder.
 */
export function modulePath(module: string | URL): string {
  const url = isUrl(module) ? module.href : isFileUrl(module) ? module : undefined
  if (url !== undefined) {
    const path = url.includes('#') ? undefined : filePath(url)
    if (path?.endsWith('.py') === true) return outsideArchive(path)
    throw new PythreadsError(
      'ERR_PYTHREADS_ARGUMENT',
      `The URL of a module is file:... and ends in .py; got ${url}`,
    )
  }
  if (typeof module !== 'string' || module === '') {
    throw new PythreadsError(
      'ERR_PYTHREADS_ARGUMENT',
      `A module is named by a non-empty string or a file: URL; got ${typeof module}`,
    )
  }
  return module.endsWith('.py') ? outsideArchive(resolve(module)) : module
}

/**
 * Targets that were found to be right, but for those of files, which depend on the current folder.
 */
const known = new Set<string>()
const MAX_KNOWN = 1000

/**
 * Checks `module:attribute`, or the URL of a file with the attribute behind `#` or `:`, and returns
 * the target with a file's path made absolute. @throws `ERR_PYTHREADS_ARGUMENT`
 */
export function resolveTarget(target: unknown): string {
  if (typeof target === 'string' && known.has(target)) return target
  const resolved = checkTarget(target)
  if (resolved === target && !resolved.includes('.py:') && known.size < MAX_KNOWN) known.add(target)
  return resolved
}

function checkTarget(target: unknown): string {
  const url = isUrl(target) ? target.href : isFileUrl(target) ? target : undefined
  const text = url === undefined ? target : urlTarget(url)
  const wrong = (what: string) =>
    new PythreadsError(
      'ERR_PYTHREADS_ARGUMENT',
      "A target is 'module:attribute' (json:dumps), 'file.py:attribute' (./rules.py:score) or " +
        `the URL of a file with #attribute (file:///srv/rules.py#score); got ${what}`,
    )
  if (typeof text !== 'string') throw wrong(url ?? `a value of type ${typeof target}`)
  const colon = text.lastIndexOf(':')
  const module = text.slice(0, Math.max(colon, 0))
  const attribute = text.slice(colon + 1)
  const isModule = url === undefined ? module !== '' : module.endsWith('.py')
  if (!isModule || attribute === '' || attribute.split('.').includes(''))
    throw wrong(url ?? JSON.stringify(target))
  return `${modulePath(module)}:${attribute}`
}

/** What an error says was called; `undefined` for what is no target. */
export function targetName(target: unknown): string | undefined {
  if (typeof target === 'string') return target
  if (!isUrl(target)) return undefined
  try {
    return resolveTarget(target)
  } catch {
    return target.href
  }
}

/**
 * What a URL names as a target: the attribute is its fragment, or stands behind the file's name.
 */
function urlTarget(url: string): string | undefined {
  const hash = url.indexOf('#')
  const path = filePath(hash === -1 ? url : url.slice(0, hash))
  if (hash === -1 || path === undefined) return path
  try {
    return `${path}:${decodeURIComponent(url.slice(hash + 1))}`
  } catch {
    return undefined
  }
}

/** The path of a file's URL; `undefined` for another URL. */
function filePath(url: string): string | undefined {
  try {
    return fileURLToPath(url)
  } catch {
    return undefined
  }
}

function isFileUrl(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith('file:')
}
