import { type ChildProcess, spawn } from 'node:child_process'
import { reserveDescriptors } from '../discovery/index.ts'
import { own } from '../own.ts'

/** Two pipes with two ends each, and some that Node needs to start a child. */
const DESCRIPTORS = 12
const MAX_OUTPUT = 2 ** 20

/** How a program has ended, and what it printed. */
export interface Run {
  readonly stdout: string
  readonly stderr: string
  /** `null`: it was not started, or a signal ended it. */
  readonly status: number | null
  /** How it failed, in words; `undefined`: it ended with status 0. */
  readonly failure: string | undefined
}

export interface RunOptions {
  readonly env: NodeJS.ProcessEnv
  readonly cwd?: string | undefined
  /** Gets each line that the program prints, while it runs. */
  readonly onLine?: ((line: string) => void) | undefined
}

const children = new Set<ChildProcess>()
let watching = false

/** Runs a program to its end. It is ended with this JavaScript thread. */
export function run(program: string, args: readonly string[], options: RunOptions): Promise<Run> {
  return new Promise((resolve) => {
    let stdout = ''
    let stderr = ''
    const end = (status: number | null, failure: string | undefined) =>
      resolve({ stdout, stderr, status, failure })
    let child: ChildProcess
    try {
      reserveDescriptors(DESCRIPTORS)
      const { cwd, env } = options
      const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe']
      child = spawn(program, args, own({ stdio, cwd, env: own(env), windowsHide: true }))
    } catch (error) {
      return end(null, `it cannot be started (${(error as Error).message})`)
    }
    // the streams of a child that could not be started emit errors
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('error', () => {})
    }
    child.stdout?.on(
      'data',
      lines(options.onLine, (text) => (stdout = kept(stdout + text))),
    )
    child.stderr?.on(
      'data',
      lines(options.onLine, (text) => (stderr = kept(stderr + text))),
    )
    child.once('error', (error) => end(null, `it cannot be started (${error.message})`))
    child.once('close', (status, signal) => {
      children.delete(child)
      end(
        status,
        status === 0
          ? undefined
          : signal === null
            ? `it ended with status ${status}`
            : `it was ended by ${signal}`,
      )
    })
    children.add(child)
    endWithThisThread()
  })
}

/** Keeps the end of an output. */
function kept(text: string): string {
  return text.length > MAX_OUTPUT ? text.slice(-MAX_OUTPUT) : text
}

/** Splits what arrives into lines, without the colours of a terminal. */
function lines(onLine: ((line: string) => void) | undefined, keep: (text: string) => void) {
  let rest = ''
  return (text: string) => {
    keep(text)
    if (onLine === undefined) return
    const all = (rest + text).split(/\r\n|[\r\n]/)
    rest = all.pop() ?? ''
    for (const line of all) if (line.trim() !== '') onLine(plain(line).trimEnd())
  }
}

/** Removes the codes with which a program colours its output. */
export function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what these codes begin with
  return text.replace(/\u001b\[[\d;]*[A-Za-z]/g, '')
}

function endWithThisThread(): void {
  if (watching) return
  watching = true
  process.once('exit', () => {
    for (const child of children) child.kill('SIGKILL')
  })
}
