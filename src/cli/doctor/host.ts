import { existsSync, readFileSync } from 'node:fs'
import { attempt } from '../../attempt.ts'
import { javascriptRuntime } from '../../platform/index.ts'

/** The program that runs JavaScript, and the machine as it sees it. */
export interface Host {
  readonly runtime: ReturnType<typeof javascriptRuntime>
  readonly version: string
  /** The Node that the runtime is or imitates. */
  readonly node: string
  readonly platform: string
  readonly arch: string
  /** The C library; `null` where the system has only one. */
  readonly libc: 'glibc' | 'musl' | null
  /** What kind of container this is; `null`: none that can be seen. */
  readonly container: string | null
  /** What `--permission` allows; `null`: it is not used. */
  readonly permission: Permission | null
}

export interface Permission {
  /** Starting processes: needed by everything. */
  readonly childProcess: boolean
  /** Loading koffi: needed by threads and subinterpreters. */
  readonly addons: boolean
  readonly workerThreads: boolean
}

export function hostOf(): Host {
  const { versions, platform, arch } = process
  const runtime = javascriptRuntime()
  return {
    runtime,
    version: versions[runtime] ?? '',
    node: versions.node,
    platform,
    arch,
    libc: platform === 'linux' ? libc() : null,
    container: containerOf(),
    permission: permission(),
  }
}

function libc(): 'glibc' | 'musl' {
  const { header } = (attempt(() => process.report.getReport()) ?? {}) as {
    header?: { glibcVersionRuntime?: string }
  }
  return header?.glibcVersionRuntime === undefined ? 'musl' : 'glibc'
}

/** Says which kind of container the process is in, by the signs that each kind leaves. */
export function containerOf(
  env: NodeJS.ProcessEnv = process.env,
  has: (path: string) => boolean = existsSync,
  read: (path: string) => string = (path) => readFileSync(path, 'utf8'),
): string | null {
  if (env['AWS_LAMBDA_FUNCTION_NAME']) return 'AWS Lambda'
  if (env['KUBERNETES_SERVICE_HOST']) return 'Kubernetes'
  if (has('/.dockerenv')) return 'Docker'
  if (has('/run/.containerenv')) return 'Podman'
  if (env['container']) return env['container'] // systemd-nspawn, LXC and others name themselves
  const groups = attempt(() => read('/proc/1/cgroup')) ?? ''
  const [, kind] = /(docker|kubepods|lxc|containerd|libpod)/.exec(groups) ?? []
  return kind ?? null
}

function permission(): Permission | null {
  const { permission } = process as { permission?: { has(scope: string): boolean } }
  if (permission === undefined) return null
  const may = (scope: string) => attempt(() => permission.has(scope)) === true
  return { childProcess: may('child'), addons: may('addon'), workerThreads: may('worker') }
}
