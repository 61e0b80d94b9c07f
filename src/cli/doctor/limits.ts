import { readFileSync, statfsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { attempt } from '../../attempt.ts'

/** The limits of this process that decide how many workers it can have; `null`: not known. */
export interface Limits {
  /** The number of cores that Node counts; a pool starts a worker for each. */
  readonly cores: number
  /** The cores that the control group of this process may use. */
  readonly cgroupCores: number | null
  /** The memory that the control group of this process may use. */
  readonly cgroupMemoryMb: number | null
  /** Open files and sockets; each worker process takes 3 of the pool's process. */
  readonly descriptors: number | null
  /** What is free in `/dev/shm`; `null` where that is missing. */
  readonly devShmMb: number | null
}

export function limitsOf(): Limits {
  return {
    cores: availableParallelism(),
    ...controlGroup(),
    descriptors: descriptors(),
    devShmMb: devShm(),
  }
}

const MB = 2 ** 20
/** Version 1 of control groups writes a number like this for "no limit". */
const UNLIMITED = 2 ** 50

const number = (text: string | undefined) => {
  const value = Number.parseInt(text ?? '', 10)
  return Number.isFinite(value) && value > 0 && value < UNLIMITED ? value : undefined
}

/**
 * Reads what the control group of this process, and those around it, allow. `root` and `self` are
 * other files in tests.
 */
export function controlGroup(
  root = '/sys/fs/cgroup',
  self = '/proc/self/cgroup',
): Pick<Limits, 'cgroupCores' | 'cgroupMemoryMb'> {
  const read = (path: string) => attempt(() => readFileSync(path, 'utf8'))
  const groups = (read(self) ?? '').split('\n').map((line) => line.split(':'))
  const ownFolder = (controller: string) => groups.find(([, names]) => names === controller)?.[2]
  /** The least of a value in the group and in each around it. */
  const least = (folder: string, path: string, value: (at: string) => number | undefined) => {
    const values: number[] = []
    for (let at = path; ; at = dirname(at)) {
      const found = value(join(folder, at))
      if (found !== undefined) values.push(found)
      if (at === '/' || at === '.') break
    }
    return values.length === 0 ? undefined : Math.min(...values)
  }
  const quotient = (quota: string | undefined, period: string | undefined) => {
    const [a, b] = [number(quota), number(period)]
    return a === undefined || b === undefined ? undefined : a / b
  }
  const two = ownFolder('') ?? '/'
  const cores =
    least(root, two, (at) => quotient(...pair(read(join(at, 'cpu.max'))))) ??
    least(join(root, 'cpu'), ownFolder('cpu,cpuacct') ?? '/', (at) =>
      quotient(read(join(at, 'cpu.cfs_quota_us')), read(join(at, 'cpu.cfs_period_us'))),
    )
  const memory =
    least(root, two, (at) => number(read(join(at, 'memory.max')))) ??
    least(join(root, 'memory'), ownFolder('memory') ?? '/', (at) =>
      number(read(join(at, 'memory.limit_in_bytes'))),
    )
  return {
    cgroupCores: cores ?? null,
    cgroupMemoryMb: memory === undefined ? null : Math.floor(memory / MB),
  }
}

function pair(text: string | undefined): [string | undefined, string | undefined] {
  const [quota, period] = (text ?? '').trim().split(' ')
  return [quota, period]
}

function descriptors(): number | null {
  const text = attempt(() => readFileSync('/proc/self/limits', 'utf8')) ?? ''
  const [, soft] = /^Max open files\s+(\d+)/m.exec(text) ?? []
  return soft === undefined ? null : Number(soft)
}

function devShm(): number | null {
  if (process.platform !== 'linux') return null
  const stat = attempt(() => statfsSync('/dev/shm'))
  return stat === undefined ? null : Math.floor((stat.bavail * stat.bsize) / MB)
}
