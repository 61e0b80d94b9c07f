import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** How a child process ended, and what it printed. */
export interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

/** A running fixture or program. */
export interface Child {
  readonly pid: number
  /** Resolves when its standard output has the text; rejects when it ends without. */
  printed(text: string): Promise<void>
  /** As `printed`, for its standard error. */
  said(text: string): Promise<void>
  /** What it has printed so far. */
  output(): string
  readonly ended: Promise<Ended>
  kill(signal: NodeJS.Signals): void
}

/**
 * Starts a program of `test/fixtures` (compiled to build/fixtures by the test command), in a
 * process of its own.
 */
export function startFixture(
  name: string,
  args: string[] = [],
  env: NodeJS.ProcessEnv = {},
): Child {
  return startNode([join(root, 'build', 'fixtures', `${name}.js`), ...args], env)
}

/** Runs a fixture to its end. */
export function runFixture(
  name: string,
  args: string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<Ended> {
  return startFixture(name, args, env).ended
}

/** Starts the command-line program as it was built. */
export function startCli(
  args: string[],
  options: { env?: NodeJS.ProcessEnv; input?: string; cwd?: string } = {},
): Child {
  return startNode([join(root, 'dist', 'cli', 'main.js'), ...args], options.env ?? {}, options)
}

export function runCli(
  args: string[],
  options: { env?: NodeJS.ProcessEnv; input?: string; cwd?: string } = {},
): Promise<Ended> {
  return startCli(args, options).ended
}

/** Runs Node with these arguments to its end. */
export function runNode(
  args: string[],
  options: { env?: NodeJS.ProcessEnv; cwd?: string } = {},
): Promise<Ended> {
  return startNode(args, options.env ?? {}, options).ended
}

/** Gathers what a child prints; calls `news` after each piece. */
export function gathered(
  child: ChildProcess,
  news = () => {},
): { printed: Pick<Ended, 'stdout' | 'stderr'>; ended: Promise<Ended> } {
  const printed = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      printed[name] += text
      news()
    })
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal, ...printed }))
  })
  return { printed, ended }
}

function startNode(
  args: string[],
  env: NodeJS.ProcessEnv,
  options: { input?: string; cwd?: string } = {},
): Child {
  const child = spawn(process.execPath, args, {
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    cwd: options.cwd ?? root,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.on('error', () => {}) // it may end before it has read everything
  child.stdin.end(options.input ?? '')
  const waiting = new Set<() => void>()
  const { printed, ended } = gathered(child, () => {
    for (const check of waiting) check()
  })
  return {
    pid: child.pid ?? -1,
    ended,
    output: () => printed.stdout,
    kill: (signal) => void child.kill(signal),
    printed: (text) => until(text, () => printed.stdout),
    said: (text) => until(text, () => printed.stderr),
  }

  function until(text: string, has: () => string): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = () => has().includes(text) && resolve()
      waiting.add(check)
      check()
      void ended.then((end) =>
        reject(new Error(`It ended without printing ${text}: ${JSON.stringify(end)}`)),
      )
    })
  }
}
