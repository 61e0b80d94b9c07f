import { spawn, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
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

/** Whether this process may make a mount namespace, where files of the system can be taken away: only root may. */
export const canMount: boolean = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0

interface Surroundings {
  env?: NodeJS.ProcessEnv
  /** Shell commands that run before, in a mount namespace of their own. */
  mounts?: string
}

/** Runs a fixture that lacks something to its end. @throws what it printed when it does not end well */
export async function runScarce<T = Scarce>(
  fixture: 'scarce' | 'rights',
  what: string,
  { isolation, python }: Pick<(typeof placements)[number], 'isolation' | 'python'>,
  { env = {}, mounts }: Surroundings = {},
): Promise<T> {
  const program = `ulimit -n 400; exec "$0" "$@"`
  const shell = mounts === undefined ? ['sh', '-c', program] : ['unshare', '-m', 'sh', '-c', `${mounts}; ${program}`]
  const args = [process.execPath, `${root}/build/fixtures/${fixture}.js`, what, JSON.stringify({ isolation, python })]
  const [command = '', ...rest] = [...shell, ...args]
  const child = spawn(command, rest, {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const texts: [string, string] = ['', '']
  for (const [i, stream] of [child.stdout, child.stderr].entries()) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      texts[i] += text
    })
  }
  const status = await new Promise((resolve) => child.once('close', (code, signal) => resolve(signal ?? code)))
  const [stdout, stderr] = texts
  if (status !== 0) throw new Error(`It ended with ${status}: ${stdout}${stderr}`)
  return JSON.parse(stdout) as T
}
