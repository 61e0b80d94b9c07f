import { constants, openSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const { O_RDWR, O_CREAT, O_EXCL } = constants
const O_TMPFILE = 0o20200000
/**
 * `_O_TEMPORARY | _O_SHORT_LIVED` of Microsoft's C library, which libuv understands: the system
 * deletes the file with its last descriptor, and does not write it to the disk without need.
 */
const O_TEMPORARY = 0x0040 | 0x1000

/**
 * Ways to open a file that nobody else can open, the best one first; any of them may throw. On
 * Linux the file never has a name. Elsewhere its name is gone at once, except on Windows, where a
 * file without a name cannot be mapped: there it goes with the last process that has it open.
 */
export function namelessFiles(
  system: NodeJS.Platform = process.platform,
  open: (path: string, flags: number, mode: number) => number = openSync,
): readonly (() => number)[] {
  const inFolder = (folder: string) => () => open(folder, O_TMPFILE | O_RDWR, 0o600)
  const named = () => {
    const path = join(tmpdir(), `pythreads-${process.pid}-${Math.random().toString(36).slice(2)}`)
    const isWindows = system === 'win32'
    const fd = open(path, O_RDWR | O_CREAT | O_EXCL | (isWindows ? O_TEMPORARY : 0), 0o600)
    if (!isWindows) unlinkSync(path)
    return fd
  }
  return system === 'linux' ? [inFolder('/dev/shm'), () => inFolder(tmpdir())(), named] : [named]
}
