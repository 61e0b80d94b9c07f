import { readFileSync } from 'node:fs'
import { attempt } from '../attempt.ts'
import { PythreadsError } from '../errors/index.ts'
import { linesOf } from './requirement-files.ts'
import { locked, type Specification } from './specification.ts'

/**
 * The lock file: a requirements file with all versions and hashes, as `uv pip compile` writes it
 * and as uv and pip both install it, below lines that say what it was made of.
 */
const TITLE =
  '# pythreads lock, version 1. Written by pythreads: change what it was made of instead.'
const OF = '# of: '

/** The text of a lock file for what is asked for. `compiled`: what `uv pip compile` printed. */
export function lockText(asked: Specification, compiled: string): string {
  const names = asked.requirements.map((line) => `#   ${line}`)
  return `${[TITLE, `${OF}${asked.digest}`, ...names].join('\n')}\n${compiled}`
}

/** What the lock file of a specification says about it. */
export type LockState =
  | { readonly state: 'none' }
  /** It was made of something else. */
  | { readonly state: 'stale' }
  | { readonly state: 'fits'; readonly lock: Specification }

export function lockOf(asked: Specification): LockState {
  if (asked.isLocked) return { state: 'fits', lock: asked }
  const text = attempt(() => readFileSync(asked.lockFile, 'utf8'))
  if (text === undefined) return { state: 'none' }
  const of = text.split(/\r?\n/).find((line) => line.startsWith(OF))
  if (of?.slice(OF.length).trim() !== asked.digest) return { state: 'stale' }
  const lock = locked(asked.lockFile, linesOf(text))
  return { state: 'fits', lock: { ...lock, requiresPython: asked.requiresPython } }
}

/**
 * What is to be installed: the lock file where one fits. A stale one is an error if `frozen`, and
 * otherwise a warning of the process.
 *
 * @throws `ERR_PYTHREADS_LOCK`
 */
export function lockedOrAsked(asked: Specification, frozen: boolean): Specification {
  const found = lockOf(asked)
  if (found.state === 'fits') return found.lock
  const what =
    found.state === 'none'
      ? `there is no lock file ${asked.lockFile}`
      : `${asked.lockFile} was made of other requirements than ${asked.name} has now`
  const advice = 'pythreads lock writes it'
  if (frozen)
    throw new PythreadsError('ERR_PYTHREADS_LOCK', `\`frozen\` is set, and ${what}: ${advice}`)
  if (found.state === 'stale') {
    process.emitWarning(`${what}, so it is not used: ${advice} anew`, {
      code: 'PYTHREADS_STALE_LOCK',
    })
  }
  return asked
}
