import { spawn, spawnSync } from 'node:child_process'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gathered } from './child.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** What `npm install pythreads` brings and the smoke suite uses. */
const PACKAGES = ['koffi', '@koromix']
const PACKAGE = ['package.json', 'dist', 'kernel']

/** Some cases of test/smoke/smoke.mjs: the quick ones, which use all ways between both sides. */
const CASES = ['a result', 'arrays', 'sync calls', 'worker_threads']

/** Makes a project in which the package as it was built is installed, and the smoke suite. */
export function installIn(folder: string): string {
  const modules = join(folder, 'node_modules')
  const copy = (from: string, to: string) =>
    cpSync(join(root, from), to, {
      recursive: true,
      filter: (path) => !path.includes('__pycache__'),
    })
  for (const name of PACKAGES) copy(join('node_modules', name), join(modules, name))
  for (const name of PACKAGE) copy(name, join(modules, 'pythreads', name))
  const program = join(folder, 'smoke.mjs')
  copy(join('test', 'smoke', 'smoke.mjs'), program)
  return program
}

interface Surroundings {
  /** The program of `installIn`; default: that of this tree. */
  program?: string
  python: string
  isolation: string
  /** The flags of Node. */
  flags?: readonly string[]
  cwd?: string
  env?: NodeJS.ProcessEnv
  /** What runs the command: `setpriv ...`. */
  prefix?: readonly string[]
}

/** Runs the smoke suite. Resolves with its status, and with what it printed if it failed. */
export async function smoke({
  program = join(root, 'test', 'smoke', 'smoke.mjs'),
  python,
  isolation,
  flags = [],
  cwd = root,
  env = {},
  prefix = [],
}: Surroundings): Promise<{ code: number | null; printed: string }> {
  const cases = CASES.flatMap((name) => ['--only', name])
  const args = [...flags, program, '--python', python, '--isolation', isolation, ...cases]
  const [command = '', ...rest] = [...prefix, process.execPath, ...args]
  const child = spawn(command, rest, {
    cwd,
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const { code, stdout, stderr } = await gathered(child).ended
  return { code, printed: code === 0 ? '' : stdout + stderr }
}

/** Whether a program that is no test can be run so, and ends well. */
export function works(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0
}
