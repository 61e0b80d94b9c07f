import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** The names of the tests of each module that passed. */
export type Passed = Record<string, string[]>

/** What a file is called in a run: the same file is there once for each project that has it. */
export function moduleName(project: string | undefined, file: string): string {
  return project ? `${project}: ${file}` : file
}

/**
 * The file that PYTHREADS_PASSED names. The quick suite writes it: every test that passed and of
 * which the full suite does no more (`scaled`). The full suite leaves those out.
 */
const path = process.env['PYTHREADS_PASSED']

export function writePassed(passed: Passed): void {
  if (path === undefined) return
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, JSON.stringify(passed))
}

export function readPassed(): Passed {
  return path !== undefined && existsSync(path)
    ? (JSON.parse(readFileSync(path, 'utf8')) as Passed)
    : {}
}
