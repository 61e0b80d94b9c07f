import { execute, onPath, whoseChangeOnPath } from '../discovery/index.ts'
import { PythreadsError } from '../errors/index.ts'
import { ownVariables } from '../platform/index.ts'
import { downloadedUv, downloadUv } from './uv-download.ts'
import { uvEnvironment } from './uv-environment.ts'
import { isNewEnough, OLDEST_UV } from './uv-wheels.ts'

export { indexFlags, uvEnvironment } from './uv-environment.ts'

/** A uv that runs. */
export interface Uv {
  readonly path: string
  /** Three numbers, e.g. `0.13.9`. */
  readonly version: string
  /** Why this one, e.g. `PYTHREADS_UV`, `PATH`, `the cache` or `the package index`. */
  readonly source: string
}

export interface FindUvOptions {
  readonly env: NodeJS.ProcessEnv
  readonly progress?: ((line: string) => void) | undefined
  /** Whether uv may be downloaded where there is none. */
  readonly mayFetch: boolean
  /** Gets a sentence for each place without a usable uv. */
  readonly onMissing?: ((sentence: string) => void) | undefined
}

const TIMEOUT_MS = 60_000
/** The value of PYTHREADS_UV by which pip is used in its place. */
const OFF = 'off'

/**
 * Finds uv: PYTHREADS_UV, PATH, the one that pythreads downloaded before; else downloads it from
 * the package index, if it may. Returns `undefined` where there is none, and `onMissing` has got
 * the reasons.
 *
 * @throws `ERR_PYTHREADS_ENVIRONMENT` when the uv that PYTHREADS_UV names does not work
 */
export async function findUv(options: FindUvOptions): Promise<Uv | undefined> {
  const { mayFetch, progress = () => {}, onMissing = () => {} } = options
  const env = ownVariables(options.env)
  const named = env['PYTHREADS_UV']
  if (named === OFF) {
    onMissing('uv: PYTHREADS_UV is off')
    return undefined
  }
  if (named) {
    const found = await look(named, 'PYTHREADS_UV', env)
    if (typeof found !== 'string') return found
    throw new PythreadsError('ERR_PYTHREADS_ENVIRONMENT', `PYTHREADS_UV: ${found}`)
  }
  // PATH is the user's own choice, as it is for a Python.
  const paths = onPath('uv', env)
  if (paths.length === 0) onMissing('uv on PATH: there is none')
  for (const path of paths) {
    const found = await look(path, 'PATH', env)
    if (typeof found !== 'string') return found
    onMissing(`uv on PATH: ${found}`)
  }
  for (const path of downloadedUv(env)) {
    const reason = whoseChangeOnPath(path)
    const found = reason ?? (await look(path, 'the cache', env))
    if (typeof found !== 'string') return found
    onMissing(`uv in the cache: ${found}`)
  }
  if (!mayFetch) return undefined
  try {
    const found = await look(await downloadUv({ env, progress }), 'the package index', env)
    if (typeof found !== 'string') return found
    onMissing(`uv from the package index: ${found}`)
  } catch (error) {
    onMissing(`uv from the package index: ${(error as Error).message}`)
  }
  return undefined
}

/** Runs a uv. Returns a sentence where it does not work or is too old. */
async function look(path: string, source: string, env: NodeJS.ProcessEnv): Promise<Uv | string> {
  const reply = await execute(path, ['--version'], TIMEOUT_MS, uvEnvironment(env))
  const version = /^uv (\d+\.\d+\.\d+)/.exec(reply.stdout)?.[1]
  if (reply.failure !== undefined || version === undefined)
    return `${path} does not work: ${reply.failure ?? 'it printed no version'}`
  if (!isNewEnough(version))
    return `${path} is uv ${version}, and pythreads needs ${OLDEST_UV.join('.')} or newer`
  return { path, version, source }
}
