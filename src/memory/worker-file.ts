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
import { FLAG_BYTES } from './lend.ts'

/**
 * The memory of a worker process: a descriptor of that process, which the worker names. The worker
 * may be hostile, and this process may have rights that the worker lacks. So whatever is done to
 * the file must be something that the worker could do itself:
 * 1. The first descriptor is O_PATH: to open it does nothing to a device, a pipe, or a file with a
 *    lease. All that follows goes by that descriptor, so the worker cannot put another file in its
 *    place.
 * 2. The file must be a memfd: no name in any folder, in memory, with pages of the usual size.
 * 3. Everybody may read and write it, as is so with a memfd: whoever has any descriptor of it can
 *    open it again for writing.
 * 4. Before it is mapped or written it must be sealed (`isSealed`, `refusesToShrink`): memory that
 *    gets shorter ends whoever has it mapped.
 */
const O_PATH = 0o10000000
const TMPFS = 0x01021994
/** Read and write, for everybody. */
const OPEN_TO_ALL = 0o666
/** What the kernel says of a memfd. */
const MEMFD = '/memfd:'
const MOST_DESCRIPTORS = 2 ** 31 - 1

/**
 * Opens the file from which a worker lends. `undefined`: it cannot be opened, as there is no
 * `/proc`, no right to look there, or no descriptor left.
 *
 * @throws `ERR_PYTHREADS_PROTOCOL` when it is not what a worker lends from
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
    // The name comes first: it is the kernel's, while a file system of the worker's own would be
    // asked for the rest.
    if (!name.startsWith(MEMFD)) notMemory('a file with a name')
    const [stats, system] = [attempt(() => fstatSync(found)), attempt(() => statfsSync(path))]
    if (stats === undefined || system === undefined) return undefined // it cannot be looked at
    if (!stats.isFile() || stats.nlink !== 0 || (stats.mode & OPEN_TO_ALL) !== OPEN_TO_ALL)
      notMemory('a file of somebody else')
    if (system.type !== TMPFS) notMemory('a file that is not in memory')
    checkSize(stats)
    // Nonblocking: a lease on the file would hold this thread up.
    return attempt(() => openSync(path, constants.O_RDWR | constants.O_NONBLOCK))
  } finally {
    letGo(found)
  }
}

/** How large a worker's file is. @throws `ERR_PYTHREADS_PROTOCOL` when that cannot be */
export function sizeOf(fd: number): number {
  return checkSize(fstatSync(fd))
}

/**
 * More than the cells, and no more than `sharedMemoryMb` can say: the address space of this process
 * is for all workers.
 */
function checkSize({ size }: Stats): number {
  if (!(size > FLAG_BYTES && size <= FLAG_BYTES + totalmem())) notMemory(`${size} bytes`)
  return size
}

/**
 * Whether nobody can make a worker's file shorter, for when no native call is made: Node cannot
 * read the seals. The kernel refuses to shorten a sealed file with EPERM. One that is not sealed
 * loses its last byte, which the worker could take away as well.
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
    `A worker lends from what is not its memory: ${what}`,
  )
}
