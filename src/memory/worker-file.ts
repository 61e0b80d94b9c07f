import {
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readlinkSync,
  type Stats,
  statfsSync,
} from 'node:fs'
import { totalmem } from 'node:os'
import { attempt, letGo } from '../attempt.ts'
import { PythreadsError } from '../errors/index.ts'
import { FLAG_BYTES } from './flags.ts'

/**
 * Opens the memory file of a worker process: the worker names one of its descriptors. The worker
 * may be hostile, and this process may have rights that the worker lacks. So this process does
 * nothing to the file that the worker could not do itself:
 * 1. The first descriptor is O_PATH: opening it has no effect on a device, a pipe or a leased file.
 *    Everything else uses that descriptor, so the worker cannot exchange the file.
 * 2. The file must be a memfd: in memory, without a path, with pages of the usual size.
 * 3. Every user must have the right to read and write the file, as with every memfd. Then each
 *    process that has a descriptor, the worker too, can open the file for writing.
 * 4. Before the file is mapped or written, it must be sealed (`isSealed`, `refusesToShrink`): a
 *    file that shrinks crashes every process that has it mapped.
 */
const O_PATH = 0o10000000
const TMPFS = 0x01021994
/** Read and write, for everybody. */
const OPEN_TO_ALL = 0o666
/** The beginning of a memfd's link text in `/proc`. */
const MEMFD = '/memfd:'
const MOST_DESCRIPTORS = 2 ** 31 - 1

/**
 * Opens the file from which a worker lends. Returns `undefined` when there is no `/proc`, no right
 * to read there, or no descriptor left.
 *
 * @throws `ERR_PYTHREADS_PROTOCOL` when the file is no memory file of a worker
 */
export function openWorkerFile(pid: number, fd: unknown): number | undefined {
  if (!Number.isInteger(fd) || (fd as number) < 0 || (fd as number) > MOST_DESCRIPTORS)
    notMemory('no descriptor')
  const found = attempt(() => openSync(`/proc/${pid}/fd/${fd}`, O_PATH))
  if (found === undefined) return undefined
  try {
    const path = `/proc/self/fd/${found}`
    const name = attempt(() => readlinkSync(path))
    if (name === undefined) return undefined
    // The name first: only Linux decides it. `fstat` would ask the file system, which may be the
    // worker's own (FUSE) and never reply.
    if (!name.startsWith(MEMFD)) notMemory('a file with a name')
    const [stats, system] = [attempt(() => fstatSync(found)), attempt(() => statfsSync(path))]
    if (stats === undefined || system === undefined) return undefined
    if (!stats.isFile() || stats.nlink !== 0 || (stats.mode & OPEN_TO_ALL) !== OPEN_TO_ALL)
      notMemory('a file of somebody else')
    if (system.type !== TMPFS) notMemory('a file that is not in memory')
    checkSize(stats)
    // Nonblocking: a lease on the file would make `open` wait for the worker.
    return attempt(() => openSync(path, constants.O_RDWR | constants.O_NONBLOCK))
  } finally {
    letGo(found)
  }
}

/** The size of a worker's file. @throws `ERR_PYTHREADS_PROTOCOL` for an impossible size */
export function sizeOf(fd: number): number {
  return checkSize(fstatSync(fd))
}

/**
 * A file has more bytes than its flags, and no more than the memory of the machine, the most that
 * `sharedMemoryMb` allows: a huge file would take the address space from other workers.
 */
function checkSize({ size }: Stats): number {
  if (!(size > FLAG_BYTES && size <= FLAG_BYTES + totalmem())) notMemory(`${size} bytes`)
  return size
}

/**
 * Whether a worker's file is sealed against shrinking. Node cannot read seals without a native
 * call, so this tries: Linux refuses to shorten a sealed file with EPERM. An unsealed file loses
 * its last byte, which the worker could have removed too.
 */
export function refusesToShrink(fd: number): boolean {
  try {
    ftruncateSync(fd, sizeOf(fd) - 1)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

export function notMemory(what: string): never {
  throw new PythreadsError(
    'ERR_PYTHREADS_PROTOCOL',
    `A worker lends from a file that is not its memory: ${what}`,
  )
}
