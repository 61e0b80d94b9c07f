import { closeSync, fstatSync, opendirSync, openSync, readFileSync, readlinkSync } from 'node:fs'
import { attempt } from '../attempt.ts'
import { residentMb } from './process-memory.ts'

/**
 * How much memory a worker process holds, for `limits.memoryMb`: what is resident in it, in files
 * that have no name and are in memory, in segments of System V that it made, and in the processes
 * that it started. The worker may be hostile, so nothing here takes time without bound, and no file
 * system is asked but those that are memory.
 */
const O_PATH = 0o10000000
const MB = 2 ** 20
/**
 * How many descriptors of a worker and its processes are looked at, and how many threads: each
 * takes some microseconds.
 */
const MOST = 1_024
/** How many processes. */
const MOST_PROCESSES = 64
/** How long it is known which file systems are memory. */
const MOUNTS_MS = 10_000

/** What a process holds. */
interface Resident {
  readonly kb: number
  readonly sharedKb: number
  /** All that the system says of its memory: the same for two that share it. */
  readonly text: string
}

/** Looks at one worker, from time to time. */
export class HeldMemory {
  /** On which the files of `memfd_create` are: it is in no list of mounts. */
  #memfdMount: string | undefined
  /**
   * Whether the processes that the worker had started made it too much, when that was last looked
   * at.
   */
  #wasOver = false

  /**
   * How many MB a worker holds. The processes that it started count when they have made it too much
   * twice in a row: some live briefly. `memfd`: a descriptor of this process, of any file of
   * `memfd_create`.
   */
  look(pid: number, limitMb: number, memfd: number | undefined): number {
    if (process.platform !== 'linux') return residentMb(pid)
    try {
      this.#memfdMount ??= memfd === undefined ? undefined : mountOf(`/proc/self/fdinfo/${memfd}`)
      const family = familyOf(pid)
      const own = residentOf(pid)
      const held = own.kb / 1024
      const files = filesOf(family, this.#memfdMount) / MB
      const alone = held + Math.max(0, files - own.sharedKb / 1024)
      if (alone > limitMb || family.size === 1) return alone
      // An upper bound costs little, and is enough most of the time.
      if (
        alone + sum([...family.keys()].slice(1), (child) => residentOf(child).kb / 1024) <=
        limitMb
      ) {
        this.#wasOver = false
        return alone
      }
      const shared = sum(family.keys(), (one) => residentOf(one).sharedKb / 1024)
      const all = togetherMb(family) + Math.max(0, files - shared)
      const isOver = all > limitMb
      const counts = isOver && this.#wasOver
      this.#wasOver = isOver
      return counts ? Math.max(all, alone) : alone
    } catch {
      return residentMb(pid) // it is gone, or the system does not tell
    }
  }
}

function sum<T>(items: Iterable<T>, of: (item: T) => number): number {
  let total = 0
  for (const item of items) total += of(item)
  return total
}

function residentOf(pid: number): Resident {
  const text = attempt(() => readFileSync(`/proc/${pid}/status`, 'utf8')) ?? ''
  const kb = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0)
  return {
    kb: kb('VmRSS'),
    sharedKb: kb('RssShmem'),
    text: (text.match(/^(Vm|Rss)\w+:.*$/gm) ?? []).join('\n'),
  }
}

/**
 * A process and those that it started, they too: each with its parent. Those whose parent has ended
 * belong to nobody.
 */
function familyOf(pid: number): Map<number, number> {
  const family = new Map([[pid, 0]])
  let left = MOST
  for (const parent of family.keys()) {
    for (const thread of entries(`/proc/${parent}/task`, left)) {
      left--
      const children =
        attempt(() => readFileSync(`/proc/${parent}/task/${thread}/children`, 'utf8')) ?? ''
      for (const child of children.split(' ')) {
        if (child !== '' && family.size < MOST_PROCESSES) family.set(Number(child), parent)
      }
    }
  }
  return family
}

/**
 * What a family holds: what several share counts once. One that is about to run a program still has
 * its parent's memory.
 */
function togetherMb(family: ReadonlyMap<number, number>): number {
  return sum(family, ([pid, parent]) => {
    if (parent !== 0 && residentOf(pid).text === residentOf(parent).text) return 0
    const shares = attempt(() => readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))
    const kb = /^Pss:\s+(\d+) kB/m.exec(shares ?? '')?.[1]
    return (kb === undefined ? residentOf(pid).kb : Number(kb)) / 1024
  })
}

/**
 * The bytes of files in memory that some processes have open and that have no name, and of segments
 * of System V that they made.
 */
function filesOf(family: ReadonlyMap<number, number>, memfdMount: string | undefined): number {
  const bytes = new Map<number, number>()
  let left = MOST
  for (const pid of family.keys()) {
    for (const fd of entries(`/proc/${pid}/fd`, left)) {
      left--
      const file = attempt(() => namelessFile(pid, fd, memfdMount))
      if (file !== undefined) bytes.set(file.ino, file.bytes)
    }
  }
  return sum(bytes.values(), (size) => size) + segmentsOf(family)
}

function namelessFile(
  pid: number,
  fd: string,
  memfdMount: string | undefined,
): { ino: number; bytes: number } | undefined {
  const path = `/proc/${pid}/fd/${fd}`
  if (!readlinkSync(path).endsWith(' (deleted)')) return undefined
  // Another file system may be one of the worker's own making, that never returns.
  const isMemory = (fdinfo: string) => {
    const mount = mountOf(fdinfo)
    return mount !== undefined && (mount === memfdMount || tmpfsMounts().has(mount))
  }
  if (!isMemory(`/proc/${pid}/fdinfo/${fd}`)) return undefined
  const found = openSync(path, O_PATH)
  try {
    // it was another file a moment ago
    if (!isMemory(`/proc/self/fdinfo/${found}`)) return undefined
    const stats = fstatSync(found)
    return stats.isFile() && stats.nlink === 0
      ? { ino: stats.ino, bytes: stats.blocks * 512 }
      : undefined
  } finally {
    closeSync(found)
  }
}

function mountOf(fdinfo: string): string | undefined {
  return /^mnt_id:\s+(\d+)$/m.exec(readFileSync(fdinfo, 'utf8'))?.[1]
}

let mounts: ReadonlySet<string> = new Set()
let mountsUntil = 0

function tmpfsMounts(): ReadonlySet<string> {
  if (performance.now() < mountsUntil) return mounts
  mountsUntil = performance.now() + MOUNTS_MS
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
  mounts = new Set(
    lines
      .filter((line) => line.includes(' - tmpfs '))
      .map((line) => line.slice(0, line.indexOf(' '))),
  )
  return mounts
}

function segmentsOf(family: ReadonlyMap<number, number>): number {
  const text = attempt(() => readFileSync('/proc/sysvipc/shm', 'utf8')) ?? ''
  const [head = '', ...lines] = text.split('\n').map((line) => line.trim().split(/\s+/))
  const [creator, resident] = [head.indexOf('cpid'), head.indexOf('rss')]
  return sum(lines, (line) => (family.has(Number(line[creator])) ? Number(line[resident] ?? 0) : 0))
}

/** The names in a folder of `/proc`, as far as they are looked at. */
function entries(path: string, most: number): string[] {
  const names: string[] = []
  const folder = attempt(() => opendirSync(path, { bufferSize: 1_024 }))
  if (folder === undefined) return names
  try {
    let entry = folder.readSync()
    for (; names.length < most && entry !== null; entry = folder.readSync()) names.push(entry.name)
  } catch {
    // it has ended
  }
  folder.closeSync()
  return names
}
