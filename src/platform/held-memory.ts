import { closeSync, fstatSync, opendirSync, openSync, readFileSync, readlinkSync } from 'node:fs'
import { attempt } from '../attempt.ts'
import { residentMb } from './process-memory.ts'

/**
 * Measures the memory of a worker process, for `limits.memoryMb`: its resident memory, its unnamed
 * files in memory, the System V segments that it made, and the processes that it started. The
 * worker may be hostile, so every loop here has a bound, and only memory file systems are read: any
 * other may be the worker's own (FUSE) and never reply.
 */
const O_PATH = 0o10000000
const MB = 2 ** 20
/** The most descriptors, and the most threads, that a measurement reads: each takes some time. */
const MAX_ENTRIES = 1_024
/** The most processes that a measurement reads. */
const MAX_PROCESSES = 64
/** The list of memory file systems is read again after this time. */
const MOUNTS_MS = 10_000

/** The resident memory of a process. */
interface Resident {
  readonly kb: number
  readonly sharedKb: number
  /** All memory lines of its status. A child that shares its parent's memory has equal lines. */
  readonly text: string
}

/** Measures one worker, from time to time. */
export class HeldMemory {
  /** The mount id of all `memfd_create` files: no list of mounts contains it. */
  #memfdMount: string | undefined
  /** Whether the worker and its child processes were over the limit at the last measurement. */
  #wasOver = false

  /**
   * Returns how many MB a worker holds. Its child processes count only when they exceed the limit
   * twice in a row: some live briefly. `memfd`: any descriptor of this process that
   * `memfd_create` returned.
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
      // The plain sum counts shared memory twice, but costs little, and is mostly below the limit.
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
      return residentMb(pid) // the process has ended, or /proc may not be read
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
 * A process and its descendants, each with its parent. A descendant whose parent has ended is not
 * found: the system has given it to another parent.
 */
function familyOf(pid: number): Map<number, number> {
  const family = new Map([[pid, 0]])
  let left = MAX_ENTRIES
  for (const parent of family.keys()) {
    for (const thread of entries(`/proc/${parent}/task`, left)) {
      left--
      const children =
        attempt(() => readFileSync(`/proc/${parent}/task/${thread}/children`, 'utf8')) ?? ''
      for (const child of children.split(' ')) {
        if (child !== '' && family.size < MAX_PROCESSES) family.set(Number(child), parent)
      }
    }
  }
  return family
}

/**
 * The memory of a family; pages that several processes share count once. A child between `vfork`
 * and `exec` still uses its parent's memory, so it counts nothing.
 */
function togetherMb(family: ReadonlyMap<number, number>): number {
  return sum(family, ([pid, parent]) => {
    if (parent !== 0 && residentOf(pid).text === residentOf(parent).text) return 0
    const shares = attempt(() => readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))
    const kb = /^Pss:\s+(\d+) kB/m.exec(shares ?? '')?.[1]
    return (kb === undefined ? residentOf(pid).kb : Number(kb)) / 1024
  })
}

/** The bytes of the unnamed memory files that some processes have open, and of their segments. */
function filesOf(family: ReadonlyMap<number, number>, memfdMount: string | undefined): number {
  const bytes = new Map<number, number>()
  let left = MAX_ENTRIES
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
  // Any other file system may be the worker's own: opening its file may never return.
  const isMemory = (fdinfo: string) => {
    const mount = mountOf(fdinfo)
    return mount !== undefined && (mount === memfdMount || tmpfsMounts().has(mount))
  }
  if (!isMemory(`/proc/${pid}/fdinfo/${fd}`)) return undefined
  const found = openSync(path, O_PATH)
  try {
    // the worker may have put another file under this descriptor before `openSync`
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

/** The first names in a folder of `/proc`. */
function entries(path: string, most: number): string[] {
  const names: string[] = []
  const folder = attempt(() => opendirSync(path, { bufferSize: 1_024 }))
  if (folder === undefined) return names
  try {
    let entry = folder.readSync()
    for (; names.length < most && entry !== null; entry = folder.readSync()) names.push(entry.name)
  } catch {
    // the process has ended
  }
  folder.closeSync()
  return names
}
