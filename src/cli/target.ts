import { existsSync, readdirSync } from 'node:fs'
import { isAbsolute, join, relative, resolve } from 'node:path'
import { PythreadsError } from '../index.ts'
import { STDLIB_MODULES } from './stdlib-modules.ts'

const NAME = /^[\p{ID_Start}_]\p{ID_Continue}*(\.[\p{ID_Start}_]\p{ID_Continue}*)*$/u

/** The function that a command calls: `module:function`, or `file.py:function`. */
export interface Target {
  /** The target; the path of a file is absolute. */
  readonly text: string
  /** The module's name, or the absolute path of its file. */
  readonly module: string
}

/** @throws `ERR_PYTHREADS_USAGE` with a hint */
export function parseTarget(text: string): Target {
  const colon = text.lastIndexOf(':')
  const [before, name] = colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)]
  if (!NAME.test(name)) {
    // The colon of `C:\rules.py` belongs to the drive.
    const file = /[/\\]/.test(name) ? text : before
    throw wrong(text, file.endsWith('.py') ? `which function of ${file}? ${file}:NAME` : hint(text))
  }
  if (before === '') throw wrong(text, 'the module is missing')
  if (before.endsWith('.py')) {
    const module = resolve(before)
    return { text: `${module}:${name}`, module }
  }
  if (/[/\\]/.test(before)) throw wrong(text, `a file ends in .py: ${before}.py:${name}?`)
  return { text, module: before }
}

function hint(text: string): string {
  const dot = text.lastIndexOf('.')
  const isDotted = NAME.test(text) && dot > 0
  return isDotted ? `${text.slice(0, dot)}:${text.slice(dot + 1)}?` : 'the function is missing'
}

function wrong(text: string, what: string): PythreadsError {
  const message = `a target is module:function (json:dumps) or file.py:function (./rules.py:score); got ${JSON.stringify(text)}: ${what}`
  return new PythreadsError('ERR_PYTHREADS_USAGE', message)
}

/**
 * Returns the current folder if it contains the module, so that the module's imports are found
 * there too; otherwise an empty list: the current folder may contain another user's `numpy.py`. A
 * module of the standard library is never looked for there.
 */
export function currentFolder(module: string): string[] {
  const folder = process.cwd()
  return isFoundIn(folder, module) ? [folder] : []
}

function isFoundIn(folder: string, module: string): boolean {
  if (module.endsWith('.py')) {
    const path = relative(folder, resolve(module))
    return !(path.startsWith('..') || isAbsolute(path)) && existsSync(module)
  }
  const [name = '', ...rest] = module.split('.')
  if (name === '' || STDLIB_MODULES.has(name)) return false
  const isThere = (...parts: string[]) => existsSync(join(folder, name, ...parts))
  if (existsSync(join(folder, `${name}.py`)) || isThere('__init__.py')) return true
  // In a package without __init__.py, the module is a file or a folder.
  if (rest.length > 0 && (isThere(...rest) || isThere(...rest.slice(0, -1), `${rest.at(-1)}.py`)))
    return true
  return filesOf(folder).some((file) => file.startsWith(`${name}.`) && /\.(so|pyd|pyc)$/.test(file))
}

function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
