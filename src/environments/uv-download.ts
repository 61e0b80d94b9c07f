import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { attempt } from '../attempt.ts'
import { builtin } from '../builtin.ts'
import { cacheFolder, whoseChangeOnPath } from '../discovery/index.ts'
import { readAll, request, UnreachedError } from './http.ts'
import { type IndexSettings, indexSettings, withoutName } from './index-settings.ts'
import { type Network, networkOf, shown } from './network.ts'
import { projectFiles } from './simple-index.ts'
import { chooseWheel, compareVersions, thisMachine, type UvWheel } from './uv-wheels.ts'
import { readFromZip } from './zip.ts'

const MAX_WHEEL_BYTES = 2 ** 27
const MAX_PROGRAM_BYTES = 2 ** 28
const MEGABYTE = 1_000_000
const PROGRAM = process.platform === 'win32' ? 'uv.exe' : 'uv'
const IN_WHEEL = /^uv-[^/]+\.data\/scripts\/uv(\.exe)?$/
/** A folder of an unfinished download is removed after this time: its process is gone by then. */
const ABANDONED_MS = 3_600_000

export interface DownloadOptions {
  readonly env: NodeJS.ProcessEnv
  readonly progress: (line: string) => void
}

/** The folder with one folder for each version; `undefined` where there is no cache. */
function uvFolder(env: NodeJS.ProcessEnv): string | undefined {
  const cache = cacheFolder(env)
  return cache && join(cache, 'uv')
}

/** The programs that were downloaded before, the newest first. */
export function downloadedUv(env: NodeJS.ProcessEnv): string[] {
  const folder = uvFolder(env)
  if (folder === undefined) return []
  const names = attempt(() => readdirSync(folder)) ?? []
  return names
    .filter((name) => /^\d[\d.]*$/.test(name))
    .sort((a, b) => compareVersions(b, a))
    .map((name) => join(folder, name, PROGRAM))
    .filter((path) => attempt(() => statSync(path).isFile()) === true)
}

/**
 * Downloads uv from the package index, as pip would, checks its hash and puts it into the cache.
 * Returns its path.
 *
 * @throws an Error whose message says why that is not possible
 */
export async function downloadUv({ env, progress }: DownloadOptions): Promise<string> {
  const settings = indexSettings(env)
  if (settings.index === undefined) throw new Error(`${settings.source} asks for no index`)
  if (settings.isOffline) throw new Error('UV_OFFLINE is set')
  const folder = ownFolder(env)
  const network = networkOf(env, settings)
  const wheel = await findWheel(settings, network)
  const target = join(folder, wheel.version)
  const program = join(target, PROGRAM)
  const bytes = await download(wheel, network, progress)
  const content = await readFromZip(bytes, IN_WHEEL, MAX_PROGRAM_BYTES)
  if (content === undefined) throw new Error(`${shown(wheel.url)} has no program uv`)
  const draft = join(folder, `.${wheel.version}.${builtin('node:crypto').randomUUID()}`)
  try {
    mkdirSync(draft, { mode: 0o755 })
    writeProgram(join(draft, PROGRAM), content)
    moveInPlace(draft, target)
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
  return program
}

/** Makes the folder for the downloads. @throws where another user can change files in it */
function ownFolder(env: NodeJS.ProcessEnv): string {
  const folder = uvFolder(env)
  if (folder === undefined) throw new Error('PYTHREADS_CACHE says that there is no cache')
  const refuse = () => {
    const reason = whoseChangeOnPath(folder)
    if (reason !== undefined) throw new Error(reason)
  }
  refuse()
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  refuse()
  removeAbandoned(folder)
  return folder
}

function removeAbandoned(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    const time = attempt(() => statSync(path).mtimeMs) ?? Date.now()
    if (name.startsWith('.') && Date.now() - time > ABANDONED_MS)
      attempt(() => rmSync(path, { recursive: true, force: true }))
  }
}

/** Looks in the default index, then in the others: an index of a company may lack uv. */
async function findWheel(settings: IndexSettings, network: Network): Promise<UvWheel> {
  const machine = thisMachine()
  const failures: string[] = []
  for (const index of [settings.index ?? '', ...settings.extraIndexes]) {
    const address = withoutName(index)
    if (!URL.canParse(address)) {
      failures.push(`${address} is no address of an index`)
      continue
    }
    try {
      const wheel = chooseWheel(await projectFiles(address, 'uv', network), machine)
      if (wheel !== undefined) return wheel
      failures.push(`${shown(address)} has no uv with a hash for ${platformOf(machine)}`)
    } catch (error) {
      failures.push((error as Error).message)
      // without a network, each further index would cost the same wait
      if (error instanceof UnreachedError) break
    }
  }
  throw new Error(`${failures.join('; ')} (the index is named by ${settings.source})`)
}

function platformOf({ platform, arch, glibc }: ReturnType<typeof thisMachine>): string {
  const libc = platform === 'linux' ? `, ${glibc === undefined ? 'musl' : `glibc ${glibc}`}` : ''
  return `${platform} ${arch}${libc}`
}

async function download(
  { url, version, sha256 }: UvWheel,
  network: Network,
  progress: (line: string) => void,
): Promise<Buffer> {
  const what = `Downloading uv ${version} from ${url.host}`
  progress(what)
  const reply = await request(url, network)
  const all = reply.length === undefined ? '' : ` of ${megabytes(reply.length)}`
  let told = 0
  const bytes = await readAll(reply, MAX_WHEEL_BYTES, (count) => {
    if (count - told < MEGABYTE) return
    told = count
    progress(`${what}: ${megabytes(count)}${all} MB`)
  })
  const found = builtin('node:crypto').createHash('sha256').update(bytes).digest('hex')
  if (found !== sha256.toLowerCase())
    throw new Error(`${shown(url)} has the hash ${found}, and should have ${sha256}`)
  return bytes
}

function megabytes(bytes: number): string {
  return (bytes / MEGABYTE).toFixed(0)
}

/** A file that is renamed before its bytes are on the disk may be empty after a power failure. */
function writeProgram(path: string, content: Buffer): void {
  const fd = openSync(path, 'wx', 0o755)
  try {
    writeFileSync(fd, content)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  chmodSync(path, 0o755) // whatever the umask: an image is made by one user and used by another
}

/** Two processes may download the same version: the first one is kept. */
function moveInPlace(draft: string, target: string): void {
  try {
    renameSync(draft, target)
  } catch (error) {
    if (attempt(() => statSync(join(target, PROGRAM)).isFile()) !== true) throw error
  }
}
