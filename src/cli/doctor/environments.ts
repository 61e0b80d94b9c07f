import type { FoundPython } from '../../discovery/index.ts'
import {
  type EnvironmentRecord,
  environmentPython,
  environmentsFolder,
  findUv,
  listEnvironments,
  type Plan,
  planOf,
  type Uv,
} from '../../environments/index.ts'
import { PythreadsError } from '../../index.ts'
import { type DependencyFlags, dependenciesAsked } from '../dependencies.ts'
import { bytesBelow } from '../folder-size.ts'

/** What installs packages, and what they were installed into. */
export interface Environments {
  readonly uv: Uv | null
  /** Why there is no uv, or why others are not used. */
  readonly uvProblems: readonly string[]
  /** `null`: there is none, as the cache is off. */
  readonly folder: string | null
  readonly made: readonly (EnvironmentRecord & { readonly bytes: number })[]
  /** Why what was made is not used. */
  readonly problem: string | null
}

export async function environmentsHere(): Promise<Environments> {
  const uvProblems: string[] = []
  const onMissing = (sentence: string) => uvProblems.push(sentence)
  const uv = await findUv({ env: process.env, mayFetch: false, onMissing }).catch(
    (error: unknown) => void uvProblems.push(sentenceOf(error)),
  )
  let folder: string | null = null
  try {
    folder = environmentsFolder(process.env)
    const made = listEnvironments().map((one) => ({ ...one, bytes: bytesBelow(one.folder) }))
    return { uv: uv ?? null, uvProblems, folder, made, problem: null }
  } catch (error) {
    return { uv: uv ?? null, uvProblems, folder, made: [], problem: sentenceOf(error) }
  }
}

export type EnvironmentFlags = Pick<DependencyFlags, 'with' | 'dependencies' | 'frozen'> & {
  readonly python: string | undefined
}

/** What a start with the packages of these flags would do; `undefined`: they name none. */
export function planned(flags: EnvironmentFlags): Promise<Plan> | undefined {
  const { frozen, python } = flags
  const asked = dependenciesAsked(flags)
  return asked && planOf({ frozen, python, ...asked })
}

/**
 * The Python of the environment, or the one that it would be made with.
 *
 * @throws `ERR_PYTHREADS_ENVIRONMENT` where neither is there
 */
export async function plannedPython(plan: Plan, flags: EnvironmentFlags): Promise<FoundPython> {
  const { frozen, python } = flags
  const asked = dependenciesAsked(flags)
  if (plan.environment !== undefined && asked !== undefined)
    return environmentPython({ frozen, python, ...asked })
  if (plan.python !== undefined) return plan.python
  const message = `These would be installed: ${plan.missing.join('; ')}`
  throw new PythreadsError('ERR_PYTHREADS_ENVIRONMENT', message)
}

function sentenceOf(error: unknown): string {
  if (!(error instanceof PythreadsError)) throw error
  return error.message
}
