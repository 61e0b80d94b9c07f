import { readdirSync } from 'node:fs'
import { attempt } from '../attempt.ts'
import { builtin } from '../builtin.ts'
import type { PythonFacts } from '../discovery/index.ts'

/** Changes when environments of older versions are not to be used any more. */
const FORMAT = 1
const KEY_LENGTH = 20

/** The name of the environment for a Python and what is asked for. */
export function keyOf(facts: PythonFacts, asked: string): string {
  const { basePrefix, release, freeThreaded } = facts
  const python = [basePrefix, release, freeThreaded]
  const platform = [process.platform, process.arch, libcOf()]
  return digest([FORMAT, python, platform, asked]).slice(0, KEY_LENGTH)
}

export function digest(parts: readonly unknown[]): string {
  return builtin('node:crypto').createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

/** A cache folder may be seen by systems with different C libraries, as by two containers. */
function libcOf(): string {
  if (process.platform !== 'linux') return ''
  const names = attempt(() => readdirSync('/lib')) ?? []
  return names.some((name) => name.startsWith('ld-musl-')) ? 'musl' : 'glibc'
}
