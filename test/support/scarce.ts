import { spawn, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { gathered } from './child.ts'
import type { placements } from './pythons.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** What a fixture held of the system. */
interface Held {
  fds: number
  children: number
  timers: number
  listeners: number
}

/** What `test/fixtures/scarce.ts` printed. */
export interface Scarce {
  /** How often something became what. */
  outcomes: Record<string, number>
  before: Held
  after: Held
}

/**
 * Whether this process may make a mount namespace, where files of the system can be taken away:
 * only root may.
 */
export const canMount: boolean =
  spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0

interface Surroundings {
  env?: NodeJS.ProcessEnv
  /** Shell commands that run before, in a mount namespace of their own. */
  mounts?: string
}

/**
 * Runs a fixture that lacks something to its end. @throws what it printed when it does not end well
 */
export async function runScarce<T = Scarce>(
  fixture: 'scarce' | 'rights',
  what: string,
  { isolation, python }: Pick<(typeof placements)[number], 'isolation' | 'python'>,
  { env = {}, mounts }: Surroundings = {},
): Promise<T> {
  const program = `ulimit -n 400; exec "$0" "$@"`
  const shell =
    mounts === undefined
      ? ['sh', '-c', program]
      : ['unshare', '-m', 'sh', '-c', `${mounts}; ${program}`]
  const args = [
    process.execPath,
    `${root}/build/fixtures/${fixture}.js`,
    what,
    JSON.stringify({ isolation, python }),
  ]
  const [command = '', ...rest] = [...shell, ...args]
  const child = spawn(command, rest, {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const { code, signal, stdout, stderr } = await gathered(child).ended
  if (code !== 0) throw new Error(`It ended with ${signal ?? code}: ${stdout}${stderr}`)
  return JSON.parse(stdout) as T
}
