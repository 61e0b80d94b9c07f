import { spawn } from 'node:child_process'
import { type Ended, gathered } from './child.ts'
import { pythons } from './pythons.ts'

const PROGRAM = `
import os, pty, sys
status = pty.spawn(sys.argv[1:], lambda fd: os.read(fd, 65536))
sys.exit(os.waitstatus_to_exitcode(status))
`

/** Runs a program in a terminal of its own; `stdout` is what the terminal gets. */
export function inTerminal(
  command: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Ended> {
  const child = spawn(pythons[0]?.executable ?? '', ['-c', PROGRAM, ...command], {
    env: { ...process.env, NODE_OPTIONS: '', TERM: 'xterm', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  return gathered(child).ended
}
