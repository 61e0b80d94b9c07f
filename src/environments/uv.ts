import { existsSync } from 'node:fs'
import { execute, onPath } from '../discovery/index.ts'
import { ownVariables } from '../own.ts'

/** A program uv. */
export interface Uv {
  readonly path: string
  readonly version: string
  /** Where it was found, e.g. `PATH`. */
  readonly source: string
}

const TIMEOUT_MS = 20_000

/** Finds uv: PYTHREADS_UV (`off`: none), else PATH. */
export async function findUv(options: {
  readonly env: NodeJS.ProcessEnv
  readonly progress?: (line: string) => void
  readonly mayFetch: boolean
}): Promise<Uv | undefined> {
  const env = ownVariables(options.env)
  const named = env['PYTHREADS_UV']
  if (named === 'off') return undefined
  const path = named ?? onPath('uv', env)[0]
  if (path === undefined || !existsSync(path)) return undefined
  const { stdout, failure } = await execute(path, ['--version'], TIMEOUT_MS, options.env)
  const version = /^uv (\S+)/.exec(stdout)?.[1]
  if (failure !== undefined || version === undefined) return undefined
  return { path, version, source: named === undefined ? 'PATH' : 'PYTHREADS_UV' }
}

/** The variables with which uv runs. */
export function uvEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = /^UV_(DEFAULT_INDEX|INDEX|INDEX_URL|EXTRA_INDEX_URL|FIND_LINKS|HTTP_\w+)$/
  const entries = Object.entries(ownVariables(env))
  const variables = entries.filter(([name]) => !name.startsWith('UV_') || kept.test(name))
  return { ...Object.fromEntries(variables), UV_NO_CONFIG: '1' }
}
