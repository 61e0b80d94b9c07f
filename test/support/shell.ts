import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type Ended, gathered } from './child.ts'

const cli = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

/** Runs a script by bash, in which `pythreads` is the program as it was built. */
export function shell(
  script: string,
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Ended> {
  const child = spawn('bash', ['-c', `pythreads() { "$NODE" "$CLI" "$@"; }\n${script}`], {
    cwd: options.cwd ?? fileURLToPath(new URL('../..', import.meta.url)),
    env: { ...process.env, NODE_OPTIONS: '', NODE: process.execPath, CLI: cli, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return gathered(child).ended
}
