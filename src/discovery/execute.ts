import { execFile } from 'node:child_process'
import { isShortage, startFailure } from '../errors/index.ts'
import { own } from '../own.ts'
import { reserveDescriptors } from './descriptors.ts'

/** Three pipes, and what starting a child takes besides. */
const DESCRIPTORS = 16
const MAX_OUTPUT = 2 ** 24
/**
 * All that `execFile` would take from a changed `Object.prototype`: it makes plain objects of its
 * options.
 */
const PLAIN = {
  cwd: undefined,
  shell: false,
  uid: undefined,
  gid: undefined,
  signal: undefined,
  windowsHide: true,
} as const

/** What a program printed, and how it failed, if it did. */
export interface Executed {
  readonly stdout: string
  readonly stderr: string
  readonly failure: string | undefined
}

/**
 * Runs a program to its end, `timeoutMs` at most.
 *
 * @throws `ERR_PYTHREADS_WORKER_START` when the system has no process or descriptor to give: that
 * says nothing of the program
 */
export async function execute(
  executable: string,
  args: readonly string[],
  timeoutMs: number,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Executed> {
  const run = () =>
    new Promise<Executed>((resolve, reject) => {
      reserveDescriptors(DESCRIPTORS)
      const bounds = {
        timeout: timeoutMs,
        killSignal: 'SIGKILL',
        encoding: 'utf8',
        maxBuffer: MAX_OUTPUT,
      } as const
      const child = execFile(
        executable,
        args,
        { ...PLAIN, ...bounds, env: own(env) },
        (error, stdout, stderr) => {
          if (isShortage(error)) return reject(error)
          resolve({
            stdout,
            stderr,
            failure: error === null ? undefined : describe(error, timeoutMs),
          })
        },
      )
      // of a child that was not started, they were never opened
      for (const stream of child.stdio) stream?.on('error', () => {})
    })
  try {
    return await run()
  } catch (error) {
    if (isShortage(error)) throw startFailure(`${executable} cannot be run`, error)
    // what is no program: ENOEXEC
    return { stdout: '', stderr: '', failure: describe(error as Error, timeoutMs) }
  }
}

function describe(
  error: Error & { code?: unknown; signal?: unknown; killed?: boolean },
  timeoutMs: number,
): string {
  if (error.killed === true) return `no answer within ${timeoutMs / 1000} s`
  if (typeof error.signal === 'string') return `it was ended by ${error.signal}`
  return typeof error.code === 'number'
    ? `it ended with status ${error.code}`
    : `it cannot be started (${String(error.code)})`
}
