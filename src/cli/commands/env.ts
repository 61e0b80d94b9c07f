import { environmentKeys, listEnvironments, removeEnvironment } from '../../environments/index.ts'
import { PythreadsError } from '../../index.ts'
import type { Example, Positional } from '../command.ts'
import { EXIT } from '../errors.ts'
import type { Flags } from '../flags.ts'
import { bytesBelow } from '../folder-size.ts'
import { bytes } from '../numbers.ts'
import { COLUMNS, fitted } from '../screen.ts'

export interface EnvFlags {
  all: boolean
  json: boolean
}

export const name = 'env'
export const summary = 'list and remove the environments of `dependencies`'
export const positionals: readonly Positional[] = [
  { name: '[action]', description: 'list (the default), path or remove' },
  { name: '[keys...]', description: 'of path and remove: keys of the list, or how they begin' },
]

export const flags: Flags<EnvFlags> = {
  all: { flags: '--all', description: 'of remove: every environment', default: false },
  json: { flags: '--json', description: 'of list: print JSON', default: false },
}

export const examples: readonly Example[] = [
  { line: 'pythreads env list', does: 'shows key, size, Python and packages of each' },
  { line: 'pythreads env remove --all', does: 'removes them; the next start makes them again' },
]

export async function run(
  flags: EnvFlags,
  [action = 'list', ...keys]: readonly string[],
): Promise<number> {
  const isRemove = action === 'remove'
  if (!isRemove && flags.all) throw usage('--all belongs to remove')
  if (action === 'list' && keys.length === 0) return list(flags.json)
  if (action === 'path' && keys.length > 0) return path(keys)
  if (isRemove && keys.length > 0 !== flags.all) return remove(keys, flags.all)
  throw usage(
    isRemove
      ? 'remove needs the keys of environments, or --all'
      : action === 'path'
        ? 'path needs the key of an environment'
        : `${JSON.stringify(action)} is none of list, path and remove`,
  )
}

function list(asJson: boolean): number {
  const all = listEnvironments().map((one) => ({ ...one, bytes: bytesBelow(one.folder) }))
  if (asJson) {
    console.log(JSON.stringify(all))
    return EXIT.ok
  }
  for (const { key, bytes: size, release, madeAt, name, requirements } of all) {
    const what = requirements.length === 0 ? name : requirements.join(', ')
    const line = `${key}  ${bytes(size).padStart(7)}  ${release.padEnd(8)}  ${madeAt.slice(0, 10)}  ${what}`
    console.log(
      process.stdout.isTTY ? fitted(line, Math.max(COLUMNS, process.stdout.columns)) : line,
    )
  }
  return EXIT.ok
}

function path(keys: readonly string[]): number {
  const all = listEnvironments()
  for (const key of keysOf(
    keys,
    all.map((one) => one.key),
  ))
    console.log(all.find((one) => one.key === key)?.folder)
  return EXIT.ok
}

/** Unfinished environments have no record, and are removed too. */
async function remove(keys: readonly string[], all: boolean): Promise<number> {
  const there = environmentKeys()
  for (const key of all ? there : keysOf(keys, there)) {
    await removeEnvironment(key)
    console.log(key)
  }
  return EXIT.ok
}

/** The keys that begin like this. @throws `ERR_PYTHREADS_USAGE` where not exactly one does */
function keysOf(beginnings: readonly string[], all: readonly string[]): string[] {
  return beginnings.map((beginning) => {
    const [key, ...others] = all.filter((one) => one.startsWith(beginning))
    if (key === undefined) throw usage(`there is no environment ${beginning} (pythreads env list)`)
    if (others.length > 0) throw usage(`several environments begin with ${beginning}`)
    return key
  })
}

function usage(message: string): PythreadsError {
  return new PythreadsError('ERR_PYTHREADS_USAGE', message)
}
