import { execFile } from 'node:child_process'
import { kernelVariable } from '../kernel.ts'
import { own } from '../own.ts'

/** A function that keeps a core busy for about a millisecond, in pure Python. */
export const BUSY = 'def busy(n):\n    return sum(i * i for i in range(n))\n'
export const BUSY_SIZE = 20_000

const PROGRAM = `
import sys, time
${BUSY}
seconds = float(sys.argv[1])
sys.stdout.write("ready\\n"); sys.stdout.flush()
sys.stdin.readline()
end = time.perf_counter() + seconds
calls = 0
while time.perf_counter() < end:
    busy(${BUSY_SIZE})
    calls += 1
print(calls)
`

/**
 * Measures calls of {@link BUSY} a second in several plain Python processes at once: the most that
 * this machine can do, without pythreads.
 */
export async function plainProcesses(
  executable: string,
  processes: number,
  seconds: number,
): Promise<number> {
  const children = Array.from({ length: processes }, () => start(executable, seconds))
  await Promise.all(children.map((child) => child.ready))
  for (const child of children) child.go()
  const counts = await Promise.all(children.map((child) => child.calls))
  return counts.reduce((sum, count) => sum + count, 0) / seconds
}

function start(executable: string, seconds: number) {
  let ready: () => void = () => {}
  let fail: (error: unknown) => void = () => {}
  const isReady = new Promise<void>((resolve, reject) => {
    ready = resolve
    fail = reject
  })
  let go: () => void = () => {}
  const calls = new Promise<number>((resolve, reject) => {
    const options = own({
      encoding: 'utf8',
      cwd: undefined,
      shell: false,
      env: own({ ...process.env, ...kernelVariable() }),
    } as const)
    const child = execFile(
      executable,
      ['-I', '-c', PROGRAM, String(seconds)],
      options,
      (error, stdout) => {
        if (error === null) return resolve(Number(stdout.split('\n')[1]))
        fail(error)
        reject(error)
      },
    )
    child.stdout?.once('data', ready)
    go = () => void child.stdin?.end('go\n')
  })
  calls.catch(() => {})
  return { ready: isReady, go: () => go(), calls }
}
