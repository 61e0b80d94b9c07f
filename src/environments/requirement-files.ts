import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { environmentError } from './failure.ts'

/** What a requirements.txt says, with the files that it includes. */
export interface RequirementLines {
  /** The lines that mean something, each without its comment. */
  readonly lines: readonly string[]
  /** Whether each requirement has hashes, so that nothing is left to be resolved. */
  readonly isLocked: boolean
}

/** `-r FILE`, `--requirement=FILE`, `-c FILE`. */
const INCLUDES = /^(?:-r|-c|--requirement|--constraint)(?:[ =]+|(?=\S))(.+)$/

/**
 * Reads a requirements.txt and the files that it includes by `-r` and `-c`.
 *
 * @throws `ERR_PYTHREADS_ENVIRONMENT` for a file that cannot be read
 */
export function requirementLines(path: string): RequirementLines {
  const lines: string[] = []
  const seen = new Set<string>()
  const add = (file: string, from: string | undefined) => {
    if (seen.has(file)) return
    seen.add(file)
    for (const line of linesOf(readText(file, from))) {
      lines.push(line)
      const included = INCLUDES.exec(line)?.[1]?.replace(/^(["'])(.*)\1$/, '$2')
      if (included !== undefined && !/^[a-z]+:\/\//i.test(included))
        add(resolve(dirname(file), included), file)
    }
  }
  add(path, undefined)
  const requirements = lines.filter((line) => !line.startsWith('-'))
  return {
    lines,
    isLocked: requirements.length > 0 && requirements.every((line) => line.includes('--hash=')),
  }
}

/** Joins continued lines, and removes comments and empty lines. */
export function linesOf(text: string): string[] {
  return text
    .replace(/^\uFEFF/, '')
    .replace(/\\\r?\n/g, ' ')
    .split(/\r\n|[\r\n]/)
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .map((line) => line.replace(/\s+/g, ' '))
    .filter((line) => line !== '')
}

/** @throws `ERR_PYTHREADS_ENVIRONMENT` */
export function readText(path: string, from?: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const by = from === undefined ? '`dependencies` names it' : `${from} includes it`
    throw environmentError(`${path} cannot be read (${by}): ${(cause as Error).message}`, cause)
  }
}
