import { execFile } from 'node:child_process'
import { forbidden, isShortage, startFailure } from '../errors/index.ts'
import { own } from '../own.ts'
import { reserveDescriptors } from './descriptors.ts'

/** Three pipes with two ends each, and some that Node needs to start a child. */
const DESCRIPTORS = 16
const MAX_OUTPUT = 2 ** 24
/**
 * Every option that `execFile` would otherwise read from a changed `Object.prototype`, as it copies
 * its options into a plain object.
 */
const PLAIN = {
  cwd: undefined,
  shell: false,
  uid: undefined,
  gid: undefined,
  signal: undefined,
  windowsHide: true,
} as const

/** The output of a program that has ended. */
export interface Executed {
  readonly stdout: string
  readonly stderr: string
  /** How the program failed, in words; `undefined`: it ended with status 0. */
  readonly failure: string | undefined
}

/**
 * Runs a program, and ends it after `timeoutMs`.
 *
 * @throws `ERR_PYTHREADS_WORKER_START` when the system has no process or descriptor left, which is
 * no fault of the program; `ERR_PYTHREADS_PERMISSION` when Node forbids to run it
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
      // the streams of a child that could not be started emit errors
      for (const stream of child.stdio) stream?.on('error', () => {})
    })
  try {
    return await run()
  } catch (error) {
    if (isShortage(error)) throw startFailure(`${executable} cannot be run`, error)
    const denied = forbidden(`${executable} cannot be run`, error)
    if (denied !== undefined) throw denied
    // ENOEXEC: the file is no program
    return { stdout: '', stderr: '', failure: describe(error as Error, timeoutMs) }
  }
}

function describe(
  error: Error & { code?: unknown; signal?: unknown; killed?: boolean },
  timeoutMs: number,
): string {
  if (error.killed === true) return `no reply within ${timeoutMs / 1000} s`
  if (typeof error.signal === 'string') return `it was ended by ${error.signal}`
  return typeof error.code === 'number'
    ? `it ended with status ${error.code}`
    : `it cannot be started (${String(error.code)})`
}
