import { existsSync, realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { versionRange, whoseChangeOnPath } from '../discovery/index.ts'
import { environmentError, wordsOf } from './failure.ts'
import { REPLY_MS, request, UnreachedError } from './http.ts'
import { indexSettings } from './index-settings.ts'
import { networkOf } from './network.ts'
import { run } from './run.ts'
import { type Uv, uvEnvironment } from './uv.ts'

/** The time for a server to reply where another one did not: there is hardly a network. */
const SECOND_REPLY_MS = 1_000
/** Where uv looks first for a Python, and where it looks then. */
const MIRRORED = 'https://releases.astral.sh/github/'
const ORIGINAL = 'https://github.com/astral-sh/'

/** A Python that uv knows: one that it has installed, or one that it can download. */
interface Listed {
  readonly key: string
  /** Major, minor, micro. */
  readonly version: readonly number[]
  readonly isFinal: boolean
  readonly variant: string
  /** Where it is installed; `undefined`: it is not. */
  readonly path: string | undefined
  readonly url: string | undefined
}

interface Asked {
  readonly env?: NodeJS.ProcessEnv
  /** Why the package index cannot be reached, if that is so. */
  readonly unreachable?: string | undefined
}

/**
 * Returns the executable of a Python of uv that fits a version or a range, as the option `python`
 * has it. One that is not installed yet is downloaded into the cache of pythreads.
 *
 * @throws `ERR_PYTHREADS_ENVIRONMENT` with what uv said
 */
export async function managedPython(
  uv: Uv,
  asked: string,
  progress: (line: string) => void = () => {},
  { env: environment = process.env, unreachable }: Asked = {},
): Promise<string> {
  const env = uvEnvironment(environment)
  const [best] = (await fitting(uv, asked, env)).sort(inOrder)
  if (best?.path !== undefined) return trusted(best.path)
  // uv lists none that it may not download
  if (/^(never|0|false)$/i.test(env['UV_PYTHON_DOWNLOADS'] ?? ''))
    throw environmentError(
      `Python ${asked} is not there, and UV_PYTHON_DOWNLOADS forbids uv to get it`,
    )
  if (best === undefined)
    throw environmentError(`uv ${uv.version} knows no Python ${asked} for this machine`)
  const python = `Python ${best.version.join('.')}`
  await checkReachable(best, env, unreachable === undefined ? REPLY_MS : SECOND_REPLY_MS)
  const options = { env, onLine: progress }
  const installed = await run(uv.path, ['python', 'install', '--no-config', best.key], options)
  const all = installed.failure === undefined ? await fitting(uv, asked, env) : []
  const path = all.find(({ key, path }) => key === best.key && path !== undefined)?.path
  if (path !== undefined) return trusted(path)
  const words = wordsOf(installed.stderr)
  throw environmentError(
    `${python} could not be installed: ${words || installed.failure || 'uv does not list it'}`,
  )
}

/** Installed ones come first: nothing has to be downloaded for them. */
function inOrder(a: Listed, b: Listed): number {
  return (
    Number(b.path !== undefined) - Number(a.path !== undefined) ||
    Number(b.isFinal) - Number(a.isFinal) ||
    newestFirst(a.version, b.version)
  )
}

function newestFirst(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((number, index) => number !== b[index])
  return at < 0 ? 0 : (b[at] ?? 0) - (a[at] ?? 0)
}

async function fitting(uv: Uv, asked: string, env: NodeJS.ProcessEnv): Promise<Listed[]> {
  const range = versionRange(asked)
  if (range === undefined) throw environmentError(`${JSON.stringify(asked)} is no version`)
  const args = ['--no-config', '--managed-python', '--all-versions', '--output-format', 'json']
  const listed = await run(uv.path, ['python', 'list', ...args], { env })
  if (listed.failure !== undefined)
    throw environmentError(`uv cannot list Pythons: ${wordsOf(listed.stderr) || listed.failure}`)
  const variant = range.freeThreaded ? 'freethreaded' : 'default'
  return parse(listed.stdout).filter(
    (one) => one.variant === variant && range.includes(one.version),
  )
}

function parse(json: string): Listed[] {
  const all = JSON.parse(json) as {
    key: string
    version: string
    version_parts: { major: number; minor: number; patch: number }
    path: string | null
    url: string | null
    implementation: string
    variant: string
  }[]
  return all
    .filter(({ implementation }) => implementation === 'cpython')
    .map(({ key, version, version_parts: { major, minor, patch }, path, url, variant }) => ({
      key,
      version: [major, minor, patch],
      isFinal: /^[\d.]+$/.test(version),
      path: path ?? undefined,
      url: url ?? undefined,
      variant,
    }))
}

/** Fails soon where there is no network: uv itself tries each server several times. */
async function checkReachable(
  { url = '' }: Listed,
  env: NodeJS.ProcessEnv,
  replyMs: number,
): Promise<void> {
  const mirror = env['UV_PYTHON_INSTALL_MIRROR'] || env['UV_ASTRAL_MIRROR_URL']
  const addresses = mirror ? [mirror] : [url, url.replace(MIRRORED, ORIGINAL)]
  if (env['UV_OFFLINE'] || addresses.some((one) => !/^https?:/.test(one))) return
  const network = networkOf(env, indexSettings(env))
  const asked = [...new Set(addresses)].map((one) => reaches(new URL(one), network, replyMs))
  const reasons = await Promise.all(asked)
  if (reasons.every((reason) => reason !== undefined))
    throw environmentError(`Python cannot be downloaded: ${reasons.join('; ')}`)
}

type NetworkOf = ReturnType<typeof networkOf>

/** Says why a server is not reached; any reply is one. */
async function reaches(url: URL, network: NetworkOf, replyMs: number): Promise<string | undefined> {
  try {
    const reply = await request(url, network, { method: 'HEAD', replyMs })
    reply.body.destroy()
    return undefined
  } catch (error) {
    return error instanceof UnreachedError ? error.message : undefined
  }
}

/**
 * The path in the folder of the very version: uv names the folder of the minor version, which is a
 * link that leads to another one after an update.
 */
function trusted(path: string): string {
  const reason = existsSync(path) ? whoseChangeOnPath(path) : `${path} does not exist`
  if (reason !== undefined) throw environmentError(`the Python of uv is not used: ${reason}`)
  return join(realpathSync(dirname(path)), basename(path))
}
