import type { FoundPython } from '../discovery/index.ts'
import { environmentsFolder, readRecord } from './folder.ts'
import { keyOf } from './key.ts'
import { lockedOrAsked } from './locked-requirements.ts'
import { namesOf } from './make.ts'
import type { EnvironmentOptions } from './prepare.ts'
import { existingPython } from './python.ts'
import { specify } from './specification.ts'
import { findUv } from './uv.ts'

/** What a start with `dependencies` would find, and what it would install. */
export interface Plan {
  /** The folder of the environment; `undefined`: it is not made yet. */
  readonly environment: string | undefined
  /** The Python that it is made with; `undefined`: this machine lacks it. */
  readonly python: FoundPython | undefined
  /** What would be installed, in the order of doing that. */
  readonly missing: readonly string[]
}

/**
 * Says what a start with these options would install. Nothing is installed, and no network used.
 *
 * @throws `ERR_PYTHREADS_ENVIRONMENT`, `ERR_PYTHREADS_LOCK`, and the errors of `findPython`
 */
export async function planOf(options: EnvironmentOptions): Promise<Plan> {
  const { dependencies, python: option, frozen = false, env = process.env } = options
  const asked = specify(dependencies)
  const what = lockedOrAsked(asked, frozen)
  const root = environmentsFolder(env)
  const found = await existingPython(option, asked, env)
  const python = 'facts' in found ? found : undefined
  const record = python && readRecord(root, keyOf(python.facts, what.digest))
  if (record !== undefined) return { environment: record.folder, python, missing: [] }
  const uv = await findUv({ env, mayFetch: false })
  // Without uv, an environment is made by the Python that is there.
  const isAsked = what.requirements.length > 0 || what.needsUv || 'request' in found
  const needsUv = isAsked && uv === undefined && env['PYTHREADS_UV'] !== 'off'
  return {
    environment: undefined,
    python,
    missing: [
      ...(needsUv ? ['uv, from the package index'] : []),
      ...('request' in found ? [`Python ${found.request}, by uv`] : []),
      `an environment of ${namesOf(what)}`,
    ],
  }
}
