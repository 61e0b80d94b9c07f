// Installs each peer by itself into bench/.peers/<name>, and writes down how that went: what cannot
// be installed is a result too.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { embedEnvironment } from '../lib/embed.ts'
import { PEERS_FOLDER, peerVersions } from '../lib/folders.ts'
import type { BenchPython } from '../lib/pythons.ts'

/** How the installation of a peer went. */
export interface PeerState {
  readonly version: string
  /** The Python that it was compiled for, where it is compiled. */
  readonly python: string
  /** `null`: it is installed. */
  readonly error: string | null
}

const INSTALL_TIMEOUT_MS = 600_000
/**
 * Peers that have a prebuilt binary for a Python of their own, which is not the one that is
 * measured.
 */
const FROM_SOURCE: Readonly<Record<string, readonly string[]>> = {
  pymport: ['--build-from-source'],
}

/** pymport compiles as C++14, newer versions of what it depends on need C++17. */
const OVERRIDES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  pymport: { 'node-addon-api': '8.0.0' },
}

/**
 * Installs those of the peers that are not there yet. `again` tries those that failed before once
 * more.
 */
export async function installPeers(
  names: readonly string[],
  python: BenchPython,
  again: boolean,
): Promise<Record<string, PeerState>> {
  const states: Record<string, PeerState> = {}
  for (const name of names) states[name] = await installPeer(name, python, again)
  return states
}

async function installPeer(name: string, python: BenchPython, again: boolean): Promise<PeerState> {
  const version = peerVersions()[name]
  if (version === undefined)
    throw new Error(`bench/package.json names no version of the peer ${name}`)
  const folder = join(PEERS_FOLDER, name)
  const marker = join(folder, 'state.json')
  const known = existsSync(marker)
    ? (JSON.parse(readFileSync(marker, 'utf8')) as PeerState)
    : undefined
  if (
    known?.version === version &&
    known.python === python.base &&
    !(again && known.error !== null)
  )
    return known
  process.stderr.write(`Installing ${name} ${version} (it may be compiled: a minute or two)\n`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const manifest = {
    private: true,
    dependencies: { [name]: version },
    overrides: OVERRIDES[name] ?? {},
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
  const state = {
    version,
    python: python.base,
    error: await npmInstall(folder, FROM_SOURCE[name] ?? [], python),
  }
  writeFileSync(marker, JSON.stringify(state, null, 2))
  return state
}

/** What went wrong, or `null`. */
async function npmInstall(
  folder: string,
  flags: readonly string[],
  python: BenchPython,
): Promise<string | null> {
  // nice: others may be using the machine, and nothing is measured meanwhile.
  const args = [
    '-n',
    '15',
    'npm',
    'install',
    '--no-audit',
    '--no-fund',
    '--foreground-scripts',
    ...flags,
  ]
  const options = {
    cwd: folder,
    env: installEnvironment(python),
    timeout: INSTALL_TIMEOUT_MS,
    maxBuffer: 1 << 28,
  }
  try {
    await promisify(execFile)('nice', args, options)
    return null
  } catch (error) {
    const {
      message,
      stdout = '',
      stderr = '',
    } = error as Error & { stdout?: string; stderr?: string }
    writeFileSync(join(folder, 'install.log'), `${stdout}\n${stderr}`)
    return whatFailed(`${stdout}\n${stderr}`) ?? message
  }
}

function installEnvironment(python: BenchPython): NodeJS.ProcessEnv {
  // Node's own headers, where the distribution has them, instead of a download from nodejs.org.
  const headers = existsSync('/usr/include/node/node_api.h') ? { npm_config_nodedir: '/usr' } : {}
  return { ...headers, ...process.env, ...embedEnvironment(python), JOBS: '1' }
}

/** The lines of a log that say why. */
function whatFailed(log: string): string | undefined {
  const lines = log
    .split('\n')
    .filter((line) => /error|fatal|cannot|not found|no such|failed/i.test(line))
  return lines.length === 0 ? undefined : [...new Set(lines)].slice(0, 8).join('\n')
}
